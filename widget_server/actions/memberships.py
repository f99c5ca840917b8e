"""Who is in a room: coming in, leaving, being asked in and sent away. Each is announced once, where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.notices import Subject, apart_from, tell_people
from widget_server.actions.rooms import (
    Room,
    RoomRole,
    access_room,
    announce,
    author_of,
    check_owner,
    check_room_for_more,
    enter,
    find_room,
    hold_room,
    take_away,
    tell_head,
)
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.lookalikes import look
from widget_server.core.permissions import Actor, Permission, may
from widget_server.store.lists import listed
from widget_server.store.queries import notices as notice_queries
from widget_server.store.queries import profiles as profile_queries
from widget_server.store.queries import room_notices as room_notice_queries
from widget_server.store.queries import rooms as q
from widget_server.store.records import Author

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Clock, Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

PAGE: Final = 100
"""Members on a page of the list."""
_RANKS: Final[dict[RoomRole | None, int]] = {"owner": 2, "moderator": 1, "member": 0, None: -1}


class RoomMember(NamedTuple):
    """Somebody who is in a room."""

    person_id: int
    public_id: str
    name: str | None
    picture: str | None
    role: RoomRole
    joined_at: int
    is_here: bool = False
    """Whether they have the room open now."""

    @property
    def author(self) -> Author:
        """As the author of what is announced of them."""
        return Author(self.person_id, self.public_id, self.name, self.picture)


async def do_join(engine: Engine, account: Account, public_id: str) -> Room:
    """Come into a room that is open, or into which one was asked. Who is in already stays as they are (S3.06).

    Whether there is a place is decided while the room's row is held: with capacity N exactly N come in (S3.05).

    Raises:
        Refused: ``not_found``, also for a room by invitation; ``not_allowed``; ``sent_away`` for whoever was removed
            and not asked in again.
        Unacceptable: ``room_full``; ``too_many`` for whoever is in too many rooms.
    """
    now, actor, who = engine.clock.now_ms(), account.actor, author_of(account)

    async def work(tx: Transaction, committed: Committed) -> Room:
        room = await hold_room(tx, actor, public_id)
        if room.is_in:
            return room
        if room.is_direct or (room.access == "invited" and room.invited_by is None):
            raise Refused("not_found")
        if not may(actor, Permission.REPLY):
            raise Refused("not_allowed")
        if room.removed_by is not None and room.invited_by is None:
            raise Refused("sent_away")
        if room.members >= room.capacity:
            raise Unacceptable("room_full", limit=room.capacity)
        await check_room_for_more(tx, who.id)
        await enter(tx, room.channel_id, who.id, "member", now)
        await _see_invitation(tx, committed, actor, room, now)
        await announce(tx, committed, engine.clock, room.channel_id, who, "joined")
        await tell_head(tx, committed, room)
        committed.rooms.add((who.public_id, room.public_id))
        return await access_room(tx, actor, public_id)

    joined: Room = await engine.committer.run(work)
    return joined


async def do_leave(engine: Engine, account: Account, public_id: str) -> None:
    """Leave a room (S3.07). Harmless to repeat.

    Its owner hands it to the moderator, or else the member, who is in longest; a room that nobody is in is deleted.

    Raises:
        Refused: ``not_found``; ``not_allowed`` for a talk of two.
    """
    now, actor, who = engine.clock.now_ms(), account.actor, author_of(account)

    async def work(tx: Transaction, committed: Committed) -> None:
        room = await hold_room(tx, actor, public_id)
        if not room.is_in:
            if room.left_at is None:
                raise Refused("not_found")
            return
        if room.is_direct:
            raise Refused("not_allowed")
        await go(tx, committed, engine.clock, room, who, "left", None, now)

    await engine.committer.run(work)


async def go(
    tx: Transaction,
    committed: Committed,
    clock: Clock,
    room: Room,
    who: Author,
    what: str,
    by: int | None,
    now_ms: int,
) -> None:
    """Take somebody out of a room that this transaction holds, and announce it; who may is checked by the caller.

    Args:
        tx: the transaction.
        committed: gets what lines are told.
        clock: the time, and names for what is announced.
        room: the room.
        who: goes.
        what: ``left`` or ``removed``.
        by: who sent them away; None where they went by themselves.
        now_ms: UTC time in ms.
    """
    heir = await tx.one(q.HEIR, channel_id=room.channel_id, leaver=who.id)
    if heir is None:
        await take_away(tx, committed, room, who.id, now_ms)
        return
    stamp = await tx.stamp()
    await tx.run(q.LEAVE, channel_key=room.channel_id, person_key=who.id, new_at=now_ms, new_by=by, new_stamp=stamp)
    await tx.run(q.COUNT_IN, key=room.channel_id, change=-1, new_stamp=stamp)
    await announce(tx, committed, clock, room.channel_id, who, what)
    if room.owner_id == who.id:
        await _hand_over(tx, committed, clock, room, RoomMember(*heir).author)
    await tell_head(tx, committed, room)
    committed.rooms.add((who.public_id, room.public_id))


async def _hand_over(tx: Transaction, committed: Committed, clock: Clock, room: Room, heir: Author) -> None:
    stamp = await tx.stamp()
    await tx.run(q.SET_OWNER, key=room.channel_id, new_owner=heir.id, new_stamp=stamp)
    await tx.run(q.SET_ROLE, channel_key=room.channel_id, person_key=heir.id, new_role="owner", new_stamp=stamp)
    await announce(tx, committed, clock, room.channel_id, heir, "owner")


async def do_remove_member(engine: Engine, actor: Actor, public_id: str, person: str) -> None:
    """Send somebody out of a room: they come back only when they are asked in.

    The owner may send everybody away, and a moderator whoever is neither.

    Raises:
        Refused: ``not_found``, also for whoever is not in; ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        room = await hold_room(tx, actor, public_id)
        found = await _member(tx, room, person)
        if room.is_direct or found.person_id == actor.person_id or _RANKS[room.role] <= _RANKS[found.role]:
            raise Refused("not_allowed")
        await go(tx, committed, engine.clock, room, found.author, "removed", actor.person_id, now)

    await engine.committer.run(work)


