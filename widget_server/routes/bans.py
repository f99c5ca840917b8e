"""The page of bans, and the console's calls that ban a visitor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

from widget_server.actions import bans
from widget_server.actions.people import find_person
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.permissions import Permission
from widget_server.core.powers import can_ban_network
from widget_server.core.times import iso
from widget_server.routes.administration import overseers
from widget_server.routes.calls import json_answer, read_object
from widget_server.routes.office import OFFICE, check_caller
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import people_with, people_with_any

if TYPE_CHECKING:
    from widget_server.core.bans import Ban

_log = logging.getLogger(__name__)
pages = Pages()
routes = web.RouteTableDef()
guards = people_with_any(Permission.MANAGE_PEOPLE, Permission.MODERATE)
managers = people_with(Permission.MANAGE_PEOPLE)


async def _shown(visit: Visit) -> dict[str, Any]:
    before = visit.request.query.get("before", "")
    is_key = before.isascii() and before.isdigit()
    database = visit.office.engine.database
    found = await (bans.list_bans(database, int(before[:18])) if is_key else bans.list_bans(database))
    return {
        "bans": found[: bans.PAGE],
        "older": found[bans.PAGE - 1].ban.id if len(found) > bans.PAGE else None,
        "now": visit.office.now_ms(),
        "may_ban_network": can_ban_network(visit.actor),
    }


@pages.get("/admin/bans", overseers)
async def show_bans(visit: Visit) -> web.Response:
    """Who may not write, the newest first, and the forms for more."""
    return visit.page("admin_bans", **await _shown(visit))


async def show_bans_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The page with what was typed."""
    return visit.refused("admin_bans", error, **await _shown(visit))


def _days(visit: Visit) -> int | None:
    text = visit.form["days"]
    if text and not (text.isascii() and text.isdigit()):
        visit.form.refuse("days", Unacceptable("bad_choice"))
        return None
    return int(text[:6]) if text else None


@pages.post("/admin/bans", guards, again=show_bans_again)
async def ban_account(visit: Visit) -> web.Response:
    """Ban an account, named as people name it."""
    found = await find_person(visit.office.engine.database, visit.form["who"])
    days = _days(visit)
    if found is None:
        visit.form.refuse("who", Refused("not_found"))
    visit.form.check("reason", bans.check_reason)
    if found is None or not visit.form.is_good:
        return await show_bans_again(visit)
    try:
        key = await bans.do_ban_account(
            visit.office.engine, visit.actor, found[1], reason=visit.form["reason"], days=days
        )
    except Unacceptable as error:
        visit.form.refuse("days", error)
        return await show_bans_again(visit)
    _log.info("Account banned.", extra={"person": visit.account.public_id, "banned": found[1], "ban": key})
    return visit.go("/admin/bans", visit.text("Banned."))


@pages.post("/admin/bans/network", managers, again=show_bans_again)
async def ban_network(visit: Visit) -> web.Response:
    """Ban a range of addresses."""
    days = _days(visit)
    visit.form.check("network_reason", bans.check_reason)
    if not visit.form.is_good:
        return await show_bans_again(visit)
    try:
        key = await bans.do_ban_network(
            visit.office.engine,
            visit.actor,
            visit.form["network"],
            own_address=visit.office.address_of(visit.request),
            reason=visit.form["network_reason"],
            days=days,
        )
    except Unacceptable as error:
        visit.form.refuse("days" if error.name == "bad_value" else "network", error)
        return await show_bans_again(visit)
    _log.info("Network banned.", extra={"person": visit.account.public_id, "ban": key})
    return visit.go("/admin/bans", visit.text("Banned."))


@pages.post(r"/admin/bans/{ban:\d{1,15}}/lift", guards)
async def lift(visit: Visit) -> web.Response:
    """Lift a ban at once."""
    key = int(visit.request.match_info["ban"])
    await bans.do_end_ban(visit.office.engine, visit.actor, key)
    _log.info("Ban lifted.", extra={"person": visit.account.public_id, "ban": key})
    return visit.go("/admin/bans", visit.text("Lifted."))


@routes.get("/console/api/bans")
async def show_visitor(request: web.Request) -> web.Response:
    """The ban of a conversation's visitor (``channel``): ``{"ban": {id, reason, until} or null}``."""
    caller = await check_caller(request)
    engine = request.app[OFFICE].engine
    channel = request.query.get("channel", "")
    found = await bans.visitor_ban(engine.database, caller.account.actor, channel, engine.clock.now_ms())
    return json_answer({"ban": _told(found) if found else None})


@routes.post("/console/api/bans")
async def ban_visitor(request: web.Request) -> web.Response:
    """Ban the visitor of a conversation: ``channel``, ``reason`` and ``days``, which may be left out."""
    caller = await check_caller(request)
    engine = request.app[OFFICE].engine
    body = await read_object(request, "channel", "reason", "days")
    actor, channel = caller.account.actor, body.get("channel")
    key = await bans.do_ban_visitor(engine, actor, channel, reason=body.get("reason", ""), days=body.get("days"))
    _log.info("Visitor banned.", extra={"person": caller.account.public_id, "ban": key})
    found = await bans.visitor_ban(engine.database, actor, str(channel), engine.clock.now_ms())
    return json_answer({"ban": _told(found) if found else None}, status=201)


@routes.delete(r"/console/api/bans/{id:\d{1,15}}")
async def lift_visitor(request: web.Request) -> web.Response:
    """Lift a ban at once."""
    caller = await check_caller(request)
    key = int(request.match_info["id"])
    await bans.do_end_ban(request.app[OFFICE].engine, caller.account.actor, key)
    _log.info("Ban lifted.", extra={"person": caller.account.public_id, "ban": key})
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


def _told(ban: Ban) -> dict[str, object]:
    return {"id": ban.id, "reason": ban.reason, "until": iso(ban.ends_at) if ban.ends_at is not None else None}
