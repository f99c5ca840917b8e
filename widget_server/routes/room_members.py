"""Who is in a room, and what its owner does with it: asking in, sending away, settings, deleting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.members import page_number
from widget_server.actions.memberships import PAGE, do_invite, do_remove_member, do_set_role, list_members
from widget_server.actions.reports import check_details, check_reason, do_report_in_room
from widget_server.actions.rooms import CAPACITY_MAX, access_room, check_owner, do_change_room, do_delete_room
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.routes.review import reason_names
from widget_server.routes.rooms import ROOM, access_choices, room_of, room_text
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.rooms import Room, RoomRole

pages = Pages()

_ROLES: Final[dict[str, RoomRole]] = {"owner": "owner", "moderator": "moderator", "member": "member"}


@pages.get(f"{ROOM}/members", signed_in_people)
async def show_members(visit: Visit) -> web.Response:
    """Everybody who is in, and who is here now (S3.08)."""
    return await _show_members(visit)


async def _show_members(visit: Visit, error: ProductError | None = None) -> web.Response:
    number = page_number(visit.request.query.get("page", "1"))
    room, members = await list_members(visit.office.engine, visit.actor, room_of(visit), number)
    facts: dict[str, Any] = {
        "room": room,
        "members": members[:PAGE],
        "number": number,
        "more": len(members) > PAGE,
        "address": visit.office.addresses.path(room.path),
    }
    if visit.form.is_good and error is None:
        return visit.page("room_members", **facts)
    return visit.refused("room_members", error, **facts)


async def _members_again(visit: Visit, error: ProductError) -> web.Response:
    return await _show_members(visit, error)


@pages.post(f"{ROOM}/invite", signed_in_people, again=_members_again)
async def invite(visit: Visit) -> web.Response:
    """Ask somebody in, by their name, or (``person``) by their public id."""
    room, form = room_of(visit), visit.form
    try:
        name = await do_invite(
            visit.office.engine, visit.actor, room, name=form["name"], person=form.values.get("person", "")
        )
    except Unacceptable as error:
        form.refuse("name", error)
        return await _show_members(visit)
    return visit.go(f"/rooms/{room}/members", visit.text("{name} is asked in.", name=name))


@pages.post(f"{ROOM}/members/{{person}}/remove", signed_in_people)
async def remove_member(visit: Visit) -> web.Response:
    """Send somebody away."""
    room = room_of(visit)
    await do_remove_member(visit.office.engine, visit.actor, room, visit.request.match_info["person"])
    return visit.go(f"/rooms/{room}/members", visit.text("They are removed from the room."))


@pages.post(f"{ROOM}/members/{{person}}/role", signed_in_people)
async def set_role(visit: Visit) -> web.Response:
    """Make somebody a moderator of the room, or no longer, or its owner."""
    room, role = room_of(visit), _ROLES.get(visit.form["role"])
    if role is None:
        raise Unacceptable("bad_choice")
    await do_set_role(visit.office.engine, visit.actor, room, visit.request.match_info["person"], role)
    return visit.go(f"/rooms/{room}/members", visit.text("Saved."))


_MESSAGE: Final = ROOM + r"/messages/{seq:\d{1,9}}"


async def _reported(visit: Visit) -> dict[str, Any]:
    room = await visit.office.engine.database.read(lambda tx: access_room(tx, visit.actor, room_of(visit)))
    seq = int(visit.request.match_info["seq"])
    return {"room": room, "address": visit.office.addresses.path(room.path), "seq": seq, "reasons": reason_names(visit)}


@pages.get(f"{_MESSAGE}/report", signed_in_people)
async def show_report(visit: Visit) -> web.Response:
    """The form with which a message is reported."""
    return visit.page("room_report", **await _reported(visit))


async def _report_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    return visit.refused("room_report", error, **await _reported(visit))


@pages.post(f"{_MESSAGE}/report", signed_in_people, again=_report_again)
async def report(visit: Visit) -> web.Response:
    """Report a message to the moderators, who see it with what stands beside it and nothing else of the room."""
    reason = visit.form.check("reason", check_reason)
    details = visit.form.check("details", check_details)
    if reason is None or details is None:
        return await _report_again(visit)
    room, seq = room_of(visit), int(visit.request.match_info["seq"])
    try:
        is_new = await do_report_in_room(visit.office.engine, visit.actor, room, seq, reason, details)
    except Unacceptable as error:
        return await _report_again(visit, error)
    told = (
        visit.text("Message reported. A moderator looks at it.") if is_new else visit.text("You reported it already.")
    )
    return visit.go(f"/rooms/{room}?at={seq}#message-{seq}", told)


@pages.get(f"{ROOM}/settings", signed_in_people)
async def show_settings(visit: Visit) -> web.Response:
    """What the room is called and whom it takes, for its owner."""
    return visit.page("room_settings", **await _settings(visit))


async def _settings_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    return visit.refused("room_settings", error, **await _settings(visit))


async def _settings(visit: Visit) -> dict[str, Any]:
    room: Room = await visit.office.engine.database.read(lambda tx: access_room(tx, visit.actor, room_of(visit)))
    if room.is_direct:
        not_there()
    check_owner(room)
    return {
        "room": room,
        "accesses": access_choices(visit),
        "most": CAPACITY_MAX,
        "address": visit.office.addresses.path(room.path),
    }


@pages.post(f"{ROOM}/settings", signed_in_people, again=_settings_again)
async def change(visit: Visit) -> web.Response:
    """Change it."""
    room, text = room_of(visit), room_text(visit)
    if text is None:
        return await _settings_again(visit)
    try:
        await do_change_room(visit.office.engine, visit.actor, room, text)
    except Unacceptable as error:
        visit.form.refuse({"taken": "name", "room_has_more": "capacity"}.get(error.name, ""), error)
        return await _settings_again(visit)
    return visit.go(f"/rooms/{room}", visit.text("Saved."))


@pages.post(f"{ROOM}/delete", signed_in_people)
async def delete(visit: Visit) -> web.Response:
    """Delete the room with all that was written in it (S3.19)."""
    await do_delete_room(visit.office.engine, visit.actor, room_of(visit))
    return visit.go("/rooms", visit.text("The room is deleted."))
