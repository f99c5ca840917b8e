"""Rooms: the doors to them, beginning, changing and deleting one. A room is the face of a channel with members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from widget_server.actions.beginnings import check_unused
from widget_server.actions.retention import do_empty_rooms
from widget_server.actions.thread_heads import next_version
from widget_server.core import ids
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.permissions import Permission, may
from widget_server.core.text import check_line, check_lines, fold
from widget_server.store.batch import apply
from widget_server.store.heads import room_head
from widget_server.store.installation import hold_value
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.queries import batch as batch_queries
from widget_server.store.queries import rooms as q
from widget_server.store.records import Author, ChannelEvent, SendMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Clock, Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import Committed

NAME_CHARS: Final = 60
DESCRIPTION_CHARS: Final = 500
CAPACITY: Final = 2
"""The least that a room may hold, and what it holds unless somebody says otherwise (S3.03)."""
CAPACITY_MAX: Final = 10_000
ROOMS_MAX: Final = 200
"""In so many rooms one may be: the side list and the scopes of a search name all of them."""
DAILY: Final = 50
"""Rooms that one member begins in a day."""
_DAY_MS: Final = 86_400_000
_SLICES: Final = 20
_NAMES: Final = "room_names"
"""Whoever gives a room its name, or begins a talk of two, holds it, so that two do not take one at once."""

Access = Literal["open", "invited", "direct"]
CHOICES: Final[tuple[Access, ...]] = get_args(Access)[:2]
"""Who may come in: every member, or whoever was asked. ``direct`` is a talk of two."""
RoomRole = Literal["owner", "moderator", "member"]


class Room(NamedTuple):
    """A room, and who asks in it."""

    channel_id: int
    public_id: str
    state: str
    first_seq: int
    last_seq: int
    version: int
    name: str
    description: str
    access: Access
    capacity: int
    members: int
    owner_id: int
    owner_public_id: str
    owner_name: str | None
    owner_picture: str | None
    created_at: int
    activity_at: int
    removed_at: int | None
    role: RoomRole | None
    """Of who asks; see :attr:`is_in`."""
    joined_at: int | None
    left_at: int | None
    removed_by: int | None
    invited_by: int | None
    seen: int
    """How far who asks has read it."""
    other_public_id: str | None = None
    other_name: str | None = None
    other_picture: str | None = None
    last_said: str | None = None
    """In one's own list: what was last written, unless that is removed or only tells that somebody came or went."""
    last_by: str | None = None
    """Who wrote it."""

    @property
    def is_in(self) -> bool:
        """Whether who asks is in the room."""
        return self.removed_at is None and self.joined_at is not None and self.left_at is None

    @property
    def is_direct(self) -> bool:
        """Whether it is a talk of two."""
        return self.access == "direct"

    @property
    def keeps_order(self) -> bool:
        """Whether who asks may send others away and remove what they wrote."""
        return self.is_in and not self.is_direct and self.role in {"owner", "moderator"}

    @property
    def is_owner(self) -> bool:
        """Whether it is the room of who asks."""
        return self.is_in and not self.is_direct and self.role == "owner"

    @property
    def may_invite(self) -> bool:
        """Whether who asks may ask others in: into an open room every member may."""
        return self.is_in and (self.access == "open" or self.keeps_order)

    @property
    def unread(self) -> int:
        """How many messages stand behind what was read."""
        return max(0, self.last_seq - self.seen)

    @property
    def title(self) -> str:
        """What it is called by who asks: a talk of two by the other one's name."""
        return (self.other_name or "") if self.is_direct else self.name

    @property
    def path(self) -> str:
        """Its address."""
        return f"/rooms/{self.public_id}"


def room_of(row: Row) -> Room:
    """Return the room of a row of ``queries.rooms.ROOM_COLUMNS``."""
    return Room(*row)


async def access_room(tx: Transaction, actor: Actor, public_id: str) -> Room:
    """Return a room that ``actor`` is in.

    Raises:
        Refused: ``not_found``, also for one that is there for others (S3.11).
    """
    room = await find_room(tx, actor, public_id)
    if not room.is_in:
        raise Refused("not_found")
    return room


