"""The pages on which administrators shape roles (S2.15)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions import roles
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.permissions import EVERYTHING, Permission, Role
from widget_server.core.powers import FOR_EVERYBODY, held
from widget_server.routes.administration import administrators
from widget_server.routes.visit import Pages, Visit

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.roles import KnownRole

_log = logging.getLogger(__name__)
pages = Pages()


def _boxes(visit: Visit, role: KnownRole | None) -> list[tuple[str, bool, bool]]:
    """The permissions as boxes: (name, whether it is ticked, whether it can be)."""
    own = held(visit.actor)
    if role is not None and role.key == Role.ADMINISTRATOR:
        own = Permission(0)
    elif role is not None and role.is_default:
        own &= FOR_EVERYBODY
    before = role.permissions if role else Permission(0)
    typed = _typed(visit) if visit.form.values else before
    return [
        (str(each.name).lower(), bool(each & (typed if each & own else before)), bool(each & own))
        for each in Permission
    ]


def _typed(visit: Visit) -> Permission:
    ticked = [str(each.name).lower() for each in Permission if f"may_{str(each.name).lower()}" in visit.form]
    return roles.permissions_of(ticked)


async def _find(visit: Visit) -> KnownRole:
    key = visit.request.match_info["role"]
    found = next((r for r in await roles.list_roles(visit.office.engine.database) if r.key == key), None)
    if found is None:
        raise Refused("not_found")
    return found


@pages.get("/admin/roles", administrators)
async def show_roles(visit: Visit) -> web.Response:
    """All roles, and the form for another one."""
    known = await roles.list_roles(visit.office.engine.database)
    return visit.page("admin_roles", roles=known, permissions=_boxes(visit, None))


async def show_roles_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The list with what was typed."""
    known = await roles.list_roles(visit.office.engine.database)
    return visit.refused("admin_roles", error, roles=known, permissions=_boxes(visit, None))


@pages.post("/admin/roles", administrators, again=show_roles_again)
async def create(visit: Visit) -> web.Response:
    """Add a role."""
    if visit.form.check("name", roles.check_role_name) is None:
        return await show_roles_again(visit)
    try:
        role = await roles.do_create_role(visit.office.engine, visit.actor, visit.form["name"], _typed(visit))
    except Unacceptable as error:
        visit.form.refuse("name", error)
        return await show_roles_again(visit)
    _log.info("Role added.", extra={"person": visit.account.public_id, "role": role.key})
    return visit.go("/admin/roles", visit.text("Added."))


@pages.get("/admin/roles/{role}", administrators)
async def show_role(visit: Visit) -> web.Response:
    """One role."""
    role = await _find(visit)
    return visit.page("admin_role", role=role, permissions=_boxes(visit, role))


async def show_role_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The role with what was typed."""
    role = await _find(visit)
    return visit.refused("admin_role", error, role=role, permissions=_boxes(visit, role))


@pages.post("/admin/roles/{role}", administrators, again=show_role_again)
async def change(visit: Visit) -> web.Response:
    """Rename a role, and set what it allows; boxes that could not be changed stay as they are."""
    role = await _find(visit)
    fixed = EVERYTHING & ~held(visit.actor)
    wanted = EVERYTHING if role.key == Role.ADMINISTRATOR else (_typed(visit) & ~fixed) | (role.permissions & fixed)
    if visit.form.check("name", roles.check_role_name) is None:
        return await show_role_again(visit)
    try:
        await roles.do_change_role(visit.office.engine, visit.actor, role.key, visit.form["name"], wanted)
    except Unacceptable as error:
        visit.form.refuse("permissions" if error.name == "bad_choice" else "name", error)
        return await show_role_again(visit)
    _log.info("Role changed.", extra={"person": visit.account.public_id, "role": role.key})
    return visit.go("/admin/roles", visit.text("Saved."))


@pages.post("/admin/roles/{role}/default", administrators, again=show_role_again)
async def make_default(visit: Visit) -> web.Response:
    """Make it what everybody with an account has."""
    role = await _find(visit)
    try:
        await roles.do_set_default_role(visit.office.engine, visit.actor, role.key)
    except Unacceptable as error:
        visit.form.refuse("permissions", error)
        return await show_role_again(visit)
    _log.info("Default role changed.", extra={"person": visit.account.public_id, "role": role.key})
    return visit.go("/admin/roles", visit.text("Everybody with an account has this role now."))


@pages.post("/admin/roles/{role}/remove", administrators, again=show_role_again)
async def remove(visit: Visit) -> web.Response:
    """Take it away."""
    role = await _find(visit)
    await roles.do_remove_role(visit.office.engine, visit.actor, role.key)
    _log.info("Role removed.", extra={"person": visit.account.public_id, "role": role.key})
    return visit.go("/admin/roles", visit.text("Removed."))
