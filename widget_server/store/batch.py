"""One batch of messages, changes and receipts inside one transaction: lock, look up, number, write.

The channels are read (on PostgreSQL: locked) once, in one order; everything is worked out on their rows in memory and
written with a few statements for the whole batch. What an operation may not do becomes its outcome, not an exception: a
refusal never touches its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from widget_server.core import conversation as rules
from widget_server.core.conversation import Status, StatusEvent
from widget_server.core.delivery import Marks, raised
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.times import iso
from widget_server.protocol.effects import Sent
from widget_server.store.attachments import Attachments, take_away
from widget_server.store.database import Row, Transaction
from widget_server.store.heads import public_head, staff_head
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.posting import RoomRules
from widget_server.store.queries import audit, hearing
from widget_server.store.queries import batch as q
from widget_server.store.queries import rooms as room_queries
from widget_server.store.queries.messages import message_state
from widget_server.store.records import (
    ChangeMessage,
    ChannelEvent,
    Committed,
    MarksEvent,
    RaiseMarks,
    SendMessage,
    State,
)

_EVENT_MESSAGES = 50
"""An event carries at most so many messages, so that one hot batch does not become one huge frame."""

_STATUSES: Final[dict[str | None, Status]] = {status.value: status for status in Status}
"""A look here costs a fifth of a call of the enumeration; every channel of every batch has one."""


class _Channel:
    """A channel's row while the batch works on it."""

    __slots__ = (
        "agents", "at", "changed", "happened", "id", "is_heard", "keeps_seen", "kind", "last_seq", "marks_changed",
        "messages", "of_site", "public_id", "repeats", "seen_changed", "site_id",
        "staff_id", "start_seq", "start_version", "state", "status", "status_before", "version", "visitor",
    )  # fmt: skip

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.id, self.public_id, self.kind, self.state, self.last_seq, self.version, self.site_id, self.staff_id = row[
            :8
        ]
        self.status = self.status_before = _STATUSES.get(row[8])
        self.visitor = Marks(row[9] or 0, row[10] or 0)
        self.agents = Marks(row[11] or 0, row[12] or 0)
        self.is_heard = bool(row[13]) and self.kind in {"conversation", "staff"}
        """Whether a webhook wants to know what happens here."""
        self.of_site = row[14]
        self.keeps_seen = bool(row[15])
        """Whether nobody but the visitor is told what they have seen (P6)."""
        self.happened: list[tuple[Any, ...]] = []
        """Rows of the outbox, in the order of ``hearing.NEW_EVENT``."""
        self.start_seq = self.last_seq
        self.start_version = self.version
        self.at = 0
        self.messages: list[State] = []
        self.repeats: list[State] = []
        self.changed = False
        self.marks_changed = False
        """Whether a receipt has raised what everybody may know."""
        self.seen_changed = False
        """Whether a receipt has raised what only the visitor may know."""

    def append(self, op: SendMessage, files: list[State] | None = None) -> tuple[Any, ...]:
        """Take the next numbers for ``op``; the row to insert, in the order of ``q.NEW_MESSAGE``."""
        was_last = self.last_seq
        seq = self.last_seq = was_last + 1
        version = self.version = self.version + 1
        side, at, body = op.side, op.at, op.body
        self.at = at
        self.changed = True
        if self.status is not None:
            self._raise_own(side, was_last)
            event = StatusEvent.VISITOR_WROTE if side == "visitor" else StatusEvent.AGENT_WROTE
            self.status = rules.advance(self.status, event)
        state: State = {
            "seq": seq,
            "client_id": op.client_id,
            "author": op.author.state(side),
            "kind": op.kind,
            "body": body,
            "at": iso(at),
            "version": version,
            "revision": 0,
        }
        if op.parent is not None:
            state["parent"] = op.parent
        if op.after_seq is not None:
            state["after_seq"] = op.after_seq
        if files is not None:
            state["files"] = files
        self.messages.append(state)
        if self.is_heard and op.kind != "system":
            self.tell("message.created" if self.kind == "conversation" else "note.created", seq, at)
        return (
            self.id, seq, op.author.id, side, op.kind, body, op.client_id, op.digest, op.parent, op.after_seq,
            version, version, at,
        )  # fmt: skip

    def _raise_own(self, side: str, was_last: int) -> None:
        """Sending raises one's own side's marks only if they stood at the end."""
        if side == "visitor" and self.visitor.seen == was_last:
            self.visitor = Marks(self.last_seq, self.last_seq)
        elif side == "agent" and self.agents.seen == was_last:
            self.agents = Marks(self.last_seq, self.last_seq)

    def receive(self, op: RaiseMarks) -> None:
        """Raise the side's marks by a receipt. Only a conversation has any: a thread's readers each have their own."""
        if self.status is None:
            return
        before = self.visitor if op.side == "visitor" else self.agents
        after = raised(before, op.delivered, op.seen, self.last_seq)
        if op.side != "visitor":
            self.agents = after
            self.marks_changed |= after != before
            return
        self.visitor = after
        if self.keeps_seen:
            self.seen_changed |= after.seen != before.seen
            self.marks_changed |= after.delivered != before.delivered
        else:
            self.marks_changed |= after != before

    def tell(self, topic: str, seq: int, at: int) -> None:
        """Write down what happened to a message, for webhooks. Its text stays where it is: it may yet be removed."""
        self.happened.append((topic, self.id, self.of_site, f'{{"seq":{seq},"version":{self.version}}}', at))

    def marks(self) -> MarksEvent:
        visitor = self.visitor.without_seen() if self.keeps_seen else self.visitor
        return MarksEvent(self.id, self.public_id, visitor, self.agents)


