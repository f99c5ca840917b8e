"""Beginning a thread or a room: what was begun under an id of its creator's is not begun again as something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.core.errors import Unacceptable
from widget_server.store.queries import channels as q

if TYPE_CHECKING:
    from widget_server.store.database import Transaction


async def check_unused(tx: Transaction, creator_id: int, client_id: str) -> None:
    """See that somebody has begun nothing under an id yet: a repeat of the same was answered before.

    Raises:
        Unacceptable: ``conflict``.
    """
    if await tx.one(q.BEGUN, creator_id=creator_id, client_id=client_id) is not None:
        raise Unacceptable("conflict")
