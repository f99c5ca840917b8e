"""Ignoring a member: what they write stays where it is, and is folded for whoever does not want to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.members import PAGE, Member, Page
from widget_server.core.errors import Refused
from widget_server.store.queries import ignoring as q
from widget_server.store.queries import profiles as profile_queries

if TYPE_CHECKING:
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction


async def do_ignore(db: Database, actor: Actor, public_id: str, *, now_ms: int) -> None:
    """Ignore somebody. Harmless to repeat.

    Raises:
        Refused: ``not_found``, or ``not_allowed`` for oneself.
    """

    async def write(tx: Transaction) -> None:
        whom = await _find(tx, public_id)
        if whom == actor.person_id:
            raise Refused("not_allowed")
        await tx.run(q.BEGIN, who=actor.person_id, whom=whom, now=now_ms)

    await db.write(write)


async def do_end_ignoring(db: Database, actor: Actor, public_id: str) -> None:
    """Ignore somebody no more. Harmless to repeat.

    Raises:
        Refused: ``not_found``.
    """

    async def write(tx: Transaction) -> None:
        await tx.run(q.END, who=actor.person_id, whom=await _find(tx, public_id))

    await db.write(write)


async def _find(tx: Transaction, public_id: str) -> int:
    row = await tx.one(profile_queries.HELD, public_id=public_id)
    if row is None:
        raise Refused("not_found")
    return int(row[0])


async def list_ignored(db: Database, actor: Actor, *, page: int = 1) -> Page:
    """Return whom somebody ignores, the last first."""
    skipped = (page - 1) * PAGE
    rows = await db.read(lambda tx: tx.all(q.LIST, who=actor.person_id, limit=PAGE + 1, skipped=skipped))
    return Page([Member(*row) for row in rows[:PAGE]], page, len(rows) > PAGE)