class _Writer:
    """A member of a room who does something in this batch."""

    __slots__ = ("before", "is_silenced", "marks", "members", "public_id", "role")

    def __init__(self, role: str, public_id: str, marks: Marks, members: int, *, is_silenced: bool) -> None:
        self.role = role
        self.public_id = public_id
        self.marks = self.before = marks
        self.members = members
        self.is_silenced = is_silenced


READERS_MAX: Final = 50
"""In a larger room nobody is told how far each member has come: it would be more than the messages themselves."""

_Writers = dict[tuple[int, int], _Writer]
"""By the keys of the room and of the person: whoever is missing is not in."""

Outcomes = list[tuple["Data", Any]]

Data = SendMessage | ChangeMessage | RaiseMarks

_NO: Final = len(q.MESSAGE_COLUMNS)
_AUTHOR_ID: Final = _NO + 1
_FILES: Final = _NO - 1
"""Behind the columns of a message, in ``q.TO_CHANGE``."""

SKIPPED: Final = object()
"""The outcome of an operation whose channel another transaction holds: nothing of it was written."""


class Contended(Exception):
    """Some channels turned out to be held by others after the work had begun: it must begin again without them."""

    def __init__(self, channel_ids: set[int]) -> None:
        super().__init__(f"{len(channel_ids)} channels are held by another transaction")
        self.channel_ids = channel_ids


async def apply(tx: Transaction, ops: Sequence[Data], committed: Committed, *, wait: bool = True) -> Outcomes:
    """Write ``ops`` (messages, changes, receipts; no functions); what happened goes into ``committed``.

    :param wait: whether to wait for channels that another transaction holds; else their operations are skipped.
    :returns: each operation with a :class:`Sent`, a :class:`ProductError`, :data:`SKIPPED` or, for a receipt, None.
    :raises Contended: not ``wait``, and a staff channel is held whose conversation moved.
    """
    wanted = {op.channel_id for op in ops}
    held = await lock_channels(tx, wanted, wait=wait)
    skipped = set() if wait else wanted.difference(held)
    channels = await _load(tx, held)
    known = await _known(tx, [op.client_id for op in ops if isinstance(op, SendMessage)])
    writers = await _writers(tx, ops, channels)
    attached = await Attachments.load(tx, ops)
    rules = RoomRules(tx)
    inserts: list[tuple[Any, ...]] = []
    readers: dict[tuple[int, int], dict[str, int]] = {}
    outcomes: Outcomes = []
    for op in ops:
        channel = channels.get(op.channel_id)
        if channel is None:
            outcomes.append((op, SKIPPED if op.channel_id in skipped else Refused("not_found")))
        elif channel.kind == "room" and op.side != "system" and _person_of(op) not in writers:
            outcomes.append((op, None if isinstance(op, RaiseMarks) else Refused("not_found")))
        elif isinstance(op, SendMessage):
            outcomes.append((op, await _message(tx, op, channel, known, writers, inserts, attached, rules)))
        elif isinstance(op, RaiseMarks):
            _receive(op, channel, readers, writers)
            outcomes.append((op, None))
        else:
            await _flush_inserts(tx, inserts)
            await attached.bind(tx)
            outcomes.append((op, await _change(tx, op, channel, writers, rules)))
            committed.files |= op.body is None
    await _flush_inserts(tx, inserts)
    await attached.bind(tx)
    _raise_members(writers, channels, readers, committed)
    await _lock_moved(tx, channels.values(), wait=wait)
    await _flush(tx, channels.values(), readers.values(), committed)
    return outcomes


