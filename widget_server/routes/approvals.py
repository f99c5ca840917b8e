"""The queue of accounts that have to be approved, and what is told to those who wait in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions.approvals import do_approve, do_refuse, list_waiting
from widget_server.routes.bans import managers
from widget_server.routes.visit import WAITING, Pages, Visit
from widget_server.web.policies import half_signed_in

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get(WAITING, half_signed_in)
async def show_waiting(visit: Visit) -> web.Response:
    """That somebody looks at the account; whoever waits no longer is sent on."""
    if visit.account.waits_since is None:
        return visit.go("/")
    return visit.page("register_waiting")


@pages.get("/admin/approvals", managers)
async def show_approvals(visit: Visit) -> web.Response:
    """Who waits."""
    return visit.page("admin_approvals", waiting=await list_waiting(visit.office.engine.database))


@pages.post("/admin/approvals/{id}/approve", managers)
async def approve(visit: Visit) -> web.Response:
    """Open the account."""
    public_id = visit.request.match_info["id"]
    await do_approve(visit.office.engine, visit.actor, public_id)
    _log.info("Account approved.", extra={"person": visit.account.public_id, "of": public_id})
    return visit.go("/admin/approvals", visit.text("Approved."))


@pages.post("/admin/approvals/{id}/refuse", managers)
async def refuse(visit: Visit) -> web.Response:
    """End the account."""
    public_id = visit.request.match_info["id"]
    await do_refuse(visit.office.engine, visit.actor, public_id)
    _log.info("Account refused.", extra={"person": visit.account.public_id, "of": public_id})
    return visit.go("/admin/approvals", visit.text("Refused."))
