"""Whether somebody is silenced: they read and do not write, on a board or on all (S47)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.core.errors import Refused
from widget_server.core.times import iso
from widget_server.store.queries import conduct as q

if TYPE_CHECKING:
    from widget_server.store.database import Transaction

EVERYWHERE: Final = 0
"""In place of a board's key: all boards."""


async def check_not_silenced(tx: Transaction, person_id: int, board_id: int, now_ms: int) -> None:
    """See that somebody may write on this board.

    Raises:
        Refused: ``silenced``, or ``silenced_until`` with the time at which it ends.
    """
    row = await tx.one(q.HOLDING, owner=person_id, board=board_id, now=now_ms)
    if row is None:
        return
    if row[1] is None:
        raise Refused("silenced", reason=row[0])
    raise Refused("silenced_until", reason=row[0], until=f"{iso(row[1])[:16].replace('T', ' ')} UTC")