async def _message(
    tx: Transaction,
    op: SendMessage,
    channel: _Channel,
    known: Known,
    writers: _Writers,
    inserts: list[tuple[Any, ...]],
    attached: Attachments,
    rules: RoomRules,
) -> Sent | ProductError:
    first = known.get((op.client_id, op.author.id))
    if first is not None:
        return await _repeat(tx, op, channel, first)
    writer = writers.get((op.channel_id, op.author.id)) if writers else None
    if writer is not None and writer.is_silenced:
        return Refused("silenced", reason="")
    if op.is_ruled and (refusal := await rules.refusal(op.author.id, op.body, op.at)) is not None:
        return refusal
    was_last = channel.last_seq
    outcome = _send(op, channel, known, inserts, attached)
    if writer is not None and writer.marks.seen == was_last:
        writer.marks = Marks(channel.last_seq, channel.last_seq)
    if channel.kind == "staff" and op.kind != "system" and isinstance(outcome, Sent):
        await _record(tx, op, channel, "conversation.noted", channel.last_seq)
    return outcome


def _receive(
    op: RaiseMarks, channel: _Channel, readers: dict[tuple[int, int], dict[str, int]], writers: _Writers
) -> None:
    channel.receive(op)
    if channel.kind == "room":
        writer = writers[op.channel_id, op.person_id]
        writer.marks = raised(writer.marks, op.delivered, op.seen, channel.last_seq)
    elif op.person_id:
        _raise_reader(readers, op, channel.last_seq)


def _person_of(op: Data) -> tuple[int, int]:
    return op.channel_id, op.person_id if isinstance(op, RaiseMarks) else op.author.id


async def _writers(tx: Transaction, ops: Sequence[Data], channels: dict[int, _Channel]) -> _Writers:
    """Whoever does something in a room here, as far as they are in it: looked up while its row is held."""
    pairs = {
        _person_of(op)
        for op in ops
        if (channel := channels.get(op.channel_id)) is not None and channel.kind == "room" and op.side != "system"
    }
    if not pairs:
        return {}
    rows = await tx.all(
        room_queries.WRITERS,
        ids=listed(tx.dialect, sorted({channel_id for channel_id, _ in pairs})),
        people=listed(tx.dialect, sorted({person_id for _, person_id in pairs})),
        now=max((op.at for op in ops if not isinstance(op, RaiseMarks)), default=0),
    )
    return {
        (row[0], row[1]): _Writer(row[2], row[3], Marks(row[4], row[5]), row[6], is_silenced=bool(row[7]))
        for row in rows
    }


def _raise_members(
    writers: _Writers,
    channels: dict[int, _Channel],
    readers: dict[tuple[int, int], dict[str, int]],
    committed: Committed,
) -> None:
    """Keep how far members of rooms have come, and tell it in rooms that are not too large."""
    for (channel_id, person_id), writer in writers.items():
        if writer.marks == writer.before:
            continue
        delivered, seen = writer.marks
        row = {"channel_id": channel_id, "person_id": person_id, "delivered": delivered, "seen": seen}
        readers[channel_id, person_id] = row
        if writer.members <= READERS_MAX:
            committed.readers.setdefault(channels[channel_id].public_id, {})[writer.public_id] = (delivered, seen)


