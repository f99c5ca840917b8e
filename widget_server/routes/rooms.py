"""Rooms: their list, one of them with its messages, and all that its form can do without a script (S3.03-S3.19)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from widget_server.actions.members import page_number
from widget_server.actions.memberships import do_decline, do_join, do_leave
from widget_server.actions.notices import do_see_read
from widget_server.actions.room_lists import find_rooms, own_list
from widget_server.actions.room_logs import do_rewrite, do_see, do_take_back, do_write, read_log
from widget_server.actions.room_notices import find_room_level
from widget_server.actions.rooms import (
    CAPACITY,
    CAPACITY_MAX,
    RoomText,
    check_access,
    check_capacity,
    check_room_description,
    check_room_name,
    do_begin_room,
)
from widget_server.actions.talks import do_open_talk
from widget_server.core.errors import ProductError, Refused, TryLater, Unacceptable
from widget_server.core.ids import is_uuid
from widget_server.core.permissions import Permission, may
from widget_server.core.text import to_translate
from widget_server.routes.attaching import MEGABYTES, attached_in
from widget_server.routes.desk import DESK
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.room_logs import RoomLog
    from widget_server.store.database import Transaction

pages = Pages()

ROOM: Final = "/rooms/{room}"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_CALLED: Final = {
    "open": to_translate("Open: every member may come in"),
    "invited": to_translate("By invitation: whoever was asked may come in"),
}


@pages.get("/rooms", signed_in_people)
async def show_rooms(visit: Visit) -> web.Response:
    """One's own rooms, those into which one was asked, and those that are open; ``q`` narrows all of them (S3.18)."""
    return await _show_rooms(visit)


async def _show_rooms(visit: Visit, error: ProductError | None = None) -> web.Response:
    query = visit.request.query
    search, number = query.get("q", "")[:80], page_number(query.get("page", "1"))
    found = await visit.office.engine.database.read(lambda tx: find_rooms(tx, visit.actor, search, number))
    address = visit.office.addresses.path("/rooms") + (f"?{urlencode({'q': search})}" if search else "")
    facts: dict[str, Any] = {
        "found": found,
        "search": search,
        "number": number,
        "address": address,
        "may_begin": may(visit.actor, Permission.WRITE),
    }
    return visit.page("rooms", **facts) if error is None else visit.refused("rooms", error, **facts)


@pages.get("/rooms/list", signed_in_people)
async def show_list(visit: Visit) -> web.Response:
    """The side list by itself, as the page of a room has it: what an open page puts in when it is told of changes."""
    rooms = await visit.office.engine.database.read(lambda tx: own_list(tx, visit.actor))
    return visit.page("room_list", rooms=rooms, current=visit.request.query.get("current", ""))


@pages.get("/rooms/new", signed_in_people)
async def show_form(visit: Visit) -> web.Response:
    """The form for a new room."""
    return visit.page("room_new", **_choices(visit))


async def show_form_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("room_new", error, **_choices(visit))


def _choices(visit: Visit) -> dict[str, Any]:
    return {
        "accesses": access_choices(visit),
        "client_id": visit.form["client_id"] or visit.office.engine.clock.uuid(),
        "capacity": str(CAPACITY),
        "most": CAPACITY_MAX,
        "may_begin": may(visit.actor, Permission.WRITE),
    }


def access_choices(visit: Visit) -> dict[str, str]:
    """Return who may come in, with what it is called."""
    return {key: visit.text(called) for key, called in _CALLED.items()}


def room_text(visit: Visit) -> RoomText | None:
    """Return what the form says of a room; None where something of it is wrong, which stands beside its field then."""
    form = visit.form
    name = form.check("name", check_room_name)
    description = form.check("description", check_room_description)
    capacity = form.check("capacity", check_capacity)
    access = form.check("access", check_access)
    if not form.is_good or name is None or description is None or capacity is None or access is None:
        return None
    return RoomText(name, description, capacity, access)


@pages.post("/rooms/new", signed_in_people, again=show_form_again)
async def begin(visit: Visit) -> web.Response:
    """Begin a room; what was sent twice begins one."""
    client_id = visit.form["client_id"]
    if not is_uuid(client_id):
        visit.form.values.pop("client_id", None)
        return await show_form_again(visit, Unacceptable("bad_value", field="client_id"))
    text = room_text(visit)
    if text is None:
        return await show_form_again(visit)
    try:
        room = await do_begin_room(visit.office.engine, visit.account, text, client_id)
    except Unacceptable as error:
        visit.form.refuse("name" if error.name == "taken" else "", error)
        return await show_form_again(visit)
    except TryLater as error:
        return await show_form_again(visit, error)
    return visit.go(room.path)


@pages.post("/talks", signed_in_people)
async def open_talk(visit: Visit) -> web.Response:
    """Talk to somebody: there is one talk of any two, made when it is wanted."""
    room = await do_open_talk(visit.office.engine, visit.account, visit.form["person"])
    return visit.go(room.path)


@pages.get(ROOM, signed_in_people)
async def show_room(visit: Visit) -> web.Response:
    """The newest messages of a room, those ``before`` one, or those around the one ``at`` (S3.10)."""
    return await _show(visit)