async def _member(tx: Transaction, room: Room, person: str) -> RoomMember:
    row = await tx.one(q.MEMBER, channel_id=room.channel_id, public_id=person) if room.is_in else None
    if row is None:
        raise Refused("not_found")
    return RoomMember(*row)


async def do_set_role(engine: Engine, actor: Actor, public_id: str, person: str, role: RoomRole) -> None:
    """Make a member a moderator of a room, or no longer, or its owner in one's own place: its owner may.

    Raises:
        Refused: ``not_found``; ``not_allowed``, also for one's own role.
    """

    async def work(tx: Transaction, committed: Committed) -> None:
        room = await hold_room(tx, actor, public_id)
        check_owner(room)
        found = await _member(tx, room, person)
        if found.person_id == actor.person_id:
            raise Refused("not_allowed")
        stamp = await tx.stamp()
        if role == "owner":
            await tx.run(
                q.SET_ROLE,
                channel_key=room.channel_id,
                person_key=actor.person_id,
                new_role="moderator",
                new_stamp=stamp,
            )
            await _hand_over(tx, committed, engine.clock, room, found.author)
            await tell_head(tx, committed, room)
        else:
            await tx.run(
                q.SET_ROLE,
                channel_key=room.channel_id,
                person_key=found.person_id,
                new_role=role,
                new_stamp=stamp,
            )

    await engine.committer.run(work)


