"""What the pages that are open show of the community, looked at again when a board or a thread has changed (S06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.boards import KnownBoard, board_of
from widget_server.actions.threads import Thread, thread_of
from widget_server.core.boards import can_read
from widget_server.core.counts import COUNTED_MAX
from widget_server.store.lists import listed
from widget_server.store.queries import boards as board_queries
from widget_server.store.queries import notices as notice_queries
from widget_server.store.queries import rooms as room_queries
from widget_server.store.queries import threads as thread_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction


class Scopes(NamedTuple):
    """Threads and boards as they are now; what is not there any more is left out."""

    threads: list[Thread]
    boards: list[KnownBoard]


async def read_scopes(database: Database, threads: Sequence[str], boards: Sequence[str]) -> Scopes:
    """Return the threads among the channels with these public names, and these boards, whoever may read them."""

    async def read(tx: Transaction) -> Scopes:
        found = await tx.all(thread_queries.NAMED, names=listed(tx.dialect, threads)) if threads else []
        return Scopes([thread_of(row) for row in found], await _named(tx, boards) if boards else [])

    return await database.read(read)


async def readable_boards(database: Database, actor: Actor, public_ids: Sequence[str]) -> list[str]:
    """Return those of the boards that ``actor`` may read."""
    boards = await database.read(lambda tx: _named(tx, public_ids))
    return [board.public_id for board in boards if can_read(actor, board.rule)]


async def _named(tx: Transaction, public_ids: Sequence[str]) -> list[KnownBoard]:
    return [board_of(row) for row in await tx.all(board_queries.NAMED, names=listed(tx.dialect, public_ids))]


async def unseen_notices(database: Database, person_id: int) -> int:
    """Return how many notices a member has not seen, as far as it is counted."""
    row = await database.read(lambda tx: tx.one(notice_queries.UNSEEN, owner=person_id, limit=COUNTED_MAX))
    return int(row[0]) if row else 0


async def own_rooms(database: Database, person_id: int) -> list[str]:
    """Return the public names of the rooms that a member is in."""
    return [row[0] for row in await database.read(lambda tx: tx.all(room_queries.OWN_ROOMS, person_id=person_id))]
