"""Lists of rooms: one's own, those into which one was asked, those that are open, and those that are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.rooms import ROOMS_MAX, Room, room_of
from widget_server.core.text import fold
from widget_server.store.queries import rooms as q

if TYPE_CHECKING:
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction

PAGE: Final = 30
"""Open rooms on a page."""
_INVITED_MAX: Final = 100


class Rooms(NamedTuple):
    """What a member sees of rooms."""

    mine: list[Room]
    """The one with the newest message first."""
    invited: list[Room]
    open: list[Room]
    """A page of those that they may come into."""
    more: bool
    """Whether another page follows."""


async def own_list(tx: Transaction, actor: Actor, wanted: str = "") -> list[Room]:
    """Return the rooms that somebody is in, the one with the newest message first; of those named like ``wanted``."""
    rows = await tx.all(q.MINE, asker=actor.person_id, limit=ROOMS_MAX)
    return _like([room_of(row) for row in rows], wanted)


async def find_rooms(tx: Transaction, actor: Actor, wanted: str = "", page: int = 1) -> Rooms:
    """Return all that somebody sees of rooms; ``wanted`` narrows every list (S3.18)."""
    mine = await own_list(tx, actor, wanted)
    invited = [room_of(row) for row in await tx.all(q.INVITED, asker=actor.person_id, limit=_INVITED_MAX)]
    rows = await tx.all(
        q.OPEN, asker=actor.person_id, like=_containing(fold(wanted)), limit=PAGE + 1, skipped=(page - 1) * PAGE
    )
    found = [room_of(row) for row in rows]
    return Rooms(mine, _like(invited, wanted), found[:PAGE], len(found) > PAGE)


def _like(rooms: list[Room], wanted: str) -> list[Room]:
    folded = fold(wanted)
    return [room for room in rooms if folded in fold(room.title)] if folded else rooms


def _containing(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
