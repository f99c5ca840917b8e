"""What is written in a room, as its page shows it: a page of its messages, and writing without a live line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.access import access_channel
from widget_server.actions.actors import Reader
from widget_server.actions.messages import do_edit, do_receipt, do_remove, do_send, outcome_of, page_of
from widget_server.actions.room_lists import own_list
from widget_server.actions.rooms import Room, access_room, author_of, can_write, is_apart
from widget_server.core.errors import Refused
from widget_server.core.text import check_body
from widget_server.protocol import frames as f
from widget_server.store.queries import messages as mq

if TYPE_CHECKING:
    from widget_server.actions.access import Access
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.messages import Page
    from widget_server.core.permissions import Actor
    from widget_server.protocol.effects import Sent
    from widget_server.store.database import Row, Transaction

SHOWN: Final = 50
"""Messages on a page."""
_AFTER: Final = 10
"""So many messages a page shows behind the one that was looked for."""


class RoomMessage(NamedTuple):
    """One message as a room's page shows it."""

    seq: int
    author_id: str
    name: str | None
    picture: str | None
    body: str
    at: int
    revision: int
    is_own: bool
    is_removed: bool
    is_system: bool
    """Whether it only tells that somebody came or went; ``body`` is then the key of what it says."""
    carried: list[dict[str, Any]]
    """The files of it, as they go on the wire."""


class RoomLog(NamedTuple):
    """A room with a page of its messages, in order of time, and the other rooms of who reads."""

    room: Room
    messages: list[RoomMessage]
    rooms: list[Room]
    """The side list."""
    may_write: bool
    at: int | None
    """The message that was looked for."""

    @property
    def first(self) -> int:
        """The place of the first message on the page."""
        return self.messages[0].seq if self.messages else self.room.last_seq + 1

    @property
    def last(self) -> int:
        """The place of the last one."""
        return self.messages[-1].seq if self.messages else self.room.last_seq

    @property
    def has_older(self) -> bool:
        """Whether older ones stand before the page."""
        return self.first > self.room.first_seq

    @property
    def is_tail(self) -> bool:
        """Whether nothing stands behind the page."""
        return self.last >= self.room.last_seq


async def read_log(
    tx: Transaction, account: Account, public_id: str, *, before: int | None = None, at: int | None = None
) -> RoomLog:
    """Return the newest messages of a room, those before ``before``, or those around ``at``.

    Raises:
        Refused: ``not_found`` for whoever is not in (S3.11).
    """
    actor = account.actor
    room = await access_room(tx, actor, public_id)
    end = room.last_seq + 1 if before is None else before
    if at is not None:
        end = min(at + _AFTER, room.last_seq) + 1
    rows = await tx.all(mq.BEFORE, channel_id=room.channel_id, before=end, limit=SHOWN)
    messages = [_message(row, account.public_id) for row in reversed(rows)]
    may_write = can_write(actor, room) and not await is_apart(tx, room, actor.person_id)
    return RoomLog(room, messages, await own_list(tx, actor), may_write, at)


def _message(row: Row, own: str) -> RoomMessage:
    return RoomMessage(
        seq=row[0],
        author_id=row[2],
        name=row[3],
        picture=row[4],
        body=row[7],
        at=row[8],
        revision=row[10],
        is_own=row[2] == own and row[6] != "system",
        is_removed=row[11] is not None,
        is_system=row[6] == "system",
        carried=[] if row[15] is None else orjson.loads(row[15]),
    )


async def list_written(
    engine: Engine, actor: Actor, public_id: str, *, after: int | None, before: int | None, limit: int
) -> Page:
    """Return messages of a room: the first ones behind ``after``, else the last ones before ``before``.

    Raises:
        Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> Page:
        room = await access_room(tx, actor, public_id)
        return await page_of(tx, room.channel_id, after=after, before=before, limit=limit)

    return await engine.database.read(read)


async def do_write(
    engine: Engine, account: Account, public_id: str, client_id: str, body: str, files: tuple[str, ...] = ()
) -> Sent:
    """Write into a room; the same ``client_id`` (a UUIDv7) writes once. It is shown to nobody before it is stored.

    Raises:
        Refused: ``not_found``, ``not_allowed``, ``silenced``.
        Unacceptable: what is wrong with the text; ``conflict``.
        TryLater: ``busy``.
    """
    text = check_body(body, engine.policy.message_chars, required=not files)
    frame = f.Send(t="send", ref=0, client_id=client_id, channel=public_id, body=text, files=files)
    reader, access = await _entered(engine, account, public_id)
    return await outcome_of(lambda answer: do_send(engine, reader, access, frame, answer))


async def do_rewrite(engine: Engine, account: Account, public_id: str, seq: int, revision: int, body: str) -> Sent:
    """Give one's own message another text; ``revision`` is the one that this makes.

    Raises:
        ProductError: what the log refuses: ``not_found``, ``edit_closed``, ``edit_conflict``, ``removed``.
    """
    text = check_body(body, engine.policy.message_chars)
    frame = f.Edit(t="edit", ref=0, channel=public_id, seq=seq, revision=revision, body=text)
    reader, access = await _entered(engine, account, public_id)
    return await outcome_of(lambda answer: do_edit(engine, reader, access, frame, answer))


async def do_take_back(engine: Engine, account: Account, public_id: str, seq: int) -> Sent:
    """Remove one's own message, or as who keeps order in the room somebody else's (S3.19).

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    frame = f.Remove(t="remove", ref=0, channel=public_id, seq=seq)
    reader, access = await _entered(engine, account, public_id)
    return await outcome_of(lambda answer: do_remove(engine, reader, access, frame, answer))


async def do_see(engine: Engine, account: Account, public_id: str, seq: int) -> None:
    """The member has seen the room up to ``seq``.

    Raises:
        Refused: ``not_found``.
        TryLater: ``busy``.
    """
    reader, access = await _entered(engine, account, public_id)
    receipt = f.Receipt(t="receipt", channel=public_id, epoch=engine.epoch, delivered=seq, seen=seq)
    do_receipt(engine, reader, access, receipt)


async def _entered(engine: Engine, account: Account, public_id: str) -> tuple[Reader, Access]:
    reader = Reader(author_of(account), account.actor)
    door = await engine.database.read(lambda tx: access_channel(tx, reader, public_id))
    if door.access.kind != "room":
        raise Refused("not_found")
    return reader, door.access
