"""Taking away everything that somebody wrote on boards, who has gone and asked for it (S3.19).

Unlike a removal nothing is kept, not even for moderators. What others wrote stays, and so does its place: a thread with
answers of others keeps its title and its tombstones, one without them goes as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.changes import Text, access_post, change_text, publish
from widget_server.actions.thread_heads import next_version
from widget_server.actions.threads import take_off, thread_of
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.queries import erasure as queries
from widget_server.store.queries import posts as post_queries
from widget_server.store.queries import threads as thread_queries
from widget_server.store.queries.relocations import RECOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.engine import Engine
    from widget_server.actions.threads import Thread
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

BATCH: Final = 100
"""So many posts go in one transaction: nobody else waits for all of them."""


async def do_withdraw(engine: Engine, people: Sequence[int]) -> int:
    """Take away all posts of these people, batch by batch; return how many there were."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> int:
        return await withdraw_some(tx, committed, people, now)

    total = 0
    while count := int(await engine.committer.run(work)):
        total += count
    return total


async def withdraw_some(tx: Transaction, committed: Committed, people: Sequence[int], now_ms: int) -> int:
    """Take away a bounded number of posts; return how many there were: 0 at the end."""
    keys = listed(tx.dialect, people)
    found = await tx.all(queries.POSTS, people=keys, most=BATCH)
    held = set(await lock_channels(tx, {channel_id for channel_id, _ in found}))
    # Read again: while this waited for a thread, some may have been moved to another one. Those come next time.
    for channel_id, seq in await tx.all(queries.POSTS, people=keys, most=BATCH):
        row = await tx.one(thread_queries.BY_CHANNEL, channel_id=channel_id) if channel_id in held else None
        if row is not None:
            await _withdraw(tx, committed, thread_of(row), seq, now_ms)
    for channel_id in sorted(held):
        await tx.run(RECOUNT, key=channel_id)
    return len(found)


async def _withdraw(tx: Transaction, committed: Committed, thread: Thread, seq: int, now_ms: int) -> None:
    post = await access_post(tx, thread, seq)
    version = await next_version(tx, thread.channel_id)
    gone = Text("", post.removed_at or now_ms, post.removed_by or post.author_id)
    state = await change_text(tx, post, gone, post.author_id, version, now_ms)
    await tx.run(queries.FORGET_REVISIONS, no=post.no)
    if post.removed_at is None and seq > 1:
        await tx.run(post_queries.COUNT_REPLIES, key=thread.channel_id, change=-1)
    if thread.accepted_seq == seq:
        await tx.run(post_queries.SET_ACCEPTED, key=thread.channel_id, new_accepted=None)
    if seq == 1 and thread.replies == 0:
        await tx.run(post_queries.SET_TITLE, key=thread.channel_id, new_title="")
        if thread.removed_at is None:
            await take_off(tx, thread, now_ms, post.author_id)
    await publish(tx, committed, thread, version, [state], with_head=True)
