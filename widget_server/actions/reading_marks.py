"""How far somebody has read: a place in each thread, and a time until which they have read a board or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.boards import access_board
from widget_server.store.queries import reading_marks as q

if TYPE_CHECKING:
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction


async def do_mark_read(db: Database, actor: Actor, slug: str | None, until_ms: int, *, now_ms: int) -> None:
    """Take a board for read, or with None all of them: one row, however many threads. Harmless to repeat.

    Args:
        db: the store.
        actor: whose reading it is.
        slug: of the board.
        until_ms: when the page was made on which they said so, UTC ms: what came since stays unread.
        now_ms: UTC time in ms; nothing later is read.

    Raises:
        Refused: ``not_found`` for the board.
    """

    async def write(tx: Transaction) -> None:
        board_id = 0 if slug is None else (await access_board(tx, actor, slug)).id
        until = max(0, min(until_ms, now_ms))
        await tx.run(q.MARK, person_id=actor.person_id, which_board=board_id, until=until)

    await db.write(write)


async def keep_place(tx: Transaction, person_id: int, channel_id: int, seq: int) -> None:
    """Take the post ``seq`` for seen by who has just written it, where they had seen all before it.

    Nobody is told that a thread has news which are their own; what they have not read stays unread.
    """
    if seq == 1:
        await tx.run(q.BEGIN, channel_id=channel_id, person_id=person_id, seq=seq)
    else:
        await tx.run(q.GO_ON, which_channel=channel_id, who=person_id, new_seen=seq)
