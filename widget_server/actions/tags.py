"""Putting tags to threads, and reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.store.lists import listed
from widget_server.store.queries import tags as q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.store.database import Transaction


async def read_tags(tx: Transaction, channel_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of threads by the keys of their channels, in one statement; a thread without any is left out."""
    found: dict[int, list[str]] = {}
    for channel_id, name in await tx.all(q.OF_THREADS, channel_ids=listed(tx.dialect, channel_ids)):
        found.setdefault(channel_id, []).append(name)
    return found


async def put_tags(tx: Transaction, channel_id: int, tags: Sequence[str]) -> None:
    """Give a thread these tags, checked (``core.tags``), in place of those that it has."""
    await tx.run(q.CLEAR, channel_id=channel_id)
    # In one order for everybody: two who make the same new tags at once do not wait for each other.
    for name in sorted(tags):
        await tx.run(q.MAKE, name=name)
        await tx.run(q.PUT, channel_id=channel_id, name=name)
