"""Operations on rooms. A token reads and writes in the name of its person, where that person is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.memberships import PAGE, do_invite, do_join, do_leave, do_remove_member
from widget_server.actions.memberships import list_members as read_members
from widget_server.actions.room_lists import find_rooms, own_list
from widget_server.actions.room_logs import do_rewrite, do_take_back, do_write, list_written
from widget_server.actions.rooms import (
    RoomText,
    access_room,
    check_room_description,
    check_room_name,
    do_begin_room,
)
from widget_server.core.scopes import Scope
from widget_server.core.times import iso
from widget_server.routes.api import models, room_models
from widget_server.routes.api.logs import BODIES, ack, window
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.actions.rooms import Room
    from widget_server.store.records import State

operations = Operations()
_ONE: Final = "/rooms/{room}"
_RULES: Final = ("post_refused", "link_refused", "too_many_links")
_LINES: Final = ("line_empty", "line_too_long", "bad_text")


@operations.add("GET", "/rooms", Scope.ROOMS_READ, answer=room_models.Rooms)
async def list_rooms(call: Call) -> Reply:
    """The rooms that one is in, with talks of two."""
    rooms = await call.engine.database.read(lambda tx: own_list(tx, call.program.actor))
    return Reply({"rooms": [_state(call, room) for room in rooms]})


@operations.add("GET", "/open-rooms", Scope.ROOMS_READ, query=room_models.OpenQuery, answer=room_models.OpenRooms)
async def list_open_rooms(call: Call) -> Reply:
    """The rooms into which one may come."""
    query: room_models.OpenQuery = call.query
    words = query.q.replace("\0", " ")
    found = await call.engine.database.read(lambda tx: find_rooms(tx, call.program.actor, words, query.page))
    return Reply(
        {
            "invited": [_outside(room) for room in found.invited],
            "open": [_outside(room) for room in found.open],
            "more": found.more,
        }
    )


@operations.add(
    "POST",
    "/rooms",
    Scope.ROOMS_WRITE,
    body=room_models.NewRoom,
    answer=room_models.Room,
    status=201,
    refusals=("not_allowed", "banned", "taken", "too_many", *_LINES),
)
async def begin_room(call: Call) -> Reply:
    """Begin a room and be its first member. Once for each ``client_id``, however often it is repeated."""
    body: room_models.NewRoom = call.body
    text = RoomText(check_room_name(body.name), check_room_description(body.description), body.capacity, body.access)
    return Reply(_state(call, await do_begin_room(call.engine, call.program.member, text, body.client_id)))


@operations.add("GET", _ONE, Scope.ROOMS_READ, answer=room_models.Room, refusals=("not_found",))
async def read_room(call: Call) -> Reply:
    """One room that one is in; another one is as if it were not there."""
    public_id = call.uuid("room")
    room = await call.engine.database.read(lambda tx: access_room(tx, call.program.actor, public_id))
    return Reply(_state(call, room))


@operations.add(
    "PUT",
    f"{_ONE}/membership",
    Scope.ROOMS_WRITE,
    answer=room_models.Room,
    refusals=("not_found", "not_allowed", "banned", "sent_away", "room_full", "too_many"),
)
async def join_room(call: Call) -> Reply:
    """Come into a room that is open, or into which one was asked; harmless to repeat."""
    return Reply(_state(call, await do_join(call.engine, call.program.member, call.uuid("room"))))


@operations.add("DELETE", f"{_ONE}/membership", Scope.ROOMS_WRITE, refusals=("not_found", "not_allowed", "banned"))
async def leave_room(call: Call) -> Reply:
    """Leave a room; harmless to repeat."""
    await do_leave(call.engine, call.program.member, call.uuid("room"))
    return Reply(None)


@operations.add(
    "GET",
    f"{_ONE}/members",
    Scope.ROOMS_READ,
    query=models.Numbered,
    answer=room_models.RoomMembers,
    refusals=("not_found",),
)
async def list_room_members(call: Call) -> Reply:
    """Who is in a room, and who is there now."""
    query: models.Numbered = call.query
    _, members = await read_members(call.engine, call.program.actor, call.uuid("room"), query.page)
    told = [
        {
            "person": member.author.state("member"),
            "role": member.role,
            "here": member.is_here,
            "joined_at": iso(member.joined_at),
        }
        for member in members[:PAGE]
    ]
    return Reply({"members": told, "more": len(members) > PAGE})


@operations.add(
    "GET",
    f"{_ONE}/messages",
    Scope.ROOMS_READ,
    query=models.Window,
    answer=models.Messages,
    refusals=("not_found",),
)
async def list_room_messages(call: Call) -> Reply:
    """Messages of a room in order of ``seq``; one of kind ``system`` has a key as its text, such as ``joined``."""
    query: models.Window = call.query
    page = await list_written(
        call.engine,
        call.program.actor,
        call.uuid("room"),
        after=query.after,
        before=query.before,
        limit=query.limit,
    )
    return window(call, page)


@operations.add(
    "POST",
    f"{_ONE}/messages",
    Scope.ROOMS_WRITE,
    body=room_models.NewRoomMessage,
    answer=models.Ack,
    status=201,
    refusals=(
        "not_found", "not_allowed", "banned", "silenced", "conflict", "channel_closed", "busy", "no_such_file", *BODIES,
        *_RULES,
    ),
)  # fmt: skip
async def write_in_room(call: Call) -> Reply:
    """Write into a room. Sent exactly once for each ``client_id``, however often it is repeated."""
    body: room_models.NewRoomMessage = call.body
    call.count_message()
    member, room = call.program.member, call.uuid("room")
    return ack(await do_write(call.engine, member, room, body.client_id, body.body, body.files))


@operations.add(
    "PUT",
    f"{_ONE}/messages/{{seq}}",
    Scope.ROOMS_WRITE,
    body=models.Edit,
    answer=models.Ack,
    refusals=(
        "not_found",
        "not_allowed",
        "banned",
        "edit_conflict",
        "edit_closed",
        "removed",
        "busy",
        *BODIES,
        *_RULES,
    ),
)
async def edit_room_message(call: Call) -> Reply:
    """Give one's own message another text, for a while after it was sent."""
    body: models.Edit = call.body
    member, room = call.program.member, call.uuid("room")
    return ack(await do_rewrite(call.engine, member, room, call.number("seq"), body.revision, body.body))


