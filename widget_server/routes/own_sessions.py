"""Where one is signed in, and who tried to be: every session can be ended here (S06, S17)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions.sessions import do_end_one, do_end_others, list_sessions
from widget_server.actions.sign_ins import list_sign_ins
from widget_server.core.errors import Refused
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()

_PATH = "/account/sessions"


@pages.get(_PATH, signed_in_people)
async def show_sessions(visit: Visit) -> web.Response:
    """The sessions, the last used first, and the latest attempts to sign in."""
    office, account = visit.office, visit.account
    return visit.page(
        "own_sessions",
        sessions=await list_sessions(office.engine.database, account.person_id, office.now_ms()),
        own=visit.signed_in.session_id if visit.signed_in else 0,
        sign_ins=await list_sign_ins(office.engine.database, account.person_id),
    )


@pages.post(f"{_PATH}/end", signed_in_people, while_banned=True)
async def end_session(visit: Visit) -> web.Response:
    """End one session; its sockets close."""
    office, chosen = visit.office, visit.form["session"]
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) < 19):
        raise Refused("not_found")
    await do_end_one(office.engine.database, visit.account.person_id, int(chosen), office.now_ms())
    return _ended(visit, visit.text("The session has ended."))


@pages.post(f"{_PATH}/end-others", signed_in_people, while_banned=True)
async def end_other_sessions(visit: Visit) -> web.Response:
    """End every session but this one; their sockets close."""
    if visit.signed_in is not None:
        await do_end_others(visit.office.engine.database, visit.signed_in, visit.office.now_ms())
    return _ended(visit, visit.text("All other sessions have ended."))


def _ended(visit: Visit, notice: str) -> web.Response:
    visit.office.engine.bus.news((), {visit.account.person_id})
    _log.info("Sessions ended.", extra={"person": visit.account.public_id})
    return visit.go(_PATH, notice)