async def find_room(tx: Transaction, actor: Actor, public_id: str) -> Room:
    """Return a room whoever is in it: for joining it, and for what asks its own questions.

    Raises:
        Refused: ``not_found``, also for a guest.
    """
    row = await tx.one(q.BY_PUBLIC_ID, public_id=public_id, asker=actor.person_id)
    if row is None or not actor.person_id:
        raise Refused("not_found")
    room = room_of(row)
    if room.removed_at is not None:
        raise Refused("not_found")
    return await with_other(tx, room, actor.person_id)


async def with_other(tx: Transaction, room: Room, asker: int) -> Room:
    """Return a talk of two with the other one in it; another room as it is."""
    if not room.is_direct:
        return room
    other = await tx.one(q.OTHER, channel_id=room.channel_id, asker=asker)
    return room if other is None else room._replace(
        other_public_id=other[1], other_name=other[2], other_picture=other[3]
    )  # fmt: skip


async def hold_room(tx: Transaction, actor: Actor, public_id: str) -> Room:
    """As :func:`find_room`, once this transaction holds the room's channel: nobody comes or goes meanwhile."""
    await lock_channels(tx, [(await find_room(tx, actor, public_id)).channel_id])
    return await find_room(tx, actor, public_id)


def can_write(actor: Actor, room: Room) -> bool:
    """Whether ``actor`` may write in the room."""
    return room.is_in and room.state == "open" and may(actor, Permission.REPLY)


async def is_apart(tx: Transaction, room: Room, asker: int) -> bool:
    """Whether a talk of two is over because one of them ignores the other, or has no account any more."""
    if not room.is_direct:
        return False
    other = await tx.one(q.OTHER, channel_id=room.channel_id, asker=asker)
    if other is None or other[4] is not None:
        return True
    return await tx.one(q.APART, one=asker, other=other[0]) is not None


class RoomText(NamedTuple):
    """What somebody writes and chooses of a room, checked."""

    name: str
    description: str = ""
    capacity: int = CAPACITY
    access: Access = "open"


def check_room_name(name: str) -> str:
    """Return what a room is called. Raises ``Unacceptable``."""
    checked = check_line(name, NAME_CHARS, required=True)
    if not fold(checked):
        raise Unacceptable("line_empty")
    return checked


def check_room_description(text: str) -> str:
    """Return what a room says of itself. Raises ``Unacceptable``."""
    return check_lines(text, DESCRIPTION_CHARS)


def check_capacity(text: str) -> int:
    """Return how many a room holds.

    Raises:
        Unacceptable: ``bad_number``.
    """
    if text.isascii() and text.isdigit() and len(text) <= len(str(CAPACITY_MAX)):
        number = int(text)
        if CAPACITY <= number <= CAPACITY_MAX:
            return number
    raise Unacceptable("bad_number", least=CAPACITY, most=CAPACITY_MAX)


def check_access(chosen: str) -> Access:
    """Return who may come in.

    Raises:
        Unacceptable: ``bad_choice``.
    """
    for known in CHOICES:
        if known == chosen:
            return known
    raise Unacceptable("bad_choice")


def author_of(account: Account) -> Author:
    """Return an account as the author of what it does: whatever a client says of itself (S3.12)."""
    return Author(account.person_id, account.public_id, account.name, account.picture)


async def do_begin_room(engine: Engine, account: Account, text: RoomText, client_id: str) -> Room:
    """Begin a room and be its first member (S3.03). Harmless to repeat with the same ``client_id`` (a UUIDv7).

    Raises:
        Refused: ``not_allowed``.
        Unacceptable: ``taken`` for the name; ``too_many`` for whoever is in :data:`ROOMS_MAX`; ``conflict`` where
            something else was begun under this id.
        TryLater: ``rate_limited`` for whoever began :data:`DAILY` of them in a day.
    """
    now, actor, owner = engine.clock.now_ms(), account.actor, author_of(account)
    public_id = engine.clock.uuid()

    async def work(tx: Transaction, committed: Committed) -> Room:
        row = await tx.one(q.BY_CLIENT_ID, creator_id=owner.id, client_id=client_id, asker=owner.id)
        if row is not None:
            return room_of(row)
        if not may(actor, Permission.WRITE):
            raise Refused("not_allowed")
        await _check_few(tx, owner.id, now)
        await check_room_for_more(tx, owner.id)
        await check_unused(tx, owner.id, client_id)
        folded = await _check_name_free(tx, text.name)
        key = await put_room(tx, owner, text, folded, None, (public_id, client_id), now)
        await enter(tx, key, owner.id, "owner", now)
        await announce(tx, committed, engine.clock, key, owner, "created")
        committed.rooms.add((owner.public_id, public_id))
        return await find_room(tx, actor, public_id)

    begun: Room = await engine.committer.run(work)
    return begun