async def _show(visit: Visit, error: ProductError | None = None, *, edited: int | None = None) -> web.Response:
    """Show the room; ``edited`` is the place of a message whose new text was refused, which stands in its form."""
    office, query = visit.office, visit.request.query
    before, at = number_of(query.get("before")), edited or number_of(query.get("at"))

    async def read(tx: Transaction) -> tuple[RoomLog, str]:
        log = await read_log(tx, visit.account, room_of(visit), before=before, at=at)
        return log, await find_room_level(tx, visit.actor, log.room.channel_id)

    log, level = await office.engine.database.read(read)
    if visit.signed_in is not None and visit.signed_in.unseen:
        await do_see_read(office.engine, visit.actor, log.room.channel_id, log.last)
    facts: dict[str, Any] = {
        "log": log,
        "room": log.room,
        "level": level,
        "rooms": log.rooms,
        "current": log.room.public_id,
        "address": office.addresses.path(log.room.path),
        "epoch": office.engine.epoch,
        "client_id": visit.form["client_id"] or office.engine.clock.uuid(),
        "max_chars": office.settings.message_max_chars,
        "edit_since": office.now_ms() - office.engine.policy.edit_ms,
        "edited": edited,
        "edited_text": visit.form.values.pop("body", "") if edited else "",
    }
    if visit.form.is_good and error is None:
        return visit.page("room", **facts)
    return visit.refused("room", error, **facts)


async def _show_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    return await _show(visit, error)


@pages.post(f"{ROOM}/messages", signed_in_people, again=_show_again, megabytes=MEGABYTES)
async def write(visit: Visit) -> web.Response:
    """Write; what was sent twice is written once. Nobody sees what could not be stored (S3.15)."""
    office, room, client_id = visit.office, room_of(visit), visit.form["client_id"]
    if not is_uuid(client_id):
        visit.form.values.pop("client_id", None)
        return await _show_again(visit, Unacceptable("bad_value", field="client_id"))
    _check_rate(visit)
    files = await attached_in(visit)
    if files is None:
        return await _show_again(visit)
    try:
        await do_write(office.engine, visit.account, room, client_id, visit.form["body"], files)
    except Unacceptable as error:
        visit.form.refuse("body", error)
        return await _show(visit)
    except ProductError as error:
        if error.name == "not_found":
            raise
        return await _show_again(visit, error)
    return visit.go(f"/rooms/{room}#newest")


@pages.post(ROOM + r"/messages/{seq:\d{1,9}}/edit", signed_in_people)
async def edit(visit: Visit) -> web.Response:
    """Give one's own message another text."""
    room, seq = room_of(visit), int(visit.request.match_info["seq"])
    _check_rate(visit)
    revision = number_of(visit.form["revision"]) or 1
    try:
        await do_rewrite(visit.office.engine, visit.account, room, seq, revision, visit.form["body"])
    except Unacceptable as error:
        return await _show(visit, error, edited=seq)
    return visit.go(f"/rooms/{room}?at={seq}#message-{seq}")


@pages.post(ROOM + r"/messages/{seq:\d{1,9}}/remove", signed_in_people)
async def remove(visit: Visit) -> web.Response:
    """Remove one's own message, or as who keeps order there another one (S3.19)."""
    room, seq = room_of(visit), int(visit.request.match_info["seq"])
    _check_rate(visit)
    await do_take_back(visit.office.engine, visit.account, room, seq)
    return visit.go(f"/rooms/{room}?at={seq}#message-{seq}", visit.text("The message is removed."))


@pages.post(f"{ROOM}/seen", signed_in_people, while_banned=True)
async def see(visit: Visit) -> web.Response:
    """The page was looked at."""
    room = room_of(visit)
    await do_see(visit.office.engine, visit.account, room, number_of(visit.form["upto"]) or 0)
    return visit.go(f"/rooms/{room}")


async def _list_again(visit: Visit, error: ProductError) -> web.Response:
    return await _show_rooms(visit, error)


@pages.post(f"{ROOM}/join", signed_in_people, again=_list_again)
async def join(visit: Visit) -> web.Response:
    """Come in; who finds no place is told so (S3.05)."""
    try:
        room = await do_join(visit.office.engine, visit.account, room_of(visit))
    except (Refused, Unacceptable) as error:
        if error.name == "not_found":
            raise
        return await _list_again(visit, error)
    return visit.go(room.path)


@pages.post(f"{ROOM}/leave", signed_in_people, while_banned=True)
async def leave(visit: Visit) -> web.Response:
    """Leave (S3.07)."""
    await do_leave(visit.office.engine, visit.account, room_of(visit))
    return visit.go("/rooms", visit.text("You have left the room."))


@pages.post(f"{ROOM}/decline", signed_in_people, while_banned=True)
async def decline(visit: Visit) -> web.Response:
    """Answer an invitation with no."""
    await do_decline(visit.office.engine, visit.actor, room_of(visit))
    return visit.go("/rooms", visit.text("You have declined the invitation."))


def room_of(visit: Visit) -> str:
    """Return the public name of the room in the path."""
    room: str = visit.request.match_info["room"]
    if not is_uuid(room):
        not_there()
    return room


def number_of(text: str | None) -> int | None:
    """Return a number from 1 that a query or a form has; None for anything else."""
    return int(text) if text and _NUMBER.fullmatch(text) else None


def _check_rate(visit: Visit) -> None:
    """Count a message of this member, whichever way they write.

    Raises:
        TryLater: ``rate_limited``.
    """
    wait = visit.request.app[DESK].limits.member(visit.account.public_id)
    if wait is not None:
        raise TryLater("rate_limited", wait)
