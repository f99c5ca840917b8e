"""The pages on which it is said what waits for a moderator: for a board, and for the whole installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.boards import KnownBoard, access_board
from widget_server.actions.posting_rules import do_change_board_rules, do_change_posting
from widget_server.core.boards import can_moderate
from widget_server.core.errors import ProductError, Refused
from widget_server.core.post_rules import (
    HOLDS_MAX,
    LINK_RULES,
    Limits,
    Posting,
    Rules,
    check_link_rule,
    check_number,
    check_phrases,
    rules_of,
)
from widget_server.routes.administration import administrators
from widget_server.routes.visit import Pages, Visit
from widget_server.store.posting import read_posting
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.store.database import Transaction
    from widget_server.web.forms import Form

pages = Pages()
_ADMIN: Final = "/admin/posting"


def _link_names(visit: Visit) -> dict[str, str]:
    called = {
        "allow": visit.text("Are taken"),
        "hold": visit.text("Wait for a moderator"),
        "refuse": visit.text("Are refused"),
    }
    return {rule: called[rule] for rule in LINK_RULES}


def _rules_of_form(form: Form) -> Rules | None:
    hold = form.check("hold", check_phrases)
    refuse = form.check("refuse", check_phrases)
    links = form.check("links", check_link_rule)
    return None if hold is None or refuse is None or links is None else Rules(hold, refuse, links)


async def _board(visit: Visit) -> KnownBoard:
    slug = visit.request.match_info["board"]
    board = await visit.office.engine.database.read(lambda tx: access_board(tx, visit.actor, slug))
    if not can_moderate(visit.actor, board.id):
        raise Refused("not_allowed")
    return board


async def _shown(visit: Visit) -> dict[str, Any]:
    board = await _board(visit)
    return {
        "board": board,
        "rules": rules_of(board.settings),
        "link_names": _link_names(visit),
        "holds_max": HOLDS_MAX,
    }


@pages.get("/boards/{board}/posting", signed_in_people)
async def show_rules(visit: Visit) -> web.Response:
    """What waits on a board, for its moderators."""
    return visit.page("board_posting", **await _shown(visit))


async def show_rules_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("board_posting", error, **await _shown(visit))


@pages.post("/boards/{board}/posting", signed_in_people, again=show_rules_again)
async def change_rules(visit: Visit) -> web.Response:
    """Set what waits on a board."""
    board = await _board(visit)
    rules = _rules_of_form(visit.form)
    holds = visit.form.check("holds", check_number, most=HOLDS_MAX)
    if rules is None or holds is None:
        return await show_rules_again(visit)
    await do_change_board_rules(visit.office.engine, visit.actor, board.slug, rules, holds)
    return visit.go(f"/boards/{board.slug}/posting", visit.text("The rules for posts are saved."))


async def _posting(visit: Visit) -> dict[str, Any]:
    async def read(tx: Transaction) -> Posting:
        return await read_posting(tx)

    return {"posting": await visit.office.engine.database.read(read), "link_names": _link_names(visit)}


@pages.get(_ADMIN, administrators)
async def show_posting(visit: Visit) -> web.Response:
    """What holds on every board."""
    return visit.page("admin_posting", **await _posting(visit))


async def show_posting_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("admin_posting", error, **await _posting(visit))


@pages.post(_ADMIN, administrators, again=show_posting_again)
async def change_posting(visit: Visit) -> web.Response:
    """Set what holds on every board."""
    form = visit.form
    rules = _rules_of_form(form)
    numbers = {name: form.check(name, check_number, least=-1 if name == "most_links" else 0) for name in _LIMITS}
    if rules is None or not form.is_good:
        return await show_posting_again(visit)
    limits = Limits(*(numbers[name] or 0 for name in _LIMITS))
    await do_change_posting(visit.office.engine, visit.actor, Posting(rules, limits, "public_log" in form))
    return visit.go(_ADMIN, visit.text("The rules for posts are saved."))


_LIMITS: Final = ("posts", "days", "hourly", "daily", "most_links")
"""The fields of the form, in the order of :class:`Limits`."""
