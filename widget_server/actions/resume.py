"""Bringing a client up to date: exactly what ``docs/protocol.md`` draws, from one snapshot (G05, G09)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from widget_server.actions.access import Access, Door, access_channel
from widget_server.actions.actors import Actor
from widget_server.core.conversation import Status, public_status
from widget_server.core.errors import Refused
from widget_server.hub.switchboard import NO_MARKS, AllMarks, Missed, Published
from widget_server.protocol import encode
from widget_server.protocol.encode import RESUME_MAX
from widget_server.protocol.frames import Position
from widget_server.protocol.session import Opened
from widget_server.store.batch import READERS_MAX
from widget_server.store.database import Database, Transaction
from widget_server.store.heads import public_head, readers_of, room_head, staff_head, thread_head
from widget_server.store.lists import listed
from widget_server.store.queries import channels as channel_queries
from widget_server.store.queries import messages as q
from widget_server.store.queries.messages import message_state
from widget_server.store.records import State

FRESH: Final = 50
"""How many of the newest messages a client without a position is given; fewer where they are very large."""
_FRAME_MESSAGES: Final = 100


class Resumed(NamedTuple):
    """What is sent, and the access that was found (None: gone)."""

    opened: Opened
    access: Access | None
    result: str
    """``fresh``, ``recovered``, ``reset`` or ``gone``, for the measures."""
    marks: AllMarks = NO_MARKS
    """As the head tells them."""


async def resume(
    tx: Transaction, actor: Actor, epoch: str, public_id: str, position: Position | None, ref: int | None = None
) -> Resumed:
    """Everything between a client's position in a channel and the present, as frames ready to send."""
    try:
        door = await access_channel(tx, actor, public_id)
    except Refused:
        return Resumed(
            Opened(public_id, [encode.dumps(_with_ref({"t": "gone", "channel": public_id}, ref))], None), None, "gone"
        )
    reason = _reset_reason(position, door, epoch)
    messages: Sequence[State] | None = None
    if position is not None and reason is None and (position.version, position.last) != (0, 0):
        messages = await _missed(tx, door, position)
        if len(encode.fitting(messages)) < len(messages):
            messages, reason = None, "too_many"
    frames: list[bytes] = []
    if reason is not None:
        frames.append(encode.dumps({"t": "reset", "channel": public_id, "reason": reason}))
    frames.append(await _head_frame(tx, door, epoch))
    result = "recovered"
    if messages is None:
        result = "fresh" if reason is None else "reset"
        messages = encode.fitting(await _newest(tx, door))
    for start in range(0, len(messages), _FRAME_MESSAGES):
        part = messages[start : start + _FRAME_MESSAGES]
        frames.append(encode.dumps({"t": "messages", "channel": public_id, "messages": part}))
    frames.append(encode.dumps(_with_ref({"t": "synced", "channel": public_id, "version": door.version}, ref)))
    visitor, agents = door.told
    marks = (*visitor, *agents) if door.access.kind == "conversation" else NO_MARKS
    return Resumed(Opened(public_id, frames, door.version), door.access, result, marks)


def _with_ref(frame: State, ref: int | None) -> State:
    return frame if ref is None else {**frame, "ref": ref}


def _reset_reason(position: Position | None, door: Door, epoch: str) -> str | None:
    if position is None or (position.version == 0 and position.last == 0):
        return None
    if position.epoch != epoch:
        return "epoch"
    if position.version > door.version or position.last > door.last_seq:
        return "ahead"
    if door.version - position.version > RESUME_MAX:
        return "too_many"
    return None


async def _head_frame(tx: Transaction, door: Door, epoch: str) -> bytes:
    access = door.access
    frame: State = {
        "t": "head",
        "channel": access.public_id,
        "epoch": epoch,
        "version": door.version,
        "first_seq": door.first_seq,
        "last_seq": door.last_seq,
        "state": door.state,
    }
    if access.kind == "staff":
        frame["head"] = (await staff_head(tx, access.conversation_id)).head
    elif access.kind == "thread":
        frame["head"] = await thread_head(tx, access.channel_id)
    elif access.kind == "room":
        frame["head"] = head = await room_head(tx, access.channel_id)
        if head["members"] <= READERS_MAX:
            frame["readers"] = await readers_of(tx, access.channel_id)
    else:
        frame["head"] = public_head(public_status(Status(door.status)))
        visitor, agents = door.told
        frame["marks"] = {"visitor": encode.side_marks(visitor), "agents": encode.side_marks(agents)}
        if access.side == "agent":
            frame["staff"] = access.staff
        elif door.keeps_seen:
            frame["seen"] = door.visitor.seen
    return encode.dumps(frame)


async def _newest(tx: Transaction, door: Door) -> list[State]:
    rows = await tx.all(q.BEFORE, channel_id=door.access.channel_id, before=door.last_seq + 1, limit=FRESH)
    return [message_state(row) for row in reversed(rows)]


async def _missed(tx: Transaction, door: Door, position: Position) -> list[State]:
    if position.version == door.version:
        return []
    channel_id = door.access.channel_id
    rows = []
    if position.tail and position.last < door.last_seq:
        rows = await tx.all(q.AFTER, channel_id=channel_id, after=position.last, limit=RESUME_MAX)
    if door.version - position.version > len(rows):
        rows += await tx.all(
            q.CHANGED,
            channel_id=channel_id,
            version=position.version,
            first=position.first,
            last=position.last,
            limit=RESUME_MAX,
        )
    return [message_state(row) for row in rows]


async def refill(database: Database, public_id: str, version: int) -> Missed:
    """What a channel brought after ``version``, as one event for all listeners of the node; None: too much, or gone."""

    async def read(tx: Transaction) -> Missed:
        row = await tx.one(channel_queries.HEAD, public_id=public_id)
        if row is None or row[3] < version or row[3] - version > RESUME_MAX:
            return Missed(None)
        channel_id, kind, last_seq, present, beside_id, status = row[:6]
        after = max(0, last_seq - (present - version))
        rows = await tx.all(q.HOLE_NEW, channel_id=channel_id, after=after, version=version, limit=RESUME_MAX)
        changed = await tx.all(q.SINCE_VERSION_CHANGED, channel_id=channel_id, version=version, limit=RESUME_MAX)
        messages = {row[0]: message_state(row) for row in [*rows, *changed]}
        if kind == "staff":
            head = (await staff_head(tx, beside_id)).head
        elif kind == "thread":
            head = await thread_head(tx, channel_id)
        elif kind == "room":
            head = await room_head(tx, channel_id)
        else:
            head = public_head(public_status(Status(status)))
        ordered = [messages[seq] for seq in sorted(messages)]
        if len(encode.fitting(ordered)) < len(ordered):
            return Missed(None)
        data = encode.event(public_id, version, present, ordered, head)
        return Missed(Published(public_id, version, present, data, row[6:] if kind == "conversation" else NO_MARKS))

    return await database.read(read)


async def present(database: Database, public_ids: Sequence[str]) -> list[tuple[str, int, AllMarks]]:
    """Where channels stand now: public name, version and marks of those that there are."""

    async def read(tx: Transaction) -> list[tuple[str, int, AllMarks]]:
        rows = await tx.all(channel_queries.PRESENT, names=listed(tx.dialect, public_ids))
        return [(row[0], row[1], (row[2], row[3], row[4], row[5])) for row in rows]

    return await database.read(read)