async def _record(tx: Transaction, op: SendMessage | ChangeMessage, channel: _Channel, verb: str, seq: int) -> None:
    """Keep in the audit log what an agent did with a message."""
    await tx.run(
        audit.INSERT,
        at=op.at,
        actor_id=op.author.id,
        verb=verb,
        object_kind="note" if channel.kind == "staff" else "conversation",
        object_id=channel.public_id,
        site_id=channel.site_id or 0,
        board_id=None,
        details=f'{{"seq":{seq}}}',
    )


async def _load(tx: Transaction, ids: Iterable[int]) -> dict[int, _Channel]:
    rows = await tx.all(q.CHANNELS, ids=listed(tx.dialect, list(ids)))
    return {row[0]: _Channel(row) for row in rows}


async def _lock_moved(tx: Transaction, channels: Iterable[_Channel], *, wait: bool) -> None:
    """Take the staff channels of conversations whose status moved: their heads change with it."""
    beside = {c.staff_id: c.id for c in channels if c.changed and c.status is not c.status_before}
    held = await lock_channels(tx, beside, wait=wait)
    if len(held) < len(beside):
        raise Contended({beside[staff_id] for staff_id in beside.keys() - held})


Known = dict[tuple[str, int], tuple[str, Any]]
"""(client id, author) → (digest, the message's ``no``, or the :class:`Sent` of this very batch)."""


async def _known(tx: Transaction, client_ids: list[str]) -> Known:
    if not client_ids:
        return {}
    rows = await tx.all(q.KNOWN, client_ids=listed(tx.dialect, client_ids))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _send(
    op: SendMessage, channel: _Channel, known: Known, inserts: list[tuple[Any, ...]], attached: Attachments
) -> Sent | ProductError:
    if channel.state != "open":
        return Unacceptable("channel_closed")
    if op.files:
        files = attached.take(op)
        if files is None:
            return Unacceptable("no_such_file")
        inserts.append(channel.append(op, files))
        attached.belong(op, channel.id, channel.last_seq)
    else:
        inserts.append(channel.append(op))
    sent = Sent(channel.public_id, op.client_id, channel.last_seq, channel.version, 0, op.at)
    known[op.client_id, op.author.id] = (op.digest, sent)
    return sent


async def _repeat(tx: Transaction, op: SendMessage, channel: _Channel, first: tuple[str, Any]) -> Sent | ProductError:
    """The first ack once more, also after an edit; other content under the same id is a conflict (G03)."""
    digest, found = first
    if digest != op.digest:
        return Unacceptable("conflict")
    if isinstance(found, Sent):
        return found if found.channel == channel.public_id else Unacceptable("conflict")
    row = await tx.one(q.OWN_BY_NUMBER, no=found)
    if row is None or row[-1] != channel.id:
        return Unacceptable("conflict")
    channel.repeats.append(message_state(row))
    return Sent(channel.public_id, op.client_id, row[0], row[-2], 0, row[8])


async def _change(
    tx: Transaction, op: ChangeMessage, channel: _Channel, writers: _Writers, rules: RoomRules
) -> Sent | ProductError:
    row = await tx.one(q.TO_CHANGE, channel_id=channel.id, seq=op.seq)
    refusal = _refusal(op, channel, row, writers)
    if row is None or refusal is not None:
        return refusal or Refused("not_found")
    no, body, at, version, revision, removed_at = row[_NO], row[7], row[8], row[9], row[10], row[11]
    if (op.body is None and removed_at is not None) or (
        op.body is not None and revision == op.revision and body == op.body
    ):
        channel.repeats.append(message_state(row))
        return Sent(channel.public_id, row[1], op.seq, version, revision, at)
    unacceptable = await _unacceptable(op, channel, row, rules)
    if unacceptable is not None:
        return unacceptable
    channel.version += 1
    channel.changed = True
    await tx.run(q.KEEP_REVISION, message_no=no, revision=revision, body=body, person_id=op.author.id, created_at=op.at)
    removed = op.at if op.body is None else None
    await tx.run(
        q.CHANGE_MESSAGE,
        key=no,
        new_body=op.body or "",
        new_revision=revision + 1,
        new_version=channel.version,
        new_removed_at=removed,
        new_removed_by=None if row[_AUTHOR_ID] == op.author.id else op.author.id,
    )
    if op.body is None:
        await take_away(tx, no, row[_FILES], op.at, is_own=row[_AUTHOR_ID] == op.author.id)
    if op.body is None and op.side == "agent":
        await _record(tx, op, channel, "message.removed", op.seq)
    changed = (*row[:7], op.body or "", at, channel.version, revision + 1, removed, *row[12:])
    if removed is not None:
        changed = (*changed[:_FILES], None, *changed[_FILES + 1 :])
    channel.messages.append(message_state(changed))
    if channel.is_heard and channel.kind == "conversation":
        channel.tell("message.edited" if removed is None else "message.removed", op.seq, op.at)
    return Sent(channel.public_id, row[1], op.seq, channel.version, revision + 1, at)


