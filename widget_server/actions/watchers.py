"""Telling everybody who watches of a new post: after the transaction that wrote it, in steps, each of them once.

A step finds the next watchers by their keys, writes their notices, and puts the entry of the step that follows, all in
the transaction that marks its own entry as done. So no watcher is told twice, whatever worker takes it, and how often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.notices import WATCHERS, place_of, tell_people, who_may_be_told
from widget_server.actions.outbox import put
from widget_server.actions.threads import thread_of
from widget_server.store.queries import outgoing as outgoing_queries
from widget_server.store.queries import threads as thread_queries
from widget_server.store.queries import watching as q

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.actions.notices import Place
    from widget_server.actions.outbox import Entry
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

STEP: Final = 200
"""Watchers in one transaction."""


async def do_tell_some(engine: Engine, entry: Entry) -> None:
    """Carry out one step (of the topic :data:`notices.WATCHERS`). Harmless to repeat.

    Who may not read the post by now, mutes it, ignores its writer or was told of it already is left out.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        if not await tx.run(outgoing_queries.FINISH, key=entry.id, now=now, remark=None):
            return
        place = await _place(tx, entry.channel_id or 0, entry.payload["seq"])
        if place is None:
            return
        begins = place.seq == 1
        rows = await tx.all(
            q.HEARERS if begins else q.WATCHERS,
            channel_id=place.channel_id,
            board_id=place.board.id,
            writer_id=place.writer_id,
            after=entry.payload["after"],
            limit=STEP,
        )
        whys = {row[0]: row[1] for row in rows}
        wanted = await who_may_be_told(tx, place, whys)
        people = dict.fromkeys(wanted, "thread" if begins else "post")
        await tell_people(tx, committed, people, place.subject, whys=whys, now_ms=now)
        if len(rows) == STEP:
            payload = {"seq": place.seq, "after": rows[-1][0]}
            await put(tx, WATCHERS, payload, now_ms=now, channel_id=place.channel_id)
            committed.leaves = True

    await engine.committer.run(work)


async def _place(tx: Transaction, channel_id: int, seq: int) -> Place | None:
    """Return where a post stands now; None where it is gone."""
    row = await tx.one(thread_queries.BY_CHANNEL, channel_id=channel_id)
    writer = await tx.one(q.WRITER, channel_id=channel_id, seq=seq)
    if row is None or writer is None or (thread := thread_of(row)).removed_at is not None:
        return None
    return place_of(thread, seq, writer[0])
