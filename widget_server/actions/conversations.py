"""What agents do with a conversation: its status, who has it, and waking those that were put to sleep."""

from __future__ import annotations

from typing import Any

import orjson

from widget_server.actions.access import Access, access_assignee, access_channel
from widget_server.actions.actors import Agent
from widget_server.actions.audit import record
from widget_server.actions.engine import Engine
from widget_server.core import conversation as rules
from widget_server.core.conversation import Status, StatusEvent
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.times import from_iso, iso
from widget_server.protocol import frames as f
from widget_server.store.batch import apply, conversation_changed, staff_head_changed
from widget_server.store.database import Transaction
from widget_server.store.heads import public_head
from widget_server.store.locks import lock_channels
from widget_server.store.queries import batch as bq
from widget_server.store.queries import conversations as q
from widget_server.store.queries import hearing
from widget_server.store.records import Author, ChannelEvent, Committed, SendMessage, State

_SNOOZE_MAX_MS = 366 * 86_400_000


def check_until(frame: f.SetStatus, now: int) -> int | None:
    """When a snooze ends, in UTC ms; None for every other status.

    :raises Unacceptable: ``bad_value`` for a missing, past or far time, or one where none belongs.
    """
    if frame.status != "snoozed":
        if frame.until is not None:
            raise Unacceptable("bad_value", field="until")
        return None
    try:
        until = from_iso(frame.until or "")
    except ValueError:
        raise Unacceptable("bad_value", field="until") from None
    if not now < until <= now + _SNOOZE_MAX_MS:
        raise Unacceptable("bad_value", field="until")
    return until


async def do_set_status(engine: Engine, agent: Agent, frame: f.SetStatus) -> None:
    """Set a conversation's status. Setting what already holds changes nothing.

    :raises Refused: ``not_found``.
    """
    now = engine.clock.now_ms()
    until = check_until(frame, now)
    event = rules.COMMAND_FOR[Status(frame.status)]
    note_id = engine.clock.uuid()

    async def work(tx: Transaction, result: Committed) -> None:
        access = await _access(tx, agent, frame.channel)
        await _move(tx, access.conversation_id, event, until, _Note(agent.author, note_id, now), now, result)

    await engine.committer.run(work)


async def do_assign(engine: Engine, agent: Agent, frame: f.Assign) -> None:
    """Give a conversation to an agent or to nobody. Assigning whom it already has changes nothing.

    :raises Refused: ``not_found`` for the conversation or the agent.
    """
    now = engine.clock.now_ms()
    note_id = engine.clock.uuid()

    async def work(tx: Transaction, result: Committed) -> None:
        access = await _access(tx, agent, frame.channel)
        assignee: Author | None = None
        if frame.assignee is not None:
            assignee = await access_assignee(tx, frame.assignee, access.site_id)
        row = await _held(tx, access.conversation_id)
        if row[1] == (assignee.id if assignee else None):
            return
        stamp = await tx.stamp()
        await tx.run(
            q.SET_ASSIGNEE,
            key=access.conversation_id, new_assignee=assignee.id if assignee else None, new_stamp=stamp,
        )  # fmt: skip
        told = assignee.state("agent") if assignee else None
        await _Note(agent.author, note_id, now).write(tx, row[3], row[7], {"event": "assigned", "to": told}, result)
        await record(
            tx,
            agent.author.id,
            "conversation.assigned",
            "conversation",
            frame.channel,
            details={"to": frame.assignee or ""},
            site_id=access.site_id,
            now_ms=now,
        )
        head = await staff_head_changed(tx, access.conversation_id, stamp, result)
        await _tell_programs(tx, access.conversation_id, access.site_id, head, now, result)
        result.sites.add(access.site_id)

    await engine.committer.run(work)