@operations.add(
    "DELETE",
    f"{_ONE}/messages/{{seq}}",
    Scope.ROOMS_WRITE,
    answer=models.Ack,
    refusals=("not_found", "not_allowed", "banned", "edit_closed", "busy"),
)
async def remove_room_message(call: Call) -> Reply:
    """Take one's own message away; who keeps order in the room takes any."""
    return ack(await do_take_back(call.engine, call.program.member, call.uuid("room"), call.number("seq")))


@operations.add(
    "PUT",
    f"{_ONE}/invitations/{{id}}",
    Scope.ROOMS_WRITE,
    refusals=("not_found", "not_allowed", "banned", "no_such_member"),
)
async def invite_into_room(call: Call) -> Reply:
    """Ask somebody in, by their id; harmless to repeat."""
    await do_invite(call.engine, call.program.actor, call.uuid("room"), person=call.uuid("id"))
    return Reply(None)


@operations.add("DELETE", f"{_ONE}/members/{{id}}", Scope.ROOMS_WRITE, refusals=("not_found", "not_allowed", "banned"))
async def remove_room_member(call: Call) -> Reply:
    """Send somebody out, who comes back only when they are asked in: for who keeps order in the room."""
    await do_remove_member(call.engine, call.program.actor, call.uuid("room"), call.uuid("id"))
    return Reply(None)


def _state(call: Call, room: Room) -> State:
    return {
        "id": room.public_id,
        "name": room.title,
        "description": room.description,
        "access": room.access,
        "capacity": room.capacity,
        "members": room.members,
        "owner": room.owner_public_id,
        "role": room.role,
        "unread": room.unread,
        "version": room.version,
        "last_seq": room.last_seq,
        "url": call.office.addresses.base + room.path,
        "created_at": iso(room.created_at),
        "activity_at": iso(room.activity_at),
    }


def _outside(room: Room) -> State:
    return {
        "id": room.public_id,
        "name": room.name,
        "description": room.description,
        "access": room.access,
        "capacity": room.capacity,
        "members": room.members,
    }