async def _unacceptable(op: ChangeMessage, channel: _Channel, row: Row, rules: RoomRules) -> Unacceptable | None:
    """Why a message that is somebody's to change stays as it is."""
    if row[11] is not None:
        return Unacceptable("removed")
    if row[8] < op.since and (channel.kind != "room" or op.body is not None):
        return Unacceptable("edit_closed", minutes=op.minutes)
    if op.body is None:
        return None
    if op.revision != row[10] + 1:
        return Unacceptable("edit_conflict")
    return await rules.refusal(op.author.id, op.body, op.at) if op.is_ruled else None


def _refusal(op: ChangeMessage, channel: _Channel, row: Row | None, writers: _Writers) -> Refused | None:
    """Why somebody may not change a message at all: it is not theirs. In a room who keeps order takes others' away."""
    if row is None or row[6] == "system":
        return Refused("not_found")
    if row[_AUTHOR_ID] == op.author.id:
        return None
    if channel.kind != "room":
        return Refused("not_found")
    keeps_order = writers[op.channel_id, op.author.id].role in {"owner", "moderator"}
    return None if op.body is None and keeps_order else Refused("not_allowed")


def _raise_reader(readers: dict[tuple[int, int], dict[str, int]], op: RaiseMarks, last_seq: int) -> None:
    own = raised(Marks(), op.delivered, op.seen, last_seq)
    row = readers.setdefault(
        (op.channel_id, op.person_id),
        {"channel_id": op.channel_id, "person_id": op.person_id, "delivered": 0, "seen": 0},
    )
    row["delivered"] = max(row["delivered"], own.delivered)
    row["seen"] = max(row["seen"], own.seen)


async def _flush_inserts(tx: Transaction, inserts: list[tuple[Any, ...]]) -> None:
    if inserts:
        await tx.rows(q.INSERT_MESSAGE, q.NEW_MESSAGE, inserts)
        inserts.clear()


async def _flush(
    tx: Transaction, channels: Iterable[_Channel], readers: Iterable[dict[str, int]], committed: Committed
) -> None:
    advanced = [channel for channel in channels if channel.changed]
    # A conversation without a new message: its row in the lists changes with its marks, and with an edited message.
    touched = [c for c in channels if c.status is not None and not c.at and (c.marks_changed or c.changed)]
    stamp = await tx.stamp() if advanced or touched else 0
    if advanced:
        rows = [(c.last_seq, c.version, stamp, c.id) for c in advanced]
        await tx.rows(q.ADVANCE_CHANNEL, q.ADVANCED_CHANNEL, rows)
    faces = [c for c in advanced if c.status is not None and c.at]
    if faces:
        faced = [(c.status, *c.visitor, *c.agents, c.at, stamp, c.id) for c in faces]
        await tx.rows(q.ADVANCE_CONVERSATION, q.ADVANCED_CONVERSATION, faced)
    await _flush_rooms(tx, [c for c in advanced if c.kind == "room"], stamp, committed)
    if touched:
        await tx.many(q.RAISE_MARKS, [_face(c, stamp) for c in touched])
    kept = [c for c in channels if c.seen_changed and not c.at and not (c.marks_changed or c.changed)]
    if kept:
        await tx.many(q.KEEP_SEEN, [{"key": c.id, "v_seen": c.visitor.seen} for c in kept])
    if readers:
        await tx.many(q.RAISE_READER, readers)
    for channel in channels:
        _publish(channel, committed)
    # After all that the channels bring themselves, so that a staff channel's events stay in order of version.
    for channel in faces:
        if channel.status is not channel.status_before:
            await _tell_staff_of_move(tx, channel, stamp, committed)
    happened = [row for channel in advanced for row in channel.happened]
    if happened:
        await tx.rows(hearing.PUT_EVENTS, hearing.NEW_EVENT, happened)
        committed.leaves = True