async def do_wake(engine: Engine) -> int:
    """Wake conversations whose snooze has ended; how many there were (at most 100 at a time)."""
    now = engine.clock.now_ms()

    async def due(tx: Transaction) -> list[int]:
        return [row[0] for row in await tx.all(q.DUE_SNOOZES, now=now)]

    keys = await engine.database.read(due)
    for key in keys:

        async def work(tx: Transaction, result: Committed, key: int = key) -> None:
            if not await lock_channels(tx, [key], wait=False):
                return  # another node wakes it now; should that fail, the next beat finds it again
            row = await _held(tx, key)
            if row[2] is not None and row[2] <= now:
                await _move(tx, key, StatusEvent.WOKE, None, None, now, result)

        await engine.committer.run(work)
    return len(keys)


async def _access(tx: Transaction, agent: Agent, public_id: str) -> Access:
    access = (await access_channel(tx, agent, public_id)).access
    if access.kind != "conversation":
        raise Refused("not_found")
    return access


async def _held(tx: Transaction, key: int) -> tuple[Any, ...]:
    """The conversation's row, once this transaction holds its channel and the staff channel beside it."""
    await lock_channels(tx, [key])
    row = await tx.one(q.STATUS, channel_id=key)
    if row is None:
        raise Refused("not_found")
    await lock_channels(tx, [row[3]])
    return row


class _Note:
    """The line in the staff channel that tells who did what."""

    def __init__(self, author: Author, client_id: str, now: int) -> None:
        self._author = author
        self._client_id = client_id
        self._now = now

    async def write(self, tx: Transaction, staff_id: int, after_seq: int, told: State, result: Committed) -> None:
        """``after_seq`` is the line's place in the public channel, as for every note."""
        body = orjson.dumps(told).decode()
        line = SendMessage(
            staff_id, self._author, "system", self._client_id, "", "system", body, None, after_seq, self._now,
            lambda _: None,
        )  # fmt: skip
        await apply(tx, [line], result)

    async def record_move(self, tx: Transaction, public_id: str, site_id: int, status: Status) -> None:
        """Keep in the audit log who set the status."""
        await record(
            tx,
            self._author.id,
            "conversation.status_set",
            "conversation",
            public_id,
            details={"status": status.value},
            site_id=site_id,
            now_ms=self._now,
        )


async def _tell_programs(tx: Transaction, key: int, site_id: int, head: State, now: int, result: Committed) -> None:
    """Write down for webhooks what the staff see now, where one wants to know."""
    if (await tx.all(hearing.IS_HEARD, site=site_id))[0][0]:
        await tx.rows(hearing.PUT_EVENTS, hearing.NEW_EVENT, [conversation_changed(key, site_id, head, now)])
        result.leaves = True


async def _move(
    tx: Transaction,
    key: int,
    event: StatusEvent,
    until: int | None,
    note: _Note | None,
    now: int,
    result: Committed,
) -> None:
    """Move a conversation by ``event``; both heads follow, each with a version of its own where it changed."""
    row = await _held(tx, key)
    before, snoozed_until, staff_id, site_id = Status(row[0]), row[2], row[3], row[4]
    after = rules.advance(before, event)
    if after is before and snoozed_until == until:
        return
    stamp = await tx.stamp()
    await tx.run(q.SET_STATUS, key=key, new_status=after.value, new_until=until, new_stamp=stamp)
    public = rules.public_status(after)
    if public != rules.public_status(before):
        public_id, version, last_seq = row[5], row[6], row[7]
        await tx.run(bq.ADVANCE_CHANNEL, key=key, seq=last_seq, to_version=version + 1, new_stamp=stamp)
        result.events.append(ChannelEvent(key, public_id, version, version + 1, [], public_head(public)))
    if note is not None:
        told: State = {"event": "status", "status": after.value}
        if until is not None:
            told["until"] = iso(until)
        await note.write(tx, staff_id, row[7], told, result)
        await note.record_move(tx, row[5], site_id, after)
    head = await staff_head_changed(tx, key, stamp, result)
    await _tell_programs(tx, key, site_id, head, now, result)
    result.sites.add(site_id)
