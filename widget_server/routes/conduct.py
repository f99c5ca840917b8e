"""A member as moderators see them, what is done there, and the warnings that one was given."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from widget_server.actions.bans import bans_of, check_reason, do_ban_account
from widget_server.actions.conduct import (
    access_conduct,
    check_note,
    check_silence_days,
    do_end_silence,
    do_note,
    do_see_warnings,
    do_silence,
    do_warn,
    list_warnings,
)
from widget_server.actions.silences import EVERYWHERE
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.routes.review import reason_names
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()


async def _shown(visit: Visit) -> dict[str, Any]:
    office = visit.office
    conduct = await access_conduct(office.engine.database, visit.actor, visit.request.match_info["id"])
    now = office.now_ms()
    places = {str(board.id): board.name for board in conduct.boards}
    if conduct.may_act_everywhere:
        places = {str(EVERYWHERE): visit.text("All boards")} | places
    bans = await bans_of(office.engine.database, conduct.account.person_id, now) if conduct.may_ban else []
    return {
        "person": conduct.account,
        "conduct": conduct,
        "places": places,
        "bans": bans,
        "now": now,
        "reasons": reason_names(visit),
    }


@pages.get("/moderation/people/{id}", signed_in_people)
async def show_person(visit: Visit) -> web.Response:
    """What moderators know of a member, and what they can do."""
    return visit.page("person_conduct", **await _shown(visit))


async def show_person_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The page with what was typed."""
    return visit.refused("person_conduct", error, **await _shown(visit))


def _id(visit: Visit) -> str:
    return visit.request.match_info["id"]


def _back(visit: Visit, public_id: str, notice: str) -> web.Response:
    return visit.go(f"/moderation/people/{public_id}", notice)


def board_key(visit: Visit) -> int:
    """Return the key of the board that a form names; 0 for all.

    Raises:
        Refused: ``not_found`` for what is no key.
    """
    text = visit.form["board"]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Refused("not_found")
    return int(text)


@pages.post("/moderation/people/{id}/note", signed_in_people, again=show_person_again)
async def note(visit: Visit) -> web.Response:
    """Write a note for other moderators."""
    body = visit.form.check("note", check_note)
    if body is None:
        return await show_person_again(visit)
    await do_note(visit.office.engine, visit.actor, _id(visit), board_key(visit), body)
    return _back(visit, _id(visit), visit.text("Note saved."))


@pages.post("/moderation/people/{id}/warn", signed_in_people, again=show_person_again)
async def warn(visit: Visit) -> web.Response:
    """Warn a member."""
    body = visit.form.check("warning", check_note)
    if body is None:
        return await show_person_again(visit)
    await do_warn(visit.office.engine, visit.actor, _id(visit), board_key(visit), body)
    _log.info("Member warned.", extra={"person": visit.account.public_id, "warned": _id(visit)})
    return _back(visit, _id(visit), visit.text("Warning sent."))


@pages.post("/moderation/people/{id}/silence", signed_in_people, again=show_person_again)
async def silence(visit: Visit) -> web.Response:
    """Let a member read and not write."""
    days = visit.form.check("days", check_silence_days)
    reason = visit.form.check("reason", check_reason)
    if reason is None or not visit.form.is_good:
        return await show_person_again(visit)
    await do_silence(visit.office.engine, visit.actor, _id(visit), board_key(visit), reason, days)
    _log.info("Member silenced.", extra={"person": visit.account.public_id, "silenced": _id(visit)})
    return _back(visit, _id(visit), visit.text("Member silenced."))


@pages.post(r"/moderation/silences/{silence:\d{1,15}}/end", signed_in_people)
async def end_silence(visit: Visit) -> web.Response:
    """Let a member write again."""
    public_id = await do_end_silence(visit.office.engine, visit.actor, int(visit.request.match_info["silence"]))
    return _back(visit, public_id, visit.text("The member may write again."))


@pages.post("/moderation/people/{id}/ban", signed_in_people, again=show_person_again)
async def ban(visit: Visit) -> web.Response:
    """Ban a member from everything."""
    days = visit.form.check("ban_days", check_silence_days)
    reason = visit.form.check("ban_reason", check_reason)
    if reason is None or not visit.form.is_good:
        return await show_person_again(visit)
    try:
        key = await do_ban_account(visit.office.engine, visit.actor, _id(visit), reason=reason, days=days)
    except Unacceptable as error:
        visit.form.refuse("ban_days", error)
        return await show_person_again(visit)
    _log.info("Account banned.", extra={"person": visit.account.public_id, "banned": _id(visit), "ban": key})
    return _back(visit, _id(visit), visit.text("Member banned."))


@pages.get("/warnings", signed_in_people)
async def show_warnings(visit: Visit) -> web.Response:
    """The warnings that one was given."""
    return visit.page("warnings", warnings=await list_warnings(visit.office.engine.database, visit.account.person_id))


@pages.post("/warnings/read", signed_in_people, while_banned=True)
async def read_warnings(visit: Visit) -> web.Response:
    """Say that one has read them; one that came meanwhile stays."""
    newest = visit.form["newest"]
    key = int(newest) if newest.isascii() and newest.isdigit() and len(newest) < 16 else 0
    await do_see_warnings(visit.office.engine, visit.account, key)
    return visit.go("/boards", visit.text("Thank you for reading it."))
