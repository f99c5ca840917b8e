"""My conversations: the list, one of them with its messages, and the form to write. Plain HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.own_conversations import do_answer, do_see, list_own, read_own
from widget_server.core.errors import ProductError, TryLater, Unacceptable
from widget_server.core.ids import is_uuid
from widget_server.routes.desk import DESK
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

pages = Pages()

_LIST: Final = "/account/conversations"
_ONE: Final = "/account/conversations/{channel}"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_PAGES_MAX: Final = 10_000


@pages.get(_LIST, signed_in_people)
async def show_conversations(visit: Visit) -> web.Response:
    """Every conversation of the chats that were saved to this account, newest activity first."""
    page = min(_number(visit.request.query.get("page")) or 1, _PAGES_MAX)
    rows, more = await list_own(visit.office.engine, visit.account, page)
    return visit.page("own_conversations", rows=rows, page=page, more=more)


@pages.get(_ONE, signed_in_people)
async def show_conversation(visit: Visit) -> web.Response:
    """The newest messages, or those before ``before``."""
    return await _show(visit)


async def _show(visit: Visit, error: ProductError | None = None) -> web.Response:
    before = _number(visit.request.query.get("before"))
    found = await read_own(visit.office.engine, visit.account, _channel(visit), before)
    facts: dict[str, Any] = {
        "conversation": found,
        "is_newest": before is None,
        "client_id": visit.form["client_id"] or visit.office.engine.clock.uuid(),
        "max_chars": visit.office.settings.message_max_chars,
    }
    if visit.form.is_good and error is None:
        return visit.page("own_conversation", **facts)
    return visit.refused("own_conversation", error, **facts)


async def _show_again(visit: Visit, error: ProductError) -> web.Response:
    return await _show(visit, error)


@pages.post(_ONE, signed_in_people, again=_show_again)
async def answer(visit: Visit) -> web.Response:
    """Write; what was sent twice is written once."""
    office, channel, client_id = visit.office, _channel(visit), visit.form["client_id"]
    if not is_uuid(client_id):
        visit.form.values.pop("client_id", None)
        return await _show_again(visit, Unacceptable("bad_value", field="client_id"))
    wait = visit.request.app[DESK].limits.member(visit.account.public_id)
    if wait is not None:
        return await _show_again(visit, TryLater("rate_limited", wait))
    try:
        await do_answer(
            office.engine, visit.account, channel, client_id, visit.form["body"],
            address=office.address_of(visit.request),
        )  # fmt: skip
    except Unacceptable as error:
        visit.form.refuse("body", error)
        return await _show(visit)
    except ProductError as error:
        if error.name == "not_found":
            raise
        return await _show_again(visit, error)
    return visit.go(f"{_LIST}/{channel}#newest")


@pages.post(f"{_ONE}/seen", signed_in_people, while_banned=True)
async def see(visit: Visit) -> web.Response:
    """The page was looked at."""
    channel = _channel(visit)
    await do_see(visit.office.engine, visit.account, channel, _number(visit.form["upto"]) or 0)
    return visit.go(f"{_LIST}/{channel}")


def _channel(visit: Visit) -> str:
    """The public name in the path."""
    channel: str = visit.request.match_info["channel"]
    if not is_uuid(channel):
        not_there()
    return channel


def _number(text: str | None) -> int | None:
    return int(text) if text and _NUMBER.fullmatch(text) else None
