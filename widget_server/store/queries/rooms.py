"""Reading and writing rooms: the faces of channels with members."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import ClauseElement

from widget_server.store.lists import is_listed, with_list
from widget_server.store.records import State
from widget_server.store.said import SAID
from widget_server.store.statement import DIALECTS, Statement
from widget_server.store.tables import (
    channel,
    file,
    ignored,
    membership,
    message,
    person,
    reader,
    revision,
    room,
    room_invitation,
    silence,
)

_b = bindparam
_owner = person.alias("owner")
_own = membership.alias("own")
_other = membership.alias("other")
_other_person = person.alias("other_person")
_own_reader = reader.alias("own_reader")

ROOM_COLUMNS = (
    channel.c.id,
    channel.c.public_id,
    channel.c.state,
    channel.c.first_seq,
    channel.c.last_seq,
    channel.c.version,
    room.c.name,
    room.c.description,
    room.c.access,
    room.c.capacity,
    room.c.members,
    room.c.owner_id,
    _owner.c.public_id,
    _owner.c.name,
    _owner.c.picture,
    room.c.created_at,
    room.c.activity_at,
    room.c.removed_at,
    _own.c.role,
    _own.c.joined_at,
    _own.c.left_at,
    _own.c.removed_by,
    room_invitation.c.invited_by,
    func.coalesce(_own_reader.c.seen_seq, 0),
)
"""In the order of ``actions.rooms.Room``: of the room, and of who asks (the parameter ``asker``)."""

_ROOM_FROM = (
    room.join(channel, channel.c.id == room.c.channel_id)
    .join(_owner, _owner.c.id == room.c.owner_id)
    .outerjoin(_own, and_(_own.c.channel_id == room.c.channel_id, _own.c.person_id == _b("asker")))
    .outerjoin(
        room_invitation,
        and_(room_invitation.c.channel_id == room.c.channel_id, room_invitation.c.person_id == _b("asker")),
    )
    .outerjoin(_own_reader, and_(_own_reader.c.channel_id == room.c.channel_id, _own_reader.c.person_id == _b("asker")))
)
_ROOM = select(*ROOM_COLUMNS).select_from(_ROOM_FROM)

BY_PUBLIC_ID = Statement(_ROOM.where(channel.c.public_id == _b("public_id")))
BY_CHANNEL = Statement(_ROOM.where(room.c.channel_id == _b("channel_id")))
BY_NAME = Statement(_ROOM.where(room.c.folded_name == _b("folded_name")))
BY_PAIR = Statement(_ROOM.where(room.c.pair == _b("pair")))
BY_CLIENT_ID = Statement(_ROOM.where(channel.c.creator_id == _b("creator_id"), channel.c.client_id == _b("client_id")))

_LISTED = (
    select(*ROOM_COLUMNS, _other_person.c.public_id, _other_person.c.name, _other_person.c.picture)
    .select_from(
        _ROOM_FROM.outerjoin(
            _other,
            and_(
                room.c.access == "direct",
                _other.c.channel_id == room.c.channel_id,
                _other.c.person_id != _b("asker"),
            ),
        ).outerjoin(_other_person, _other_person.c.id == _other.c.person_id)
    )
    .where(room.c.removed_at.is_(None))
)

_last_by = person.alias("last_by")
_LAST = and_(
    message.c.channel_id == room.c.channel_id,
    message.c.seq == channel.c.last_seq,
    message.c.kind != "system",
    message.c.removed_at.is_(None),
)

MINE = Statement(
    _LISTED.add_columns(
        select(func.substr(SAID, 1, 200)).where(_LAST).scalar_subquery(),
        select(_last_by.c.name)
        .select_from(message.join(_last_by, _last_by.c.id == message.c.author_id))
        .where(_LAST)
        .scalar_subquery(),
    )
    .where(_own.c.person_id == _b("asker"), _own.c.left_at.is_(None))
    .order_by(room.c.activity_at.desc(), room.c.channel_id.desc())
    .limit(_b("limit"))
)
"""The rooms that somebody is in, those with the newest message first; of a talk of two also the other one, and
what was last written in each of them."""

INVITED = Statement(
    _LISTED.where(room_invitation.c.person_id == _b("asker"))
    .order_by(room_invitation.c.created_at.desc(), room.c.channel_id.desc())
    .limit(_b("limit"))
)
"""The rooms into which somebody was asked, the last first."""

_MAY_JOIN = or_(_own.c.person_id.is_(None), and_(_own.c.left_at.is_not(None), _own.c.removed_by.is_(None)))

OPEN = Statement(
    _LISTED.where(room.c.access == "open", _MAY_JOIN, room.c.folded_name.like(_b("like"), escape="\\"))
    .order_by(room.c.activity_at.desc(), room.c.channel_id.desc())
    .limit(_b("limit"))
    .offset(_b("skipped"))
)
"""The open rooms that somebody is not in and was not sent away from, whose folded name is like ``like``."""

COUNT_MINE = Statement(
    select(func.count())
    .select_from(membership)
    .where(membership.c.person_id == _b("person_id"), membership.c.left_at.is_(None))
)
"""In how many rooms somebody is."""

BEGUN_SINCE = Statement(
    select(func.count())
    .select_from(channel)
    .where(channel.c.creator_id == _b("person_id"), channel.c.kind == "room", channel.c.created_at > _b("after"))
)

INSERT_CHANNEL = Statement(
    insert(channel)
    .values(
        public_id=_b("public_id"),
        kind="room",
        creator_id=_b("creator_id"),
        client_id=_b("client_id"),
        created_at=_b("created_at"),
        stamp=_b("stamp"),
    )
    .returning(channel.c.id)
)

INSERT = Statement(
    insert(room).values(
        channel_id=_b("channel_id"),
        name=_b("name"),
        folded_name=_b("folded_name"),
        description=_b("description"),
        access=_b("access"),
        capacity=_b("capacity"),
        members=0,
        owner_id=_b("owner_id"),
        pair=_b("pair"),
        created_at=_b("created_at"),
        activity_at=_b("created_at"),
        stamp=_b("stamp"),
    )
)

CHANGE = Statement(
    update(room)
    .where(room.c.channel_id == _b("key"))
    .values(
        name=_b("new_name"),
        folded_name=_b("new_folded_name"),
        description=_b("new_description"),
        access=_b("new_access"),
        capacity=_b("new_capacity"),
        stamp=_b("new_stamp"),
    )
)

COUNT_IN = Statement(
    update(room)
    .where(room.c.channel_id == _b("key"))
    .values(members=room.c.members + _b("change"), stamp=_b("new_stamp"))
)

SET_OWNER = Statement(
    update(room).where(room.c.channel_id == _b("key")).values(owner_id=_b("new_owner"), stamp=_b("new_stamp"))
)

REMOVE = Statement(
    update(room)
    .where(room.c.channel_id == _b("key"))
    .values(
        name="",
        folded_name=None,
        description="",
        pair=None,
        members=0,
        removed_at=_b("new_at"),
        removed_by=_b("new_by"),
        stamp=_b("new_stamp"),
    )
)
"""Take a room away: its row stays, without anything that somebody wrote."""

CLOSE_CHANNEL = Statement(
    update(channel)
    .where(channel.c.id == _b("key"))
    .values(state="closed", version=channel.c.version + 1, stamp=_b("new_stamp"))
)


def _enter(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(membership).values(
        channel_id=_b("channel_id"),
        person_id=_b("person_id"),
        role=_b("role"),
        joined_at=_b("joined_at"),
        left_at=None,
        removed_by=None,
        stamp=_b("stamp"),
    )
    return row.on_conflict_do_update(
        index_elements=[membership.c.channel_id, membership.c.person_id],
        set_={
            "role": row.excluded.role,
            "joined_at": row.excluded.joined_at,
            "left_at": None,
            "removed_by": None,
            "stamp": row.excluded.stamp,
        },
    )


ENTER = Statement(sqlite=_enter(sqlite.Insert), postgresql=_enter(postgresql.Insert))
"""Somebody comes in, for the first time or again: there is one row of each member (S3.06)."""

LEAVE = Statement(
    update(membership)
    .where(
        membership.c.channel_id == _b("channel_key"),
        membership.c.person_id == _b("person_key"),
        membership.c.left_at.is_(None),
    )
    .values(left_at=_b("new_at"), removed_by=_b("new_by"), role="member", stamp=_b("new_stamp"))
)

LEAVE_ALL = Statement(
    update(membership)
    .where(membership.c.channel_id == _b("channel_key"), membership.c.left_at.is_(None))
    .values(left_at=_b("new_at"), removed_by=None, role="member", stamp=_b("new_stamp"))
)

SET_ROLE = Statement(
    update(membership)
    .where(membership.c.channel_id == _b("channel_key"), membership.c.person_id == _b("person_key"))
    .values(role=_b("new_role"), stamp=_b("new_stamp"))
)

MEMBER_COLUMNS = (
    person.c.id,
    person.c.public_id,
    person.c.name,
    person.c.picture,
    membership.c.role,
    membership.c.joined_at,
)
"""In the order of ``actions.memberships.RoomMember``."""

_MEMBERS = (
    select(*MEMBER_COLUMNS)
    .select_from(membership.join(person, person.c.id == membership.c.person_id))
    .where(membership.c.channel_id == _b("channel_id"), membership.c.left_at.is_(None))
)

MEMBERS = Statement(
    _MEMBERS.order_by(membership.c.joined_at, membership.c.person_id).limit(_b("limit")).offset(_b("skipped"))
)
MEMBER = Statement(_MEMBERS.where(person.c.public_id == _b("public_id")))

_RANK: ColumnElement[int] = literal_column("CASE membership.role WHEN 'moderator' THEN 0 ELSE 1 END")

HEIR = Statement(
    _MEMBERS.where(membership.c.person_id != _b("leaver"))
    .order_by(_RANK, membership.c.joined_at, membership.c.person_id)
    .limit(1)
)
"""Who has a room after its owner: the moderator that is in longest, or else the member."""

MEMBER_IDS = Statement(
    select(person.c.public_id)
    .select_from(membership.join(person, person.c.id == membership.c.person_id))
    .where(membership.c.channel_id == _b("channel_id"), membership.c.left_at.is_(None))
)

_STILL_IN: dict[str, ClauseElement] = {
    dialect: select(channel.c.public_id, membership.c.person_id)
    .select_from(
        membership.join(channel, channel.c.id == membership.c.channel_id).join(
            room, room.c.channel_id == membership.c.channel_id
        )
    )
    .where(
        is_listed(dialect, channel.c.public_id, "names"),
        is_listed(dialect, membership.c.person_id, "people"),
        membership.c.left_at.is_(None),
        room.c.removed_at.is_(None),
    )
    for dialect in DIALECTS
}
STILL_IN = Statement(sqlite=_STILL_IN["sqlite"], postgresql=_STILL_IN["postgresql"])
"""Of these people, who is in which of these rooms."""


def _invite(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(room_invitation).values(
        channel_id=_b("channel_id"),
        person_id=_b("person_id"),
        invited_by=_b("invited_by"),
        created_at=_b("created_at"),
    )
    return row.on_conflict_do_nothing(index_elements=[room_invitation.c.channel_id, room_invitation.c.person_id])


INVITE = Statement(sqlite=_invite(sqlite.Insert), postgresql=_invite(postgresql.Insert))

END_INVITATION = Statement(
    delete(room_invitation).where(
        room_invitation.c.channel_id == _b("channel_id"), room_invitation.c.person_id == _b("person_id")
    )
)

END_INVITATIONS = Statement(delete(room_invitation).where(room_invitation.c.channel_id == _b("channel_id")))

APART = Statement(
    select(ignored.c.person_id)
    .where(
        or_(
            and_(ignored.c.person_id == _b("one"), ignored.c.ignored_id == _b("other")),
            and_(ignored.c.person_id == _b("other"), ignored.c.ignored_id == _b("one")),
        )
    )
    .limit(1)
)
"""Whether one of two ignores the other."""

OTHER = Statement(
    select(person.c.id, person.c.public_id, person.c.name, person.c.picture, person.c.deleted_at)
    .select_from(membership.join(person, person.c.id == membership.c.person_id))
    .where(membership.c.channel_id == _b("channel_id"), membership.c.person_id != _b("asker"))
    .limit(1)
)
"""With whom somebody talks, in a talk of two."""

ROOM_HEAD = Statement(
    select(
        room.c.name,
        room.c.description,
        room.c.access,
        room.c.capacity,
        room.c.members,
        _owner.c.public_id,
        _owner.c.name,
        _owner.c.picture,
    )
    .select_from(room.join(_owner, _owner.c.id == room.c.owner_id))
    .where(room.c.channel_id == _b("channel_id"))
)


def room_head_state(row: tuple[Any, ...]) -> State:
    """A row of :data:`ROOM_HEAD` as ``frames.RoomHead``, but for the people of a talk of two."""
    name, description, access, capacity, members, owner, owner_name, picture = row
    return {
        "kind": "room",
        "name": name,
        "description": description,
        "access": access,
        "capacity": capacity,
        "members": members,
        "owner": {"id": owner, "name": owner_name, "role": "member", "picture": picture},
    }


READERS = Statement(
    select(person.c.public_id, func.coalesce(reader.c.delivered_seq, 0), func.coalesce(reader.c.seen_seq, 0))
    .select_from(
        membership.join(person, person.c.id == membership.c.person_id).outerjoin(
            reader,
            and_(reader.c.channel_id == membership.c.channel_id, reader.c.person_id == membership.c.person_id),
        )
    )
    .where(membership.c.channel_id == _b("channel_id"), membership.c.left_at.is_(None))
    .order_by(membership.c.joined_at, membership.c.person_id)
)
"""How far each member of a room has come."""


def _listed_members(dialect: str) -> ColumnElement[bool]:
    return and_(
        is_listed(dialect, membership.c.channel_id, "ids"), is_listed(dialect, membership.c.person_id, "people")
    )


_WRITERS: dict[str, ClauseElement] = {
    dialect: select(
        membership.c.channel_id,
        membership.c.person_id,
        membership.c.role,
        person.c.public_id,
        func.coalesce(reader.c.delivered_seq, 0),
        func.coalesce(reader.c.seen_seq, 0),
        room.c.members,
        exists(
            select(literal_column("1"))
            .select_from(silence)
            .where(
                silence.c.person_id == membership.c.person_id,
                silence.c.board_id == literal_column("0"),
                silence.c.ended_at.is_(None),
                or_(silence.c.ends_at.is_(None), silence.c.ends_at > _b("now")),
            )
        ),
    )
    .select_from(
        membership.join(room, room.c.channel_id == membership.c.channel_id)
        .join(person, person.c.id == membership.c.person_id)
        .outerjoin(
            reader,
            and_(reader.c.channel_id == membership.c.channel_id, reader.c.person_id == membership.c.person_id),
        )
    )
    .where(_listed_members(dialect), membership.c.left_at.is_(None), room.c.removed_at.is_(None))
    for dialect in DIALECTS
}
WRITERS = Statement(sqlite=_WRITERS["sqlite"], postgresql=_WRITERS["postgresql"])
"""Of these people, who is in which of these rooms, as what, and how far they have read: a batch looks once."""

OWN_ROOMS = Statement(
    select(channel.c.public_id)
    .select_from(
        membership.join(room, room.c.channel_id == membership.c.channel_id).join(
            channel, channel.c.id == membership.c.channel_id
        )
    )
    .where(membership.c.person_id == _b("person_id"), membership.c.left_at.is_(None), room.c.removed_at.is_(None))
)
"""The public names of the rooms that somebody is in."""

PERSON = Statement(
    select(person.c.id, person.c.public_id, person.c.name, person.c.picture).where(
        person.c.public_id == _b("public_id")
    )
)

ROOMS_OF = Statement(
    select(channel.c.public_id, person.c.public_id, person.c.name)
    .select_from(
        membership.join(room, room.c.channel_id == membership.c.channel_id)
        .join(channel, channel.c.id == membership.c.channel_id)
        .join(person, person.c.id == membership.c.person_id)
    )
    .where(
        membership.c.person_id == _b("person_id"),
        membership.c.left_at.is_(None),
        room.c.access != "direct",
        room.c.removed_at.is_(None),
    )
    .order_by(room.c.channel_id)
)
"""The rooms that somebody is in, but for talks of two."""

EMPTIED = Statement(
    select(room.c.channel_id)
    .where(
        room.c.removed_at.is_not(None),
        exists(
            select(literal_column("1"))
            .select_from(message)
            .where(
                message.c.channel_id == room.c.channel_id,
                message.c.removed_at.is_(None),
                message.c.kind != literal_column("'system'"),
            )
        ),
    )
    .limit(1)
)
"""A room that was deleted and still has something written in it."""

WRITTEN = Statement(
    select(message.c.no)
    .where(
        message.c.channel_id == _b("channel_id"),
        message.c.removed_at.is_(None),
        message.c.kind != literal_column("'system'"),
    )
    .order_by(message.c.seq)
    .limit(_b("limit"))
)

EMPTY = with_list(
    lambda wanted: (
        update(message).where(wanted).values(body="", files=None, removed_at=_b("at"), version=_b("new_version"))
    ),
    message.c.no,
    "numbers",
)
"""Take what was written out of messages: only that somebody wrote, and when, is left."""

FORGET_EARLIER = with_list(lambda wanted: delete(revision).where(wanted), revision.c.message_no, "numbers")

LET_FILES_GO = with_list(
    lambda wanted: update(file).where(wanted).values(state="removed", message_no=None, changed_at=_b("at")),
    file.c.message_no,
    "numbers",
)
"""A worker removes their bytes."""