async def do_invite(engine: Engine, actor: Actor, public_id: str, *, name: str = "", person: str = "") -> str:
    """Ask somebody into a room, by their public id or their name, and return what they are called. Harmless to repeat.

    Into an open room every member may ask, into one by invitation its owner and moderators.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``no_such_member``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> str:
        room = await hold_room(tx, actor, public_id)
        if not room.is_in:
            raise Refused("not_found")
        if not room.may_invite or room.is_direct:
            raise Refused("not_allowed")
        whom = await _person(tx, name, person)
        is_in = await tx.one(q.MEMBER, channel_id=room.channel_id, public_id=whom.public_id) is not None
        # Whoever does not want to hear of somebody is not asked by them, and nobody learns of that.
        if not is_in and await tx.one(q.APART, one=actor.person_id, other=whom.id) is None:
            is_new = await tx.run(
                q.INVITE,
                channel_id=room.channel_id,
                person_id=whom.id,
                invited_by=actor.person_id,
                created_at=now,
            )
            muted = await apart_from(tx, [whom.id], writer_id=actor.person_id, channel_id=room.channel_id)
            if is_new and not muted:
                subject = Subject(actor.person_id, room.channel_id)
                await tell_people(tx, committed, {whom.id: "invitation"}, subject, now_ms=now)
            committed.rooms.add((whom.public_id, room.public_id))
        return whom.name or ""

    asked: str = await engine.committer.run(work)
    return asked


async def _person(tx: Transaction, name: str, person: str) -> Author:
    """Return whoever has this public id or, without one, this name; they have an account that was not deleted."""
    if not person:
        rows = await tx.all(notice_queries.NAMED, names=listed(tx.dialect, [look(name)]))
        person = rows[0][2] if rows else ""
    held = await tx.one(profile_queries.HELD, public_id=person)
    row = None if held is None else await tx.one(q.PERSON, public_id=person)
    if row is None:
        raise Unacceptable("no_such_member")
    return Author(*row)


async def do_decline(engine: Engine, actor: Actor, public_id: str) -> None:
    """Answer an invitation with no. Harmless to repeat.

    Raises:
        Refused: ``not_found``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        room = await find_room(tx, actor, public_id)
        if room.invited_by is None and not room.is_in:
            raise Refused("not_found")
        await tx.run(q.END_INVITATION, channel_id=room.channel_id, person_id=actor.person_id)
        await _see_invitation(tx, committed, actor, room, now)
        committed.rooms.add((actor.public_id, room.public_id))

    await engine.committer.run(work)


async def _see_invitation(tx: Transaction, committed: Committed, actor: Actor, room: Room, now_ms: int) -> None:
    """Who has answered an invitation has seen that they were asked."""
    mine = {"owner_id": actor.person_id, "of_channel": room.channel_id}
    if await tx.run(room_notice_queries.SEE_INVITATION, now=now_ms, new_stamp=await tx.stamp(), **mine):
        committed.notices.add(actor.public_id)


async def list_members(engine: Engine, actor: Actor, public_id: str, page: int = 1) -> tuple[Room, list[RoomMember]]:
    """Return who is in a room, those who are in longest first, and who is there now (S3.08).

    There is one more than :data:`PAGE` where others follow.

    Raises:
        Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> tuple[Room, list[RoomMember]]:
        room = await access_room(tx, actor, public_id)
        rows = await tx.all(q.MEMBERS, channel_id=room.channel_id, limit=PAGE + 1, skipped=(page - 1) * PAGE)
        return room, [RoomMember(*row) for row in rows]

    room, members = await engine.database.read(read)
    here = engine.presence.in_room(room.public_id)
    return room, [member._replace(is_here=member.public_id in here) for member in members]


async def leave_everywhere(
    tx: Transaction, committed: Committed, clock: Clock, people: Sequence[int], now_ms: int
) -> None:
    """Take people whose account is deleted out of every room, as if they had left; a talk of two stays the other's."""
    for person_id in people:
        for public_id, person, name in await tx.all(q.ROOMS_OF, person_id=person_id):
            asker = Actor(person_id, person, frozenset())
            room = await hold_room(tx, asker, public_id)
            if room.is_in:
                who = Author(person_id, person, name)
                await go(tx, committed, clock, room, who, "left", None, now_ms)
