"""What administrators see of what leaves the system, and how they have it sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from widget_server.actions import audit
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, may
from widget_server.store.queries import outgoing_lists as queries

if TYPE_CHECKING:
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction

KINDS: Final = queries.KINDS
STATES: Final = queries.STATES
PAGE: Final = queries.PAGE
MOST_COUNTED: Final = queries.MOST_COUNTED
"""Up to there entries are counted."""

_BEGINNING: Final = {"waiting": 0, "dead": 1 << 62, "done": 1 << 62}


class Outgoing(NamedTuple):
    """One mail, or one event for one webhook."""

    id: int
    place: int
    """Where it stands in its list: the time at which it is due, was given up, or was done. UTC ms."""
    topic: str
    created_at: int
    due_at: int
    attempts: int
    problem: str | None
    what: str
    """Which mail, or which event."""
    to: str
    """The address, or the host."""


class Overview(NamedTuple):
    """A page of one list, and how long all of its kind are."""

    counts: dict[str, int]
    """By state; one more than :data:`MOST_COUNTED` is "more"."""
    entries: list[Outgoing]
    more: bool


async def access_outgoing(
    db: Database, actor: Actor, kind: str, state: str, after: tuple[int, int] | None = None
) -> Overview:
    """Return one page of a list.

    Args:
        db: the store.
        actor: who looks.
        kind: one of :data:`KINDS`.
        state: one of :data:`STATES`: waiting ones the first due first, others the latest first.
        after: place and id of the last one of the page before.

    Raises:
        Refused: ``not_allowed``.
    """
    _check(actor)
    at, key = after or (_BEGINNING[state], _BEGINNING[state])

    async def read(tx: Transaction) -> Overview:
        counts = {}
        for counted in STATES:
            row = await tx.one(queries.COUNTS[kind, counted])
            counts[counted] = int(row[0]) if row else 0
        rows = await tx.all(queries.LISTS[kind, state], at=at, key=key)
        return Overview(counts, [_outgoing(kind, row) for row in rows[:PAGE]], len(rows) > PAGE)

    return await db.read(read)


async def do_send_again(db: Database, actor: Actor, kind: str, key: int, *, now_ms: int) -> None:
    """Have one sent at once, whether it waits or was given up.

    Raises:
        Refused: ``not_allowed``; ``not_found`` where it is in hand, done, or gone.
    """
    _check(actor)

    async def write(tx: Transaction) -> None:
        if not await tx.run(queries.AGAIN[kind], key=key, now=now_ms):
            raise Refused("not_found")
        await audit.record(tx, actor.person_id, "outbox.sent_again", kind, str(key), now_ms=now_ms)

    await db.write(write)


async def do_send_all_again(db: Database, actor: Actor, kind: str, *, now_ms: int) -> int:
    """Have everything of a kind sent that was given up; return how much it was.

    Raises:
        Refused: ``not_allowed``.
    """
    _check(actor)

    async def write(tx: Transaction) -> int:
        count = await tx.run(queries.ALL_AGAIN[kind], now=now_ms)
        if count:
            await audit.record(
                tx, actor.person_id, "outbox.sent_again", kind, "", details={"count": count}, now_ms=now_ms
            )
        return count

    return await db.write(write)


def _check(actor: Actor) -> None:
    if not may(actor, Permission.ADMINISTER):
        raise Refused("not_allowed")


def _outgoing(kind: str, row: Row) -> Outgoing:
    *known, shown = row
    if kind == "webhook":
        return Outgoing._make([*known, known[2], urlsplit(shown).hostname or ""])
    payload = orjson.loads(shown)
    return Outgoing._make([*known, str(payload.get("mail", "")), str(payload.get("to", ""))])
