"""Group commit: batches form by themselves, and nothing is answered or published before its commit has returned."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, select, update

from tests.store.faults import FaultyDatabase, disk_error
from tests.store.world import Desk, build_world, refused, sent, stored
from widget_server.core.errors import Refused, TryLater
from widget_server.store.statement import Statement
from widget_server.store.tables import message, person

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.store.world import World
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_ALL = Statement(select(message.c.no))
_NAME = Statement(select(person.c.name).where(person.c.id == bindparam("key")))
_RENAME = Statement(update(person).where(person.c.id == bindparam("key")).values(name=bindparam("new")))


@pytest.fixture
async def database(empty_store: Path, tmp_path: Path) -> AsyncGenerator[FaultyDatabase]:
    path = tmp_path / "faulty.db"
    shutil.copyfile(empty_store, path)
    database = FaultyDatabase(path)
    try:
        await database.open()
        yield database
    finally:
        database.let_go()
        await database.close()


@pytest.fixture
async def world(database: FaultyDatabase) -> World:
    return await build_world(database)


@pytest.fixture
async def desk(database: FaultyDatabase, world: World) -> AsyncGenerator[Desk]:
    async with Desk(database, world, queue_max=20, batch_max=8) as desk:
        yield desk
        database.let_go()


async def reach(database: FaultyDatabase) -> None:
    """Wait until a commit is held up."""
    assert await asyncio.to_thread(database.at_commit.wait, 30)


async def test_what_arrives_during_a_commit_shares_the_next_one(desk: Desk, database: FaultyDatabase) -> None:
    database.hold()
    first = desk.send("0")
    await reach(database)
    before = database.commits
    rest = [desk.send(f"{n}") for n in range(1, 8)]
    database.let_go()
    await asyncio.gather(first, *rest)
    assert database.commits - before == 2
    assert desk.versions == [(0, 1), (1, 8)]


async def test_a_batch_takes_no_more_than_its_share(desk: Desk, database: FaultyDatabase) -> None:
    database.hold()
    writes = [desk.send("0")]
    await reach(database)
    before = database.commits
    writes += [desk.send(f"{n}") for n in range(1, 20)]
    database.let_go()
    await asyncio.gather(*writes)
    assert database.commits - before == 1 + 3
    assert [row[2] for row in await stored(database)] == [str(n) for n in range(20)]


async def test_g01_nothing_is_answered_or_published_before_the_commit_has_returned(
    desk: Desk, database: FaultyDatabase
) -> None:
    database.hold()
    waiting = [desk.send("one"), desk.send("two")]
    await reach(database)
    assert desk.log == []
    assert await stored(database) == []
    database.let_go()
    await asyncio.gather(*waiting)
    assert desk.log == ["published", "answered one", "answered two"]


async def test_a_commit_that_fails_answers_later_and_publishes_nothing(desk: Desk, database: FaultyDatabase) -> None:
    database.failures = [disk_error()]
    outcomes = await asyncio.gather(desk.send("one"), desk.send("two"))
    assert [refused(outcome) for outcome in outcomes] == ["unavailable", "unavailable"]
    assert isinstance(outcomes[0], TryLater)
    assert desk.published == []
    assert await stored(database) == []
    assert sent(await desk.send("three")).seq == 1


async def test_what_waits_behind_a_store_that_fails_is_told_so_too(desk: Desk, database: FaultyDatabase) -> None:
    """Otherwise a later message of the same person would overtake the one that was refused."""
    database.failures = [disk_error()]
    database.hold()
    first = desk.send("one")
    await reach(database)
    later = [desk.send(f"{n}") for n in range(12)]
    database.let_go()
    assert [refused(outcome) for outcome in await asyncio.gather(first, *later)] == ["unavailable"] * 13
    assert await stored(database) == []


async def test_a_row_that_fails_fails_alone(desk: Desk, database: FaultyDatabase) -> None:
    outcomes = await asyncio.gather(
        desk.send("one"), desk.send("bad", parent=2**70), desk.send("two"), desk.send("worse", parent=-(2**70))
    )
    assert [sent(outcomes[0]).seq, sent(outcomes[2]).seq] == [1, 2]
    assert [refused(outcomes[1]), refused(outcomes[3])] == ["internal", "internal"]
    assert [row[2] for row in await stored(database)] == ["one", "two"]
    assert desk.versions == [(0, 1), (1, 2)]
    assert sent(await desk.send("three")).seq == 3


async def test_a_full_queue_says_busy_at_once_and_what_was_taken_is_committed(
    desk: Desk, database: FaultyDatabase
) -> None:
    database.hold()
    taken = [desk.send("0")]
    await reach(database)
    taken += [desk.send(f"{n}") for n in range(1, 21)]
    assert desk.committer.depth == 20
    with pytest.raises(TryLater, match="busy") as caught:
        await desk.send("one too many")
    assert caught.value.retry_after_ms > 0
    database.let_go()
    assert [sent(outcome).seq for outcome in await asyncio.gather(*taken)] == list(range(1, 22))


async def test_a_disk_that_refuses_to_sync_stops_everything(desk: Desk, database: FaultyDatabase) -> None:
    database.failures = [disk_error(sqlite3.SQLITE_IOERR_FSYNC)]
    assert refused(await desk.send("one")) == "unavailable"
    assert len(desk.fatal) == 1
    with pytest.raises(TryLater, match="unavailable"):
        await desk.send("two")
    assert desk.published == []


async def test_a_function_is_a_transaction_of_its_own_and_keeps_its_place(desk: Desk, database: FaultyDatabase) -> None:
    async def count(tx: Transaction, result: Committed) -> int:
        result.sites.add(77)
        return len(await tx.all(_ALL))

    database.hold()
    first = desk.send("0")
    await reach(database)
    second = desk.send("1")
    counting = asyncio.create_task(desk.committer.run(count))
    await asyncio.sleep(0)
    third = desk.send("2")
    database.let_go()
    await asyncio.gather(first, second, third)
    assert await counting == 2
    assert 77 in desk.published[2].sites


async def test_what_a_function_refuses_reaches_its_caller_and_nothing_of_it_stays(
    desk: Desk, database: FaultyDatabase, world: World
) -> None:
    async def refuses(tx: Transaction, result: Committed) -> None:
        result.sites.add(77)
        await tx.run(_RENAME, key=world.visitor.id, new="changed")
        raise Refused("not_found")

    async def breaks(tx: Transaction, result: Committed) -> None:
        raise ZeroDivisionError

    with pytest.raises(Refused, match="not_found"):
        await desk.committer.run(refuses)
    with pytest.raises(TryLater, match="internal"):
        await desk.committer.run(breaks)
    assert desk.published == []
    assert await database.read(lambda tx: tx.one(_NAME, key=world.visitor.id)) == (None,)
    assert sent(await desk.send("still here")).seq == 1


async def test_a_sink_or_an_answer_that_breaks_harms_nobody_else(
    database: FaultyDatabase, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with Desk(database, world) as desk:

        def broken(_: object) -> None:
            raise ZeroDivisionError

        desk.committer._sink = broken
        assert sent(await desk.send("one")).seq == 1
        lost = desk.send("two")
        lost.cancel()
        assert sent(await desk.send("three")).seq == 3
    assert "publishing failed" in caplog.text
    assert "an answer could not be handed over" in caplog.text


async def test_stopping_commits_what_waits(database: FaultyDatabase, world: World) -> None:
    desk = Desk(database, world)
    await desk.committer.stop()
    async with desk:
        waiting = [desk.send(f"{n}") for n in range(30)]
    assert [sent(future.result()).seq for future in waiting] == list(range(1, 31))


async def test_a_caller_of_a_function_who_goes_away_leaves_the_committer_at_work(
    desk: Desk, database: FaultyDatabase
) -> None:
    async def nothing(tx: Transaction, result: Committed) -> None:
        """Write nothing."""

    database.hold()
    running: asyncio.Task[Any] = asyncio.create_task(desk.committer.run(nothing))
    await reach(database)
    running.cancel()
    database.let_go()
    assert sent(await desk.send("one")).seq == 1
