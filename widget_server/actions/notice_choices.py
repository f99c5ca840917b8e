"""How somebody wants to be told: which kinds of notices by which ways, and when mails come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from widget_server.core.notifying import TOPICS, Choices, choices_of, next_digest, written_choices, zone_of
from widget_server.store.lists import listed
from widget_server.store.queries import notice_choices as q
from widget_server.store.queries import notices as notice_queries
from widget_server.store.queries import watching as watching_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

ALL: Final = "all"
"""In an unsubscribing: every mail, whatever its notices are about."""


async def read_choices(tx: Transaction, people: Sequence[int]) -> dict[int, Choices]:
    """Return the choices of everybody of ``people``; who has chosen nothing has what the program begins with."""
    rows = await tx.all(q.OF, people=listed(tx.dialect, people))
    chosen = {row[0]: choices_of(row[1], orjson.loads(row[2])) for row in rows}
    return {person_id: chosen.get(person_id, Choices()) for person_id in people}


async def with_lines(tx: Transaction, people: Sequence[int]) -> set[int]:
    """Return who of ``people`` has a browser that wants to be woken."""
    return {row[0] for row in await tx.all(q.WITH_LINES, people=listed(tx.dialect, people))}


async def access_choices(db: Database, person_id: int) -> Choices:
    """Return somebody's own choices."""
    return (await db.read(lambda tx: read_choices(tx, [person_id])))[person_id]


async def follow_own(tx: Transaction, person_id: int, channel_id: int, now_ms: int) -> None:
    """Let somebody follow a thread in which they have just written, unless they chose a level, or not to follow."""
    choices = (await read_choices(tx, [person_id]))[person_id]
    if choices.follows:
        mine = {"owner": person_id, "of_kind": "thread", "object": channel_id}
        await tx.run(watching_queries.BEGIN, new_level="follow", now=now_ms, **mine)


async def do_choose(engine: Engine, account: Account, choices: Choices) -> None:
    """Choose anew. The next digest comes at the next such hour, and tells of what comes from now on."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        await _put(tx, account.person_id, choices, account.zone, now)

    await engine.committer.run(work)


async def do_unsubscribe(engine: Engine, account: Account, what: str) -> None:
    """Send somebody no more mails about a topic, or (:data:`ALL`) none at all. Harmless to repeat."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        choices = (await read_choices(tx, [account.person_id]))[account.person_id]
        if what in TOPICS:
            choices = choices._replace(kinds={**choices.kinds, what: choices.ways(what) - {"mail"}})
        else:
            choices = choices._replace(mails="never")
        await _put(tx, account.person_id, choices, account.zone, now)

    await engine.committer.run(work)


async def _put(tx: Transaction, person_id: int, choices: Choices, zone: str, now_ms: int) -> None:
    newest = await tx.one(notice_queries.NEWEST, person_id=person_id)
    await tx.run(
        q.PUT,
        owner=person_id,
        new_mails=choices.mails,
        new_choices=orjson.dumps(written_choices(choices)).decode(),
        new_due=next_digest(choices, now_ms, zone_of(zone)),
        newest=newest[0] if newest else 0,
        now=now_ms,
    )