async def _flush_rooms(tx: Transaction, rooms: Sequence[_Channel], stamp: int, committed: Committed) -> None:
    spoken = [(channel.at, stamp, channel.id) for channel in rooms if channel.at]
    if spoken:
        await tx.rows(q.ADVANCE_ROOM, q.ADVANCED_ROOM, spoken)
    committed.stirred.update(channel.public_id for channel in rooms)


def _face(channel: _Channel, stamp: int) -> dict[str, Any]:
    return {
        "key": channel.id,
        "v_delivered": channel.visitor.delivered,
        "v_seen": channel.visitor.seen,
        "a_delivered": channel.agents.delivered,
        "a_seen": channel.agents.seen,
        "new_stamp": stamp,
    }


def _publish(channel: _Channel, committed: Committed) -> None:
    if channel.changed:
        head = _moved_public_head(channel)
        version = channel.start_version
        told = channel.marks()
        marks = (*told.visitor, *told.agents)
        for start in range(0, len(channel.messages), _EVENT_MESSAGES):
            part = channel.messages[start : start + _EVENT_MESSAGES]
            to = part[-1]["version"]
            committed.events.append(ChannelEvent(channel.id, channel.public_id, version, to, part, head, marks))
            version, head = to, None
        if channel.site_id is not None:
            committed.sites.add(channel.site_id)
    if channel.repeats:
        committed.events.append(
            ChannelEvent(channel.id, channel.public_id, channel.version, channel.version, channel.repeats)
        )
    if channel.seen_changed:
        committed.places[channel.public_id] = channel.visitor.seen
    if channel.marks_changed:
        committed.marks.append(channel.marks())
        if channel.site_id is not None:
            committed.sites.add(channel.site_id)


def _moved_public_head(channel: _Channel) -> State | None:
    """The public head, where a message moved the status and visitors may know: it rides on that message's version."""
    if channel.status is channel.status_before or not channel.status or not channel.status_before:
        return None
    after = rules.public_status(channel.status)
    return public_head(after) if after != rules.public_status(channel.status_before) else None


async def _tell_staff_of_move(tx: Transaction, channel: _Channel, stamp: int, committed: Committed) -> None:
    """A message has moved the conversation's status: the head that the staff see changes too."""
    if channel.status_before is Status.SNOOZED:
        await tx.run(q.CLEAR_SNOOZE, key=channel.id)
    head = await staff_head_changed(tx, channel.id, stamp, committed)
    if channel.is_heard:
        channel.happened.append(conversation_changed(channel.id, channel.of_site, head, channel.at))


def conversation_changed(channel_id: int, site_id: int, head: State, at: int) -> tuple[Any, ...]:
    """The row of the outbox, in the order of ``hearing.NEW_EVENT``, that tells of a status or an assignee."""
    told = {name: head[name] for name in ("status", "assignee", "snoozed_until")}
    return ("conversation.changed", channel_id, site_id, orjson.dumps(told).decode(), at)


async def staff_head_changed(tx: Transaction, conversation_id: int, stamp: int, committed: Committed) -> State:
    """Raise the staff channel's version after its head changed, publish the new head, and return it.

    The caller holds the staff channel (:func:`lock_channels`).
    """
    staff = await staff_head(tx, conversation_id)
    version = staff.version + 1
    await tx.run(q.ADVANCE_CHANNEL, key=staff.channel_id, seq=staff.last_seq, to_version=version, new_stamp=stamp)
    committed.events.append(ChannelEvent(staff.channel_id, staff.public_id, staff.version, version, [], staff.head))
    return staff.head
