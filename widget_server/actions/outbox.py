"""What must leave the system is written down in the transaction that causes it, and carried out later by a worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.store.database import StoreUnavailable
from widget_server.store.lists import listed
from widget_server.store.queries import outgoing as queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.store.database import Database, Row, Transaction

ATTEMPTS: Final = 30
"""After so many, which takes a day (:func:`pause_ms`), a row is given up; a person may send it again."""
_FIRST_PAUSE_MS: Final = 5_000
_LONGEST_PAUSE_MS: Final = 3_600_000
BATCH: Final = 200
"""Events that are carried out together."""


class Entry(NamedTuple):
    """One row of the outbox, in the hands of a worker."""

    id: int
    topic: str
    payload: Mapping[str, Any]
    created_at: int
    attempts: int
    """With this one; it tells this taking from every other one of the same row."""
    channel_id: int | None
    person_id: int | None
    site_id: int | None


class Due(NamedTuple):
    """What there is to do."""

    handled: bool
    """Something of a topic that has a handler."""
    others: bool
    """An event, or what nobody wants."""


Expand = Callable[["Transaction", Sequence[Entry]], Awaitable[None]]
"""Writes down whom events concern, in the transaction in which they are marked as done. It may be run again."""


def pause_ms(attempts: int, chance: int) -> int:
    """Return how long to wait after so many attempts: 5 s at first, three times as long each time, an hour at most.

    Args:
        attempts: that failed.
        chance: a random byte: the pause is up to a quarter longer, so that not everything comes back at once.
    """
    pause: int = min(_FIRST_PAUSE_MS * 3 ** min(attempts - 1, 10), _LONGEST_PAUSE_MS)
    return pause + pause * chance // 1024


async def put(
    tx: Transaction,
    topic: str,
    payload: Mapping[str, Any],
    *,
    now_ms: int,
    due_ms: int | None = None,
    channel_id: int | None = None,
    person_id: int | None = None,
    site_id: int | None = None,
) -> None:
    """Write one row of the outbox.

    Args:
        tx: the transaction of what causes it.
        topic: ``mail``, or the name of an event (``conversation.created``).
        payload: what the worker needs; no secret, no token.
        now_ms: UTC time in ms.
        due_ms: not before then; at once when left out.
        channel_id: events of one channel leave in order.
        person_id: whom it is about, so that it goes when they do.
        site_id: whose webhooks hear of it.
    """
    await tx.run(
        queries.PUT,
        topic=topic,
        channel_id=channel_id,
        person_id=person_id,
        site_id=site_id,
        payload=orjson.dumps(payload).decode(),
        now=now_ms,
        due_at=now_ms if due_ms is None else due_ms,
    )


async def access_due(db: Database, topics: Collection[str], *, now_ms: int) -> Due:
    """Return whether anything is to be done, of ``topics`` and of others."""
    given = listed(db.dialect, sorted(topics))
    row = await db.read(lambda tx: tx.one(queries.IS_DUE, topics=given, now=now_ms))
    return Due(*map(bool, row)) if row else Due(handled=False, others=False)


async def do_take(db: Database, topics: Collection[str], *, most: int, lease_ms: int, now_ms: int) -> list[Entry]:
    """Take what is due of ``topics``: for so long no other worker does, and each is counted as an attempt.

    Args:
        db: the store.
        topics: with a handler here.
        most: rows.
        lease_ms: after which others take what was not finished.
        now_ms: UTC time in ms.
    """
    given = listed(db.dialect, sorted(topics))
    rows = await db.write(lambda tx: tx.all(queries.TAKE, topics=given, now=now_ms, until=now_ms + lease_ms, most=most))
    return sorted(map(_entry, rows))


class Unexpanded(Exception):
    """Events could not be carried out together; the cause is this error's.

    Args:
        entries: which.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(len(entries))
        self.entries = entries


async def do_expand(
    db: Database, topics: Collection[str], expand: Expand | None, *, most: int = BATCH, now_ms: int
) -> int:
    """Carry out what is due of other topics, in order and in one transaction; return how much it was.

    Args:
        db: the store.
        topics: with a handler of their own, which are left.
        expand: writes down whom events concern. None: nobody wants to know.
        most: events.
        now_ms: UTC time in ms.

    Raises:
        Unexpanded: ``expand`` failed, and nothing was done.
    """
    given = listed(db.dialect, sorted(topics))
    entries: list[Entry] = []

    async def write(tx: Transaction) -> int:
        entries[:] = [_entry(row) for row in await tx.all(queries.EVENTS, topics=given, now=now_ms, most=most)]
        if expand is not None and entries:
            await expand(tx, entries)
        await tx.many(queries.FINISH, [{"key": entry.id, "now": now_ms, "remark": None} for entry in entries])
        return len(entries)

    try:
        return await db.write(write)
    except StoreUnavailable:
        raise
    except Exception as error:
        raise Unexpanded(list(entries)) from error


async def do_finish(db: Database, entry: Entry, *, remark: str | None = None, now_ms: int) -> None:
    """Mark as done, with a remark where nothing was sent."""
    await db.write(lambda tx: tx.run(queries.FINISH, key=entry.id, now=now_ms, remark=remark))


async def do_postpone(db: Database, entry: Entry, problem: str, *, chance: int, now_ms: int) -> bool:
    """Try again later, or give up after the last attempt. Returns whether it was given up.

    Args:
        db: the store.
        entry: that could not be carried out.
        problem: a sentence for administrators, without a secret.
        chance: a random byte (:func:`pause_ms`).
        now_ms: UTC time in ms.
    """
    if entry.attempts >= ATTEMPTS:
        await do_bury(db, entry, problem, now_ms=now_ms)
        return True
    await _postpone(db, entry, problem, entry.attempts, now_ms + pause_ms(entry.attempts, chance))
    return False


async def do_postpone_event(db: Database, entry: Entry, problem: str, *, chance: int, now_ms: int) -> None:
    """As :func:`do_postpone`, for an event, which nobody had leased. It is never given up: it waits to be mended."""
    await _postpone(db, entry, problem, entry.attempts + 1, now_ms + pause_ms(entry.attempts + 1, chance))


async def _postpone(db: Database, entry: Entry, problem: str, tried: int, due: int) -> None:
    await db.write(
        lambda tx: tx.run(
            queries.POSTPONE, key=entry.id, attempt=entry.attempts, tried=tried, new_due=due, remark=problem
        )
    )


async def do_bury(db: Database, entry: Entry, problem: str, *, now_ms: int) -> None:
    """Give up: trying again cannot help."""
    tried = entry.attempts
    await db.write(
        lambda tx: tx.run(queries.BURY, key=entry.id, attempt=tried, tried=tried, now=now_ms, remark=problem)
    )


async def do_give_back(db: Database, entry: Entry) -> None:
    """Leave to other workers what was taken and not carried out."""
    await db.write(lambda tx: tx.run(queries.GIVE_BACK, key=entry.id, attempt=entry.attempts))


def _entry(row: Row) -> Entry:
    key, topic, payload, *rest = row
    return Entry(key, topic, orjson.loads(payload), *rest)
