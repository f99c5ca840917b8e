"""Telling members of what is said in rooms while they are not there, once until they have looked.

Nothing is written while people talk: some time behind them a worker finds who has not seen what was said. It may look
as often as it likes, on every node: who was told since they last looked is not told again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.notices import Subject, apart_from, tell_people
from widget_server.actions.rooms import access_room
from widget_server.core.addressing import named
from widget_server.core.errors import Refused, Unacceptable
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.queries import notices as notice_queries
from widget_server.store.queries import room_notices as q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.engine import Engine
    from widget_server.core.notifying import Level
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

BEHIND_MS: Final = 30_000
"""So long whoever is there has time to see what was said."""
BACK_MS: Final = 3_600_000
"""What is older than that when it is found is told no more."""
_ROOMS: Final = 500
_MESSAGES: Final = 100


class _Said(NamedTuple):
    seq: int
    author_id: int
    names: frozenset[int]
    """Whom it names."""


async def do_tell_rooms(engine: Engine) -> None:
    """Tell the members of every lively room what they have not seen. Harmless to repeat."""
    now = engine.clock.now_ms()
    rooms = await engine.database.read(lambda tx: tx.all(q.LIVELY, since=now - BACK_MS, limit=_ROOMS))
    for channel_id, access in rooms:
        await _tell_room(engine, channel_id, now, is_direct=access == "direct")


async def _tell_room(engine: Engine, channel_id: int, now: int, *, is_direct: bool) -> None:
    async def work(tx: Transaction, committed: Committed) -> None:
        # One after the other: what one of two workers has told, the other finds.
        await lock_channels(tx, [channel_id])
        read = await tx.all(q.READ, of_channel=channel_id, now=now, new_stamp=await tx.stamp())
        if read:
            readers = listed(tx.dialect, [row[0] for row in read])
            committed.notices |= {row[0] for row in await tx.all(notice_queries.PUBLIC_IDS, people=readers)}
        said = await _said(tx, channel_id, now)
        if not said:
            return
        told: dict[_Said, dict[int, str]] = {}
        for person_id, level, seen in await tx.all(q.BEHIND, channel_id=channel_id, newest=said[0].seq):
            theirs = [one for one in said if one.seq > seen and one.author_id != person_id]
            naming = next((one for one in theirs if person_id in one.names), None)
            if naming is not None:
                told.setdefault(naming, {})[person_id] = "mention"
            elif theirs and (is_direct or level == "watch"):
                told.setdefault(theirs[0], {})[person_id] = "message"
        for one, people in told.items():
            apart = await apart_from(tx, people, writer_id=one.author_id, channel_id=channel_id)
            wanted = {person_id: kind for person_id, kind in people.items() if person_id not in apart}
            await tell_people(tx, committed, wanted, Subject(one.author_id, channel_id, one.seq), now_ms=now)

    await engine.committer.run(work)


async def _said(tx: Transaction, channel_id: int, now: int) -> Sequence[_Said]:
    """What was said, the newest first."""
    rows = await tx.all(q.SAID, channel_id=channel_id, since=now - BACK_MS, until=now - BEHIND_MS, limit=_MESSAGES)
    names = {name for row in rows for name in named(row[2])}
    found = await tx.all(notice_queries.NAMED, names=listed(tx.dialect, sorted(names))) if names else []
    keys = {row[1]: row[0] for row in found}
    return [_Said(seq, author, frozenset(keys[n] for n in named(body) if n in keys)) for seq, author, body in rows]


async def do_set_room_level(engine: Engine, actor: Actor, public_id: str, level: Level | None) -> None:
    """Choose how much of a room one wants to hear. Harmless to repeat.

    Raises:
        Refused: ``not_found`` for a room in which ``actor`` is not.
        Unacceptable: ``bad_choice`` for no level.
    """
    if level is None:
        raise Unacceptable("bad_choice")

    async def work(tx: Transaction, _: Committed) -> None:
        room = await access_room(tx, actor, public_id)
        stamp = await tx.stamp()
        if not await tx.run(q.SET_LEVEL, key=room.channel_id, who=actor.person_id, new_level=level, new_stamp=stamp):
            raise Refused("not_found")

    await engine.committer.run(work)


async def read_room_level(tx: Transaction, actor: Actor, public_id: str) -> str:
    """As :func:`find_room_level`, by the room's public name.

    Raises:
        Refused: ``not_found`` for a room in which ``actor`` is not.
    """
    return await find_room_level(tx, actor, (await access_room(tx, actor, public_id)).channel_id)


async def find_room_level(tx: Transaction, actor: Actor, channel_id: int) -> str:
    """Return how much of a room ``actor`` wants to hear; empty where they are not in it."""
    row = await tx.one(q.LEVEL, key=channel_id, who=actor.person_id)
    return row[0] if row else ""
