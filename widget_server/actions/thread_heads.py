"""Telling the readers of a thread that something about it as a whole has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.hearing import tell_thread
from widget_server.protocol.encode import RESUME_MAX
from widget_server.store.heads import thread_head
from widget_server.store.queries import batch as q
from widget_server.store.queries import channels as channel_queries
from widget_server.store.records import ChannelEvent

if TYPE_CHECKING:
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


async def next_version(tx: Transaction, channel_id: int) -> int:
    """Raise the version of a channel, which this transaction holds, by one and return it."""
    row = await tx.one(channel_queries.NEXT_VERSION, key=channel_id, new_stamp=await tx.stamp())
    if row is None:
        raise LookupError(f"there is no channel {channel_id}")
    return int(row[0])


async def tell_head(tx: Transaction, channel_id: int, committed: Committed) -> int:
    """Raise the thread's version by one and tell its new head; return that version.

    The caller holds the channel and has written what changed.
    """
    public_id, _, _ = await _position(tx, channel_id)
    version = await next_version(tx, channel_id)
    await tell_thread(tx, committed, channel_id, "thread.changed")
    head = await thread_head(tx, channel_id)
    committed.events.append(ChannelEvent(channel_id, public_id, version - 1, version, [], head))
    return version


async def tell_read_again(
    tx: Transaction, channel_id: int, committed: Committed, *, last_seq: int | None = None
) -> int:
    """Raise the thread's version beyond what is told one by one, so that everybody reads it again; return it.

    For a change of many posts at once, and for one after which some may not read it any more: whoever reads again comes
    through the door. The caller holds the channel.

    Args:
        tx: the transaction of the change.
        channel_id: the thread's channel.
        committed: gets the one event.
        last_seq: the newest post now, where that has changed.
    """
    public_id, version, seq = await _position(tx, channel_id)
    after = version + RESUME_MAX + 1
    newest = seq if last_seq is None else last_seq
    await tx.run(q.ADVANCE_CHANNEL, key=channel_id, seq=newest, to_version=after, new_stamp=await tx.stamp())
    await tell_thread(tx, committed, channel_id, "thread.changed")
    committed.events.append(ChannelEvent(channel_id, public_id, after, after, []))
    return after


async def _position(tx: Transaction, channel_id: int) -> tuple[str, int, int]:
    row = await tx.one(channel_queries.POSITION, key=channel_id)
    if row is None:
        raise LookupError(f"there is no channel {channel_id}")
    return row[0], row[1], row[2]
