"""How long things are kept that have served their purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.thread_heads import next_version
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.queries import links as link_queries
from widget_server.store.queries import retention as queries
from widget_server.store.queries import rooms as room_queries
from widget_server.store.queries import sessions as session_queries
from widget_server.store.queries import webhooks as webhook_queries

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Database, Transaction
    from widget_server.store.queries.retention import Old
    from widget_server.store.records import Committed

_DAY_MS: Final = 24 * 3_600_000
_AT_ONCE: Final = 500
"""Messages of a deleted room in one transaction."""
DONE_DAYS: Final = 7
"""Entries of the outbox that were carried out: as long as somebody may ask whether a mail was sent."""
DEAD_DAYS: Final = 60
"""Entries that were given up: until somebody has seen to them, or will not."""
LINK_DAYS: Final = 30
"""One-time links that are over."""

SIGN_IN_DAYS: Final = 90
"""The history of an account's sign-ins."""
SESSION_DAYS: Final = 30
"""Sessions that have expired."""
UNCONFIRMED_DAYS: Final = 5
"""Accounts whose address nobody confirmed, after the last link to it was over."""

REMOVED_DAYS: Final = 90
"""What was written in messages that were removed: as long as somebody may ask why, or want it back."""
DECIDED_DAYS: Final = 90
"""Reports, and posts that waited for a moderator, once somebody has decided."""
NOTICE_DAYS: Final = 60
"""Notices that were seen."""


async def do_forget_outgoing(db: Database, *, now_ms: int) -> int:
    """Remove old entries of the outbox, a bounded number; return how many. One with deliveries goes after them."""
    done, dead = now_ms - DONE_DAYS * _DAY_MS, now_ms - DEAD_DAYS * _DAY_MS

    async def write(tx: Transaction) -> int:
        return await tx.run(queries.DONE, before=done) + await tx.run(queries.DEAD, before=dead)

    return await db.write(write)


async def do_forget_deliveries(db: Database, *, now_ms: int) -> int:
    """Remove old deliveries to webhooks, a bounded number; return how many."""
    done, dead = now_ms - DONE_DAYS * _DAY_MS, now_ms - DEAD_DAYS * _DAY_MS
    return await db.write(lambda tx: tx.run(webhook_queries.FORGET, done_before=done, dead_before=dead))


async def do_forget_links(db: Database, *, now_ms: int) -> int:
    """Remove links that ended long ago, a bounded number; return how many."""
    return await db.write(lambda tx: tx.run(queries.LINKS, over_before=now_ms - LINK_DAYS * _DAY_MS))


async def do_forget_sign_ins(db: Database, *, now_ms: int) -> int:
    """Remove old attempts to sign in and expired sessions, a bounded number; return how many."""
    attempts, sessions = now_ms - SIGN_IN_DAYS * _DAY_MS, now_ms - SESSION_DAYS * _DAY_MS

    async def write(tx: Transaction) -> int:
        gone = await tx.run(queries.SIGN_INS, over_before=attempts)
        return gone + await tx.run(queries.SESSIONS, over_before=sessions)

    return await db.write(write)


async def do_release_unconfirmed(db: Database, *, now_ms: int) -> int:
    """Give back names and addresses of accounts that nobody confirmed, a bounded number; return how many there were.

    Whoever registers with somebody else's address, or only to keep a name, does not keep it.
    """
    before = now_ms - UNCONFIRMED_DAYS * _DAY_MS

    async def write(tx: Transaction) -> int:
        rows = await tx.all(queries.UNCONFIRMED, over_before=before)
        for (key,) in rows:
            stamp = await tx.stamp()
            await tx.run(queries.RELEASE_NAME, key=key, now=now_ms, new_stamp=stamp)
            await tx.run(queries.RELEASE_ADDRESS, key=key)
            await tx.run(session_queries.END_OTHERS, owner=key, kept=0, now=now_ms, new_stamp=stamp)
            await tx.run(link_queries.END_ALL_OF_PERSON, owner=key, now=now_ms)
        return len(rows)

    return await db.write(write)


async def do_forget_community(db: Database, *, now_ms: int) -> int:
    """Remove what moderators have decided, removed texts, and notices that were seen, all long ago; return how many."""
    kinds = (
        (queries.REMOVED_TEXTS, REMOVED_DAYS),
        (queries.REMOVED_FILES, REMOVED_DAYS),
        (queries.HELD_POSTS, DECIDED_DAYS),
        (queries.REPORTS, DECIDED_DAYS),
        (queries.NOTICES, NOTICE_DAYS),
    )
    return sum([await _forget(db, old, now_ms - days * _DAY_MS) for old, days in kinds])


async def _forget(db: Database, old: Old, before: int) -> int:
    found = sorted({row[0] for row in await db.read(lambda tx: tx.all(old.find, over_before=before))})
    if not found:
        return 0
    return await db.write(lambda tx: tx.run(old.remove, keys=listed(tx.dialect, found), over_before=before))


async def do_empty_rooms(engine: Engine) -> int:
    """Take what was written out of a room that was deleted, a bounded number of messages; return how many.

    They become tombstones, as every message that is removed: so whatever follows the log, as the index of words does,
    loses them too.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> int:
        found = await tx.one(room_queries.EMPTIED)
        if found is None:
            return 0
        await lock_channels(tx, [found[0]])
        numbers = [row[0] for row in await tx.all(room_queries.WRITTEN, channel_id=found[0], limit=_AT_ONCE)]
        version = await next_version(tx, found[0])
        keys = listed(tx.dialect, numbers)
        await tx.run(room_queries.FORGET_EARLIER, numbers=keys)
        committed.files |= bool(await tx.run(room_queries.LET_FILES_GO, numbers=keys, at=now))
        await tx.run(room_queries.EMPTY, numbers=keys, at=now, new_version=version)
        return len(numbers)

    emptied: int = await engine.committer.run(work)
    return emptied
