"""Group commit: batches form by themselves, and nothing is answered or published before its commit has returned."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, select, update

from tests.store.faults import FaultyDatabase, Gate, disk_error
from tests.store.world import Desk, build_world, refused, sent, stored
from widget_server.core.errors import Refused, TryLater
from widget_server.store.records import Function
from widget_server.store.statement import Statement
from widget_server.store.tables import message, person

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.store.conftest import Store
    from tests.store.world import World
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_ALL = Statement(select(message.c.no))
_NAME = Statement(select(person.c.name).where(person.c.id == bindparam("key")))
_RENAME = Statement(update(person).where(person.c.id == bindparam("key")).values(name=bindparam("new")))


@pytest.fixture
async def database(store: Store) -> AsyncGenerator[FaultyDatabase]:
    database = store.faulty()
    try:
        await database.open()
        yield database
    finally:
        database.gate.let_go()
        await database.close()


@pytest.fixture
def gate(database: FaultyDatabase) -> Gate:
    """What stands before each commit."""
    return database.gate


@pytest.fixture
async def world(database: FaultyDatabase) -> World:
    return await build_world(database)


@pytest.fixture
async def desk(database: FaultyDatabase, gate: Gate, world: World) -> AsyncGenerator[Desk]:
    async with Desk(database, world, queue_max=20, batch_max=8) as desk:
        yield desk
        gate.let_go()


async def reach(gate: Gate) -> None:
    """Wait until a commit is held up."""
    assert await asyncio.to_thread(gate.at_commit.wait, 30)


async def test_what_arrives_during_a_commit_shares_the_next_one(desk: Desk, gate: Gate) -> None:
    gate.hold()
    first = desk.send("0")
    await reach(gate)
    before = gate.commits
    rest = [desk.send(f"{n}") for n in range(1, 8)]
    gate.let_go()
    await asyncio.gather(first, *rest)
    assert gate.commits - before == 2
    assert desk.versions == [(0, 1), (1, 8)]


async def test_a_batch_takes_no_more_than_its_share(desk: Desk, database: FaultyDatabase, gate: Gate) -> None:
    gate.hold()
    writes = [desk.send("0")]
    await reach(gate)
    before = gate.commits
    writes += [desk.send(f"{n}") for n in range(1, 20)]
    gate.let_go()
    await asyncio.gather(*writes)
    assert gate.commits - before == 1 + 3
    assert [row[2] for row in await stored(database)] == [str(n) for n in range(20)]


async def test_g01_nothing_is_answered_or_published_before_the_commit_has_returned(
    desk: Desk, database: FaultyDatabase, gate: Gate
) -> None:
    gate.hold()
    waiting = [desk.send("one"), desk.send("two")]
    await reach(gate)
    assert desk.log == []
    assert await stored(database) == []
    gate.let_go()
    await asyncio.gather(*waiting)
    assert desk.log == ["published", "answered one", "answered two"]


async def test_a_commit_that_fails_answers_later_and_publishes_nothing(
    desk: Desk, database: FaultyDatabase, gate: Gate
) -> None:
    gate.failures = [database.trouble()]
    outcomes = await asyncio.gather(desk.send("one"), desk.send("two"))
    assert [refused(outcome) for outcome in outcomes] == ["unavailable", "unavailable"]
    assert isinstance(outcomes[0], TryLater)
    assert desk.published == []
    assert await stored(database) == []
    assert sent(await desk.send("three")).seq == 1


async def test_what_waits_behind_a_store_that_fails_is_told_so_too(
    desk: Desk, database: FaultyDatabase, gate: Gate
) -> None:
    """Otherwise a later message of the same person would overtake the one that was refused."""
    gate.failures = [database.trouble()]
    gate.hold()
    first = desk.send("one")
    await reach(gate)
    later = [desk.send(f"{n}") for n in range(12)]
    gate.let_go()
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


async def test_a_full_queue_says_busy_at_once_and_what_was_taken_is_committed(desk: Desk, gate: Gate) -> None:
    gate.hold()
    taken = [desk.send("0")]
    await reach(gate)
    taken += [desk.send(f"{n}") for n in range(1, 21)]
    assert desk.committer.depth == 20
    with pytest.raises(TryLater, match="busy") as caught:
        await desk.send("one too many")
    assert caught.value.retry_after_ms > 0
    gate.let_go()
    assert [sent(outcome).seq for outcome in await asyncio.gather(*taken)] == list(range(1, 22))


@pytest.mark.only("sqlite")
async def test_a_disk_that_refuses_to_sync_stops_everything(desk: Desk, gate: Gate) -> None:
    gate.failures = [disk_error(sqlite3.SQLITE_IOERR_FSYNC)]
    assert refused(await desk.send("one")) == "unavailable"
    assert len(desk.fatal) == 1
    with pytest.raises(TryLater, match="unavailable"):
        await desk.send("two")
    assert desk.published == []


@pytest.mark.only("sqlite")
async def test_a_function_is_a_transaction_of_its_own_and_keeps_its_place(desk: Desk, gate: Gate) -> None:
    async def count(tx: Transaction, result: Committed) -> int:
        result.sites.add(77)
        return len(await tx.all(_ALL))

    gate.hold()
    first = desk.send("0")
    await reach(gate)
    second = desk.send("1")
    counting = asyncio.create_task(desk.committer.run(count))
    await asyncio.sleep(0)
    third = desk.send("2")
    gate.let_go()
    await asyncio.gather(first, second, third)
    assert await counting == 2
    assert 77 in desk.published[2].sites


@pytest.mark.only("postgresql")
async def test_where_others_write_too_a_function_that_takes_long_holds_up_no_message(desk: Desk) -> None:
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def dawdles(tx: Transaction, result: Committed) -> None:
        has_begun.set()
        await may_end.wait()

    dawdling = asyncio.create_task(desk.committer.run(dawdles))
    await has_begun.wait()
    assert sent(await desk.send("one")).seq == 1
    assert not dawdling.done()
    may_end.set()
    await dawdling


async def test_functions_of_one_line_keep_their_order(desk: Desk) -> None:
    ran: list[int] = []

    def note(number: int) -> Function:
        async def work(tx: Transaction, result: Committed) -> int:
            await tx.all(_ALL)
            return number

        return Function(work, ran.append, "line")

    for number in range(12):
        desk.committer.submit(note(number))
    await desk.committer.drained()
    assert ran == list(range(12))


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


async def test_a_caller_of_a_function_who_goes_away_leaves_the_committer_at_work(desk: Desk, gate: Gate) -> None:
    async def nothing(tx: Transaction, result: Committed) -> None:
        """Write nothing."""

    gate.hold()
    running: asyncio.Task[Any] = asyncio.create_task(desk.committer.run(nothing))
    await reach(gate)
    running.cancel()
    gate.let_go()
    assert sent(await desk.send("one")).seq == 1
