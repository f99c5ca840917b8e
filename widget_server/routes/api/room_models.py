"""What programs send and are answered about rooms; see :mod:`widget_server.routes.api.models`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from widget_server.protocol.frames import Uuid
from widget_server.routes.api.models import Author, Files, MessageBody, Moment, Numbered, Taken, Told

Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Room(Told):
    """A room that the token's person is in."""

    id: Uuid
    name: str
    """Of a talk of two, the other one's."""
    description: str
    access: Literal["open", "invited", "direct"]
    capacity: int
    members: int
    """How many are in."""
    owner: Uuid
    role: Literal["owner", "moderator", "member"]
    """Of the token's person."""
    unread: int
    version: int
    last_seq: int
    url: str
    created_at: Moment
    activity_at: Moment


class Rooms(Told):
    """The rooms that the token's person is in, the one with the newest message first."""

    rooms: list[Room]


class OpenRoom(Told):
    """A room into which one may come: more is told to who is in."""

    id: Uuid
    name: str
    description: str
    access: Literal["open", "invited"]
    capacity: int
    members: int


class OpenRooms(Told):
    """Open rooms, and those into which one was asked; ``more``: another page of open ones follows."""

    invited: list[OpenRoom]
    open: list[OpenRoom]
    more: bool


class OpenQuery(Numbered):
    """Which open rooms: those whose name contains ``q``."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""


class NewRoom(Taken):
    """A room to be begun. The same ``client_id`` again begins no other one."""

    client_id: Uuid
    name: Name
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    capacity: Annotated[int, Field(ge=2, le=10_000)] = 2
    access: Literal["open", "invited"] = "open"


class RoomMember(Told):
    """Somebody who is in a room."""

    person: Author
    role: Literal["owner", "moderator", "member"]
    here: bool
    """Whether they have the room open now."""
    joined_at: Moment


class RoomMembers(Told):
    """A page of who is in, those who are in longest first; ``more``: another page follows."""

    members: list[RoomMember]
    more: bool


class NewRoomMessage(Taken):
    """A message. The same ``client_id`` again gets the first acknowledgement again, and writes nothing."""

    client_id: Uuid
    body: MessageBody = ""
    """May be empty where files go with it."""
    files: Files = ()
