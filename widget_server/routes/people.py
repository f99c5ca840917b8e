"""The pages on which people are found, looked at and looked after."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from widget_server.actions import bans, people
from widget_server.actions.appointments import do_end_role, do_give_role
from widget_server.actions.profiles import (
    ABOUT_CHARS,
    PLACE_CHARS,
    ProfileText,
    check_about,
    check_chosen_name,
    check_place,
    do_edit_profile,
)
from widget_server.actions.roles import list_roles
from widget_server.actions.sites import list_sites
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.permissions import ALL_SITES, Permission
from widget_server.core.powers import can_appoint, can_manage_person
from widget_server.routes.bans import managers
from widget_server.routes.visit import Pages, Visit

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get("/admin/people", managers)
async def show_people(visit: Visit) -> web.Response:
    """Accounts, by a part of the name or address, by kind and by role."""
    query, database = visit.request.query, visit.office.engine.database
    asked = {name: query.get(name, "")[:254] for name in ("q", "kind", "role")}
    after = query.get("after", "")
    roles = await list_roles(database)
    found = await people.list_people(
        database,
        word=asked["q"],
        kind=asked["kind"] if asked["kind"] in people.KINDS else "",
        role=asked["role"] if asked["role"] in {role.key for role in roles} else "",
        after=int(after[:18]) if after.isascii() and after.isdigit() else 0,
    )
    more = None
    if len(found) > people.PAGE:
        kept = {name: value for name, value in asked.items() if value}
        more = visit.office.addresses.path(f"/admin/people?{urlencode(kept | {'after': found[people.PAGE - 1].id})}")
    return visit.page(
        "admin_people", people=found[: people.PAGE], more=more, asked=asked, kinds=people.KINDS, roles=roles
    )


async def _shown(visit: Visit) -> dict[str, Any]:
    database, actor = visit.office.engine.database, visit.actor
    now = visit.office.now_ms()
    dossier = await people.access_dossier(database, visit.request.match_info["id"], now)
    account = dossier.account
    roles = {role.key: role for role in await list_roles(database)}
    sites = {site.id: site for site in await list_sites(database)}
    appointments = [
        (
            each,
            roles[each.role].name if each.role in roles else each.role,
            sites[each.site_id].name if each.site_id in sites else None,
            can_appoint(
                actor,
                roles[each.role].permissions if each.role in roles else Permission(0),
                site_id=each.site_id,
                board_id=each.board_id,
            ),
        )
        for each in dossier.appointments
    ]
    return {
        "person": account,
        "dossier": dossier,
        "appointments": appointments,
        "roles": [r for r in roles.values() if not r.is_default],
        "sites": list(sites.values()),
        "bans": await bans.bans_of(database, account.person_id, now),
        "may_change": can_manage_person(actor, account.person_id, account.grants),
        "place_chars": PLACE_CHARS,
        "about_chars": ABOUT_CHARS,
        "is_self": account.person_id == actor.person_id,
    }


@pages.get("/admin/people/{id}", managers)
async def show_person(visit: Visit) -> web.Response:
    """One account: what it is, what it may do, how it was signed in to."""
    return visit.page("admin_person", **await _shown(visit))


async def show_person_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The account with what was typed."""
    return visit.refused("admin_person", error, **await _shown(visit))


def _back(visit: Visit, notice: str) -> web.Response:
    return visit.go(f"/admin/people/{visit.request.match_info['id']}", notice)


def _place(visit: Visit) -> tuple[str, int, int]:
    """Return the role of a form, with its site and board.

    Raises:
        Refused: ``not_found`` for what is no place.
    """
    numbers = [visit.form[name] or "0" for name in ("site", "board")]
    if not all(text.isascii() and text.isdigit() for text in numbers):
        raise Refused("not_found")
    site_id, board_id = (int(text[:18]) for text in numbers)
    return visit.form["role"], site_id or ALL_SITES, board_id


@pages.post("/admin/people/{id}/profile", managers, again=show_person_again)
async def edit_profile(visit: Visit) -> web.Response:
    """Write somebody's profile; their language and zone stay their own."""
    office, public_id = visit.office, visit.request.match_info["id"]
    account = (await people.access_dossier(office.engine.database, public_id, office.now_ms())).account
    name = visit.form.check("name", check_chosen_name)
    place = visit.form.check("place", check_place)
    about = visit.form.check("about", check_about)
    if name is None or place is None or about is None:
        return await show_person_again(visit)
    text = ProfileText(name, place, about, account.language, account.zone)
    try:
        await do_edit_profile(office.engine.database, visit.actor, public_id, text, now_ms=office.now_ms())
    except Unacceptable as error:
        visit.form.refuse("name", error)
        return await show_person_again(visit)
    office.engine.bus.news((), {account.person_id})
    return _back(visit, visit.text("The profile is saved."))


@pages.post("/admin/people/{id}/roles", managers, again=show_person_again)
async def give_role(visit: Visit) -> web.Response:
    """Give a role for a site, or for everything."""
    public_id = visit.request.match_info["id"]
    role, site_id, board_id = _place(visit)
    await do_give_role(visit.office.engine, visit.actor, public_id, role, site_id=site_id, board_id=board_id)
    _log.info("Role given.", extra={"person": visit.account.public_id, "to": public_id, "role": role})
    return _back(visit, visit.text("Given."))


@pages.post("/admin/people/{id}/roles/end", managers, again=show_person_again)
async def end_role(visit: Visit) -> web.Response:
    """Take a role."""
    public_id = visit.request.match_info["id"]
    role, site_id, board_id = _place(visit)
    await do_end_role(visit.office.engine, visit.actor, public_id, role, site_id=site_id, board_id=board_id)
    _log.info("Role taken.", extra={"person": visit.account.public_id, "from": public_id, "role": role})
    return _back(visit, visit.text("Taken."))


@pages.post("/admin/people/{id}/confirm", managers, again=show_person_again)
async def confirm(visit: Visit) -> web.Response:
    """Take their address as theirs."""
    public_id = visit.request.match_info["id"]
    await people.do_confirm_for(visit.office.engine, visit.actor, public_id)
    _log.info("Address confirmed by hand.", extra={"person": visit.account.public_id, "of": public_id})
    return _back(visit, visit.text("Confirmed."))


@pages.post("/admin/people/{id}/sessions/end", managers, again=show_person_again)
async def end_sessions(visit: Visit) -> web.Response:
    """Sign them out everywhere."""
    public_id = visit.request.match_info["id"]
    await people.do_end_sessions_of(visit.office.engine, visit.actor, public_id)
    _log.info("Sessions ended.", extra={"person": visit.account.public_id, "of": public_id})
    return _back(visit, visit.text("Signed out everywhere."))
