"""Counting what people think of posts, so that one that thousands vote on makes one version a second and no more.

The first change is counted in its own transaction. One that follows within a second is left in ``tally_due``, and a
worker counts it when that second is over. A count reads the votes themselves, so it cannot drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions.silences import check_not_silenced
from widget_server.actions.thread_heads import next_version
from widget_server.core.boards import can_moderate, can_reply
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ranking import hot
from widget_server.store.heads import thread_head
from widget_server.store.locks import lock_channels
from widget_server.store.queries import batch as bq
from widget_server.store.queries import tallies as q
from widget_server.store.queries import threads as tq
from widget_server.store.queries.messages import message_state
from widget_server.store.records import ChannelEvent

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.actions.threads import Thread
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Committed

EVERY_MS: Final = 1_000
"""Between two counts of one post."""


class Counted(NamedTuple):
    """A post that somebody votes on."""

    no: int
    tallied_at: int | None
    """When its votes were last counted."""


async def check_vote(tx: Transaction, actor: Actor, thread: Thread, now_ms: int) -> None:
    """See that ``actor`` may vote on what stands in the thread: whoever may answer in it.

    Raises:
        Refused: ``not_found`` for a removed thread, ``not_allowed``, ``silenced``, ``silenced_until``.
        Unacceptable: ``voting_over`` in a locked one.
    """
    if thread.removed_at is not None:
        raise Refused("not_found")
    if not can_reply(actor, thread.board.rule):
        raise Refused("not_allowed")
    if thread.state != "open":
        raise Unacceptable("voting_over")
    if not can_moderate(actor, thread.board.id):
        await check_not_silenced(tx, actor.person_id, thread.board.id, now_ms)


async def access_counted(tx: Transaction, actor: Actor, thread: Thread, seq: int, now_ms: int) -> Counted:
    """Return a post of the thread that ``actor`` may vote on; the thread is held.

    Raises:
        Refused: as :func:`check_vote`; ``not_found`` for a post that is not there.
        Unacceptable: as :func:`check_vote`; ``removed``; ``own_post``.
    """
    await check_vote(tx, actor, thread, now_ms)
    row = await tx.one(q.POST, channel_id=thread.channel_id, seq=seq)
    if row is None or row[2] == "system":
        raise Refused("not_found")
    if row[3] is not None:
        raise Unacceptable("removed")
    if row[1] == actor.person_id:
        raise Unacceptable("own_post")
    return Counted(row[0], row[4])


async def count_soon(tx: Transaction, committed: Committed, post: Counted, now_ms: int) -> bool:
    """Count a post of a held channel, at once or, within a second of the last time, then; whether it must wait."""
    if post.tallied_at is not None and 0 <= now_ms - post.tallied_at < EVERY_MS:
        await tx.run(q.PUT_DUE, message_no=post.no, due_at=post.tallied_at + EVERY_MS)
        return True
    await tx.run(q.TAKE_DUE, message_no=post.no)
    await _count(tx, committed, post.no, now_ms)
    return False


async def do_count_due(engine: Engine) -> int | None:
    """Count the posts that are due; when the next one will be (UTC ms), None where nothing waits.

    Harmless beside other nodes: a thread that one of them holds, and a post that one of them has counted, is left.
    """
    now = engine.clock.now_ms()
    waiting = await engine.database.read(lambda tx: tx.all(q.DUE))
    for no, due_at, channel_id in waiting:
        if due_at > now:
            return int(due_at)

        async def work(tx: Transaction, committed: Committed, no: int = no, channel_id: int = channel_id) -> None:
            if not await lock_channels(tx, [channel_id], wait=False):
                return
            row = await tx.one(q.COUNTED, no=no)
            # One that was moved meanwhile belongs to a thread that is not held here: it is counted next time.
            if row is not None and row[0] == channel_id and await tx.run(q.TAKE_DUE, message_no=no):
                await _count(tx, committed, no, now)

        await engine.committer.run(work)
    return now if waiting else None


async def _count(tx: Transaction, committed: Committed, no: int, now_ms: int) -> None:
    """Count a post anew, with the poll that it puts; the channel is held. Makes a version if anything changed."""
    row = await tx.one(q.COUNTED, no=no)
    if row is None:
        return
    channel_id, seq, before, created_at, poll_before = row
    tally, score = await _tally(tx, no)
    told = orjson.dumps(tally).decode()
    is_opening = seq == 1
    choices = await _choices(tx, channel_id) if is_opening and poll_before is not None else None
    if told == (before or "{}") and choices in {None, poll_before}:
        return
    channel = await tx.one(tq.BY_CHANNEL, channel_id=channel_id)
    if channel is None:
        return
    public_id, version = channel[1], await next_version(tx, channel_id)
    await tx.run(q.SET_TALLY, key=no, new_tally=told, new_score=score, at=now_ms, new_version=version)
    if is_opening:
        await tx.run(tq.SET_SCORE, key=channel_id, new_score=score, new_hot=hot(score, created_at))
        if choices is not None:
            await tx.run(q.SET_POLL_TALLY, key=channel_id, new_tally=choices)
    changed = await tx.one(bq.OWN_BY_NUMBER, no=no)
    states = [message_state(changed)] if changed else []
    head = await thread_head(tx, channel_id) if is_opening else None
    committed.events.append(ChannelEvent(channel_id, public_id, version - 1, version, states, head))


async def _tally(tx: Transaction, no: int) -> tuple[dict[str, int], int]:
    votes: Row = await tx.one(q.COUNT_VOTES, message_no=no) or (0, 0)
    up, down = votes
    counted = {"up": up, "down": down} if up or down else {}
    return counted | dict(await tx.all(q.COUNT_REACTIONS, message_no=no)), up - down


async def _choices(tx: Transaction, channel_id: int) -> str:
    rows = await tx.all(q.COUNT_CHOICES, channel_id=channel_id)
    return orjson.dumps({str(option): count for option, count in rows}).decode()
