"""What lines show of the community, looked at again when a board, a thread or a room has changed (S06)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.actors import Reader
from widget_server.actions.rooms import still_in
from widget_server.actions.scopes import read_scopes
from widget_server.core.boards import can_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from widget_server.actions.line import Line
    from widget_server.store.database import Database


async def look_again(database: Database, lines: Iterable[Line], boards: set[str], channels: set[str]) -> None:
    """See who still may read what was closed, moved or removed: read once for all lines of the node.

    Args:
        database: the store.
        lines: the node's connections.
        boards: those that changed, by public id: whatever is open of any board is looked at.
        channels: those that changed, by public name.
    """
    lines = list(lines)
    await _look_at_rooms(database, lines, channels)
    opened: dict[str, list[Line]] = {}
    watched: dict[str, list[Line]] = {}
    for line in lines:
        for name in line.threads():
            opened.setdefault(name, []).append(line)
        for public_id in line.boards():
            watched.setdefault(public_id, []).append(line)
    threads = list(opened) if boards else [name for name in opened if name in channels]
    changed = [public_id for public_id in watched if public_id in boards]
    if not threads and not changed:
        return
    found = await read_scopes(database, threads, changed)
    for thread in found.threads:
        for line in opened[thread.public_id]:
            line.see(thread)
    for board in found.boards:
        for line in watched[board.public_id]:
            if isinstance(line.actor, Reader) and not can_read(line.actor.rights, board.rule):
                line.unwatch(board.public_id)


async def _look_at_rooms(database: Database, lines: Iterable[Line], channels: set[str]) -> None:
    """See who is still in the rooms that changed: who left, or was sent away, hears no more of them."""
    entered: dict[str, list[Line]] = {}
    for line in lines:
        for name in line.rooms():
            if name in channels:
                entered.setdefault(name, []).append(line)
    if not entered:
        return
    people = {line.actor.author.id for there in entered.values() for line in there if line.actor.author is not None}
    found = await still_in(database, list(entered), sorted(people))
    for name, there in entered.items():
        for line in there:
            if line.actor.author is None or (name, line.actor.author.id) not in found:
                line.leave_room(name)