async def put_room(
    tx: Transaction,
    owner: Author,
    text: RoomText,
    folded: str | None,
    pair: str | None,
    names: tuple[str, str],
    now_ms: int,
) -> int:
    """Write a room without members down, and return its key.

    Args:
        tx: the transaction.
        owner: whose it is.
        text: what it is called, and whom it takes.
        folded: its name as it is compared; None for a talk of two.
        pair: of a talk of two, whose it is.
        names: its public id, and the key of the form that made it.
        now_ms: UTC time in ms.
    """
    stamp = await tx.stamp()
    made = await tx.one(
        q.INSERT_CHANNEL,
        public_id=names[0],
        creator_id=owner.id,
        client_id=names[1],
        created_at=now_ms,
        stamp=stamp,
    )
    key = int(made[0]) if made else 0
    await tx.run(
        q.INSERT,
        channel_id=key,
        name=text.name,
        folded_name=folded,
        description=text.description,
        access=text.access,
        capacity=text.capacity,
        owner_id=owner.id,
        pair=pair,
        created_at=now_ms,
        stamp=stamp,
    )
    return key


async def enter(tx: Transaction, channel_id: int, person_id: int, role: RoomRole, now_ms: int) -> None:
    """Put somebody into a room that this transaction holds. That there is a place is checked by the caller.

    The database refuses one too many.
    """
    stamp = await tx.stamp()
    await tx.run(q.COUNT_IN, key=channel_id, change=1, new_stamp=stamp)
    await tx.run(q.ENTER, channel_id=channel_id, person_id=person_id, role=role, joined_at=now_ms, stamp=stamp)
    await tx.run(q.END_INVITATION, channel_id=channel_id, person_id=person_id)


async def announce(
    tx: Transaction, committed: Committed, clock: Clock, channel_id: int, who: Author, what: str
) -> None:
    """Write into a room that somebody came or went, once, in the transaction in which they did (S3.09).

    ``what`` is ``created``, ``joined``, ``left``, ``removed`` or ``owner``: whoever shows it says it in words. They
    have read it themselves.
    """
    now = clock.now_ms()
    client_id = clock.uuid()
    digest = ids.digest(what)
    op = SendMessage(channel_id, who, "system", client_id, digest, "system", what, None, None, now, lambda _: None)
    ((_, outcome),) = await apply(tx, [op], committed)
    if isinstance(outcome, Exception):
        raise outcome
    if what in {"created", "joined"}:
        await tx.run(
            batch_queries.RAISE_READER,
            channel_id=channel_id,
            person_id=who.id,
            delivered=outcome.seq,
            seen=outcome.seq,
        )


async def tell_head(tx: Transaction, committed: Committed, room: Room) -> None:
    """Tell everyone who is in a room what it is like now: its name, how many are in, whose it is."""
    version = await next_version(tx, room.channel_id)
    head = await room_head(tx, room.channel_id)
    committed.events.append(ChannelEvent(room.channel_id, room.public_id, version - 1, version, [], head))


async def tell_lists(tx: Transaction, committed: Committed, room: Room) -> None:
    """Tell all members of a room that their list of rooms shows something else now."""
    committed.rooms |= {(row[0], room.public_id) for row in await tx.all(q.MEMBER_IDS, channel_id=room.channel_id)}


