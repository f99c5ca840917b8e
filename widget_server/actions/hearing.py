"""Writing down what webhooks shall hear of a thread: its place alone, in the transaction of what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from widget_server.store.queries import hearing as q

if TYPE_CHECKING:
    from collections.abc import Iterable

    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed, State

Topic = Literal["thread.created", "thread.changed", "post.created", "post.edited", "post.removed"]


async def tell_thread(tx: Transaction, committed: Committed, channel_id: int, topic: Topic, seq: int = 0) -> None:
    """Tell of a thread, or of its post ``seq``, if a webhook wants to hear of it; once all of it is written."""
    payload = f'{{"seq":{seq}}}' if seq else "{}"
    if await tx.run(q.TELL_OF_THREAD, key=channel_id, topic=topic, payload=payload):
        committed.leaves = True


async def tell_changed(tx: Transaction, committed: Committed, channel_id: int, posts: Iterable[State]) -> None:
    """Tell of posts as they go on the wire after a change."""
    for post in posts:
        topic: Topic = "post.removed" if "removed" in post else "post.edited"
        await tell_thread(tx, committed, channel_id, topic, post["seq"])
