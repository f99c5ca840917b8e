"""The administration's front page, the list of sites, and the audit log (S3.16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from widget_server.actions.agents import list_agents
from widget_server.actions.audit import OBJECTS, PAGE, list_entries
from widget_server.actions.people import find_person
from widget_server.actions.sites import list_sites
from widget_server.core.permissions import Permission, can_answer
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import people_with, people_with_any

if TYPE_CHECKING:
    from aiohttp import web

pages = Pages()
administrators = people_with(Permission.ADMINISTER)
overseers = people_with_any(Permission.ADMINISTER, Permission.MANAGE_PEOPLE, Permission.MODERATE)


@pages.get("/admin", overseers)
async def show_overview(visit: Visit) -> web.Response:
    """What there is to administer, as far as the visitor may."""
    return visit.page("admin")


@pages.get("/admin/sites", administrators)
async def show_sites(visit: Visit) -> web.Response:
    """All sites, with those who answer there."""
    database = visit.office.engine.database
    agents = await list_agents(database)
    sites = [(site, [a for a in agents if can_answer(a.actor, site.id)]) for site in await list_sites(database)]
    return visit.page("admin_sites", sites=sites)


_ASKED: Final = ("actor", "kind", "object", "since", "until")


@pages.get("/admin/audit", administrators)
async def show_audit(visit: Visit) -> web.Response:
    """What was done, the newest first, by whom, to what and when."""
    query = visit.request.query
    asked = {name: query.get(name, "")[:254] for name in _ASKED}
    before = query.get("before", "")
    filters: dict[str, int | str] = {"object_id": asked["object"]}
    if asked["kind"] in OBJECTS:
        filters["object_kind"] = asked["kind"]
    if before.isascii() and before.isdigit():
        filters["before"] = int(before[:18])
    problem = _read_days(visit, asked, filters)
    if asked["actor"]:
        found = await find_person(visit.office.engine.database, asked["actor"])
        filters["actor_id"] = found[0] if found else 0
    entries = await list_entries(visit.office.engine.database, **filters)  # type: ignore[arg-type]  # by their names
    older = None
    if len(entries) > PAGE:
        kept = {name: value for name, value in asked.items() if value}
        older = visit.office.addresses.path(f"/admin/audit?{urlencode(kept | {'before': entries[PAGE - 1].id})}")
    return visit.page("admin_audit", entries=entries[:PAGE], older=older, asked=asked, kinds=OBJECTS, problem=problem)


def _read_days(visit: Visit, asked: dict[str, str], filters: dict[str, int | str]) -> str:
    """Turn the days that are asked for into times; the sentence that says what is wrong with them."""
    for name, target, later in (("since", "since_ms", 0), ("until", "until_ms", 1)):
        if asked[name]:
            try:
                day = datetime.strptime(asked[name], "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=later)
                filters[target] = int(day.timestamp() * 1000)
            except (ValueError, OverflowError):
                return visit.text("A day looks like 2026-01-31.")
    return ""