async def do_change_room(engine: Engine, actor: Actor, public_id: str, text: RoomText) -> Room:
    """Change what a room is called, and whom it takes: its owner may.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``taken`` for the name; ``room_has_more`` for fewer places than there are members.
    """

    async def work(tx: Transaction, committed: Committed) -> Room:
        await hold_value(tx, _NAMES)
        room = await hold_room(tx, actor, public_id)
        check_owner(room)
        folded = await _check_name_free(tx, text.name, owner=room.channel_id)
        if text.capacity < room.members:
            raise Unacceptable("room_has_more", members=room.members)
        await tx.run(
            q.CHANGE,
            key=room.channel_id,
            new_name=text.name,
            new_folded_name=folded,
            new_description=text.description,
            new_access=text.access,
            new_capacity=text.capacity,
            new_stamp=await tx.stamp(),
        )
        await tell_head(tx, committed, room)
        await tell_lists(tx, committed, room)
        return await access_room(tx, actor, public_id)

    changed: Room = await engine.committer.run(work)
    return changed


def check_owner(room: Room) -> None:
    """See that who asks may do what only a room's owner may.

    Raises:
        Refused: ``not_found`` for whoever is not in; ``not_allowed``.
    """
    if not room.is_in:
        raise Refused("not_found")
    if not room.is_owner:
        raise Refused("not_allowed")


async def do_delete_room(engine: Engine, actor: Actor, public_id: str) -> None:
    """Delete a room of one's own: everybody is out of it, and nobody reads it any more (S3.19).

    What was written in it goes from the store too; of a very large room what is left goes with what is old
    (:mod:`widget_server.workers.retention`).

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """

    async def work(tx: Transaction, committed: Committed) -> None:
        room = await hold_room(tx, actor, public_id)
        check_owner(room)
        await take_away(tx, committed, room, actor.person_id, engine.clock.now_ms())

    await engine.committer.run(work)
    for _ in range(_SLICES):
        if not await do_empty_rooms(engine):
            return


async def take_away(tx: Transaction, committed: Committed, room: Room, by: int, now_ms: int) -> None:
    """Take a room away that this transaction holds; who may is checked by the caller."""
    await tell_lists(tx, committed, room)
    stamp = await tx.stamp()
    await tx.run(q.END_INVITATIONS, channel_id=room.channel_id)
    await tx.run(q.LEAVE_ALL, channel_key=room.channel_id, new_at=now_ms, new_stamp=stamp)
    await tx.run(q.REMOVE, key=room.channel_id, new_at=now_ms, new_by=by, new_stamp=stamp)
    await tx.run(q.CLOSE_CHANNEL, key=room.channel_id, new_stamp=stamp)


async def _check_few(tx: Transaction, person_id: int, now_ms: int) -> None:
    row = await tx.one(q.BEGUN_SINCE, person_id=person_id, after=now_ms - _DAY_MS)
    if row is not None and row[0] >= DAILY:
        raise TryLater("rate_limited", _DAY_MS // 24)


async def check_room_for_more(tx: Transaction, person_id: int) -> None:
    """See that somebody may be in one more room.

    Raises:
        Unacceptable: ``too_many``.
    """
    row = await tx.one(q.COUNT_MINE, person_id=person_id)
    if row is not None and row[0] >= ROOMS_MAX:
        raise Unacceptable("too_many", limit=ROOMS_MAX)


async def _check_name_free(tx: Transaction, name: str, *, owner: int = 0) -> str:
    """Return a name as it is compared, held for this transaction, where no other room has it."""
    await hold_value(tx, _NAMES)
    folded = fold(name)
    row = await tx.one(q.BY_NAME, folded_name=folded, asker=0)
    if row is not None and row[0] != owner:
        raise Unacceptable("taken")
    return folded


async def hold_names(tx: Transaction) -> None:
    """Hold the names of rooms and the pairs of talks, so that two do not begin one at once."""
    await hold_value(tx, _NAMES)


async def still_in(db: Database, rooms: Sequence[str], people: Sequence[int]) -> set[tuple[str, int]]:
    """Of these people (by key) return who is in which of these rooms (by public name)."""

    async def read(tx: Transaction) -> set[tuple[str, int]]:
        names, keys = listed(tx.dialect, list(rooms)), listed(tx.dialect, list(people))
        return {(row[0], row[1]) for row in await tx.all(q.STILL_IN, names=names, people=keys)}

    return await db.read(read)
