"""What only PostgreSQL needs: many writers on the same rows, connections that break, a pooler between."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from sqlalchemy import func, select, text

from tests.engines.daemon import free_port
from tests.engines.pgbouncer import PgBouncer
from tests.engines.postgresql import PostgreSQL, open_connection
from tests.store.test_statements import STATEMENTS
from tests.store.world import Desk, build_world, refused, sent, stored
from widget_server.store.database import StoreUnavailable
from widget_server.store.locks import lock_channels
from widget_server.store.postgresql import PostgreSQLDatabase
from widget_server.store.records import Function
from widget_server.store.search_postgresql import PostgreSQLIndex
from widget_server.store.stamps import changes_since
from widget_server.store.statement import Statement
from widget_server.store.tables import installation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.store.world import World
    from widget_server.store.database import Row, Transaction, TransactionFn
    from widget_server.store.records import Committed

COUNT = Statement(select(func.count()).select_from(installation))
PUT = Statement(text("INSERT INTO installation (name, value) VALUES ('x', '')"))


@pytest.fixture
def url(postgresql: PostgreSQL) -> Generator[str]:
    url = postgresql.create_database()
    yield url
    postgresql.drop_database(url)


@asynccontextmanager
async def opened(
    url: str, *, connections: int = 10, transaction_pooling: bool = False
) -> AsyncGenerator[PostgreSQLDatabase]:
    database = PostgreSQLDatabase(url, connections=connections, transaction_pooling=transaction_pooling)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


@pytest.fixture
async def database(url: str) -> AsyncGenerator[PostgreSQLDatabase]:
    async with opened(url) as database:
        yield database


@pytest.fixture
async def world(database: PostgreSQLDatabase) -> World:
    return await build_world(database)


@pytest.fixture
async def desk(database: PostgreSQLDatabase, world: World) -> AsyncGenerator[Desk]:
    async with Desk(database, world) as desk:
        yield desk


async def test_every_statement_is_understood(url: str) -> None:
    async with opened(url) as database:
        await PostgreSQLIndex(database).open()
    connection = await asyncpg.connect(url)
    try:
        for name, statement in STATEMENTS.items():
            # Of the other engine, and of a table that stands only while a move goes on.
            if not name.startswith(("sqlite.", "search_sqlite.", "unfinished.")):
                assert await connection.prepare(statement.compiled("postgresql").sql), name
    finally:
        await connection.close()


async def test_a_snapshot_does_not_see_what_is_committed_meanwhile(database: PostgreSQLDatabase) -> None:
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def counts_twice(tx: Transaction) -> tuple[Row | None, Row | None]:
        first = await tx.one(COUNT)
        has_begun.set()
        await may_go_on.wait()
        return first, await tx.one(COUNT)

    reading = asyncio.create_task(database.read(counts_twice))
    await has_begun.wait()
    await database.write(lambda tx: tx.run(PUT))
    may_go_on.set()
    first, second = await reading
    assert first == second


# --- several writers


async def test_a_channel_that_another_node_holds_slows_no_other_one(
    url: str, database: PostgreSQLDatabase, world: World, desk: Desk
) -> None:
    other = await build_world(database)
    with open_connection(url) as neighbour:
        neighbour("BEGIN")
        neighbour("SELECT 1 FROM channel WHERE id = $1 FOR UPDATE", world.channel)
        hot = [desk.send(f"hot {n}") for n in range(3)]
        cold = [desk.send(f"cold {n}", channel=other.channel, author=other.visitor) for n in range(3)]
        assert [sent(await answer).seq for answer in cold] == [1, 2, 3]
        hot += [desk.send(f"hot {n}") for n in range(3, 6)]
        assert [sent(await desk.send("cold", channel=other.channel, author=other.visitor)).seq] == [4]
        assert not any(answer.done() for answer in hot)
        neighbour("ROLLBACK")
    assert [sent(await answer).seq for answer in hot] == [1, 2, 3, 4, 5, 6]
    assert [row[2] for row in await stored(database) if row[0] == world.channel] == [f"hot {n}" for n in range(6)]


async def test_a_message_that_moves_the_status_waits_for_the_staff_channel_and_slows_no_other_one(
    url: str, database: PostgreSQLDatabase, world: World, desk: Desk
) -> None:
    other = await build_world(database)
    with open_connection(url) as neighbour:
        neighbour("UPDATE conversation SET status = 'resolved' WHERE channel_id = $1", world.channel)
        neighbour("BEGIN")
        neighbour("SELECT 1 FROM channel WHERE id = $1 FOR UPDATE", world.staff)
        reopening = desk.send("it broke again")
        cold = desk.send("cold", channel=other.channel, author=other.visitor)
        assert sent(await cold).seq == 1
        assert not reopening.done()
        neighbour("ROLLBACK")
        assert sent(await reopening).seq == 1
        assert neighbour("SELECT status FROM conversation WHERE channel_id = $1", world.channel) == [("open",)]
    assert [row[2] for row in await stored(database)] == ["it broke again", "cold"]


async def test_a_channel_that_is_held_too_long_refuses_its_own_messages_alone_and_takes_them_later(
    url: str, database: PostgreSQLDatabase, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.store.postgresql._BEGIN_WRITE", "BEGIN; SET LOCAL lock_timeout = '50ms'")
    other = await build_world(database)
    with open_connection(url) as neighbour:
        neighbour("BEGIN")
        neighbour("SELECT 1 FROM channel WHERE id = $1 FOR UPDATE", world.channel)
        first, second = desk.send("one", client_id="a"), desk.send("two", client_id="b")
        assert refused(await first) == refused(await second) == "unavailable"
        assert sent(await desk.send("cold", channel=other.channel, author=other.visitor)).seq == 1
        neighbour("ROLLBACK")
    assert [sent(await desk.send("one", client_id="a")).seq, sent(await desk.send("two", client_id="b")).seq] == [1, 2]


async def test_what_stands_behind_a_refused_function_of_its_line_does_not_overtake_it(
    url: str, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.store.postgresql._BEGIN_WRITE", "BEGIN; SET LOCAL lock_timeout = '50ms'")
    ran: list[str] = []

    def function(name: str, line: str, channels: list[int]) -> asyncio.Future[Any]:
        async def work(tx: Transaction, _: Committed) -> str:
            await lock_channels(tx, channels)
            ran.append(name)
            return name

        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        desk.committer.submit(Function(work, future.set_result, line))
        return future

    with open_connection(url) as neighbour:
        neighbour("BEGIN")
        neighbour("SELECT 1 FROM channel WHERE id = $1 FOR UPDATE", world.channel)
        first, second = function("first", "a", [world.channel]), function("second", "a", [])
        other = function("other", "b", [])
        assert await other == "other"
        assert refused(await first) == refused(await second) == "unavailable"
        neighbour("ROLLBACK")
    assert await function("first", "a", [world.channel]) == "first"
    assert ran == ["other", "first"]


async def test_g14_functions_that_wait_for_a_server_that_hangs_are_all_refused_with_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with PostgreSQL() as server:
        async with opened(server.create_database()) as database:
            world = await build_world(database)
            monkeypatch.setattr("widget_server.store.postgresql.PATIENCE_S", 0.3)
            tried = 0
            write = database.write

            async def counted(fn: TransactionFn[Any]) -> Any:
                nonlocal tried
                tried += 1
                return await write(fn)

            monkeypatch.setattr(database, "write", counted)
            async with Desk(database, world) as desk:
                server.pause()
                asked = [desk.committer.run(_does_nothing) for _ in range(20)]
                outcomes = await asyncio.gather(*asked, return_exceptions=True)
                server.resume()
            assert [refused(outcome) for outcome in outcomes] == ["unavailable"] * 20
            assert tried <= 8


async def _does_nothing(_: Transaction, __: Committed) -> None:
    """A function."""


async def test_writers_of_several_nodes_make_one_order_without_a_hole(url: str, world: World) -> None:
    count = 25
    async with opened(url) as first, opened(url) as second, opened(url) as third:
        async with Desk(first, world) as one, Desk(second, world) as two, Desk(third, world) as three:
            answers = [
                d.send(f"{n}", side="agent" if n % 2 else "visitor") for n in range(count) for d in (one, two, three)
            ]
            numbers = [sent(await answer).seq for answer in answers]
        assert sorted(numbers) == list(range(1, 3 * count + 1))
        for desk in range(3):
            own = numbers[desk::3]
            assert own == sorted(own)
        told = sorted(event for desk in (one, two, three) for event in desk.versions)
    assert [start for start, _ in told] == [0, *(to for _, to in told[:-1])]


async def test_eight_nodes_on_one_hot_channel_hold_up_none_of_their_others(url: str, world: World) -> None:
    async with AsyncExitStack() as stack:
        desks, colds = [], []
        for _ in range(8):
            database = await stack.enter_async_context(opened(url, connections=5))
            colds.append(await build_world(database))
            desks.append(await stack.enter_async_context(Desk(database, world)))
        with open_connection(url) as neighbour:
            neighbour("BEGIN")
            neighbour("SELECT 1 FROM channel WHERE id = $1 FOR UPDATE", world.channel)
            hot = [desk.send(f"{n}") for n in range(3) for desk in desks]
            for desk, cold in zip(desks, colds, strict=True):
                answers = [desk.send(f"{n}", channel=cold.channel, author=cold.visitor) for n in range(3)]
                assert [sent(await answer).seq for answer in answers] == [1, 2, 3]
            assert not any(answer.done() for answer in hot)
            neighbour("ROLLBACK")
        numbers = [sent(await answer).seq for answer in hot]
        assert sorted(numbers) == list(range(1, 25))
        assert all(numbers[n::8] == sorted(numbers[n::8]) for n in range(8))


async def test_a_cursor_never_passes_what_is_not_committed_yet(
    url: str, database: PostgreSQLDatabase, world: World
) -> None:
    """G05: an older transaction that commits after a younger one was read is found by the next reading."""
    cursor = (await changes_since(database, 0)).cursor
    touch = "UPDATE channel SET stamp = CAST(CAST(pg_current_xact_id() AS text) AS bigint) WHERE id = $1"
    with open_connection(url) as older, open_connection(url) as younger:
        older("BEGIN")
        older(touch, world.channel)
        younger(touch, world.staff)
        early = await changes_since(database, cursor)
        assert [name for name, _ in early.channels] == [world.staff_name]
        older("COMMIT")
        late = await changes_since(database, early.cursor)
    assert world.channel_name in [name for name, _ in late.channels]


# --- connections that break


class CommitCutter:
    """Passes everything on to the server; cuts the line when a COMMIT was carried out, before that is told."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.cuts = 0
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        cuts = asyncio.Event()
        for work in (self._up(reader, inner_writer, cuts), self._down(inner_reader, writer, cuts)):
            task = asyncio.create_task(work)
            self._tasks.add(task)

    async def _up(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, cuts: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if self.cuts and b"COMMIT\0" in data:
                self.cuts -= 1
                cuts.set()
            server.write(data)
        server.close()

    async def _down(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, cuts: asyncio.Event) -> None:
        while data := await server.read(65536):
            if cuts.is_set():
                break
            writer.write(data)
        writer.transport.abort()


async def test_g03_a_batch_whose_commit_was_not_answered_runs_again_and_doubles_nothing(
    postgresql: PostgreSQL, url: str
) -> None:
    cutter = CommitCutter(postgresql.port)
    async with cutter.serving(), opened(url.replace(str(postgresql.port), str(cutter.port))) as database:
        world = await build_world(database)
        async with Desk(database, world) as desk:
            assert sent(await desk.send("before")).seq == 1
            cutter.cuts = 1
            assert sent(await desk.send("in the middle")).seq == 2
            assert cutter.cuts == 0
            assert sent(await desk.send("after")).seq == 3
        assert [row[2] for row in await stored(database)] == ["before", "in the middle", "after"]


async def test_connections_that_were_ended_are_replaced_and_nobody_notices(
    url: str, database: PostgreSQLDatabase, desk: Desk
) -> None:
    assert sent(await desk.send("one")).seq == 1
    with open_connection(url) as administrator:
        administrator(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert sent(await desk.send("two")).seq == 2
    assert len(await stored(database)) == 2


async def test_readers_who_go_away_leave_no_transaction_open(database: PostgreSQLDatabase) -> None:
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))

    async def reads(tx: Transaction) -> Row | None:
        await tx.one(COUNT)
        return await tx.one(COUNT)

    await database.read(reads)
    for steps in range(100):
        reading = asyncio.ensure_future(database.read(reads))
        for _ in range(steps):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert not told, f"after {steps} steps"
    assert await database.read(reads) is not None


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = PostgreSQLDatabase(f"postgresql://widget@127.0.0.1:{free_port()}/widget")
    with pytest.raises(StoreUnavailable):
        await database.open()
    await database.close()


# --- a pooler between


async def test_it_works_behind_a_pooler_that_hands_out_transactions(postgresql: PostgreSQL, url: str) -> None:
    with PgBouncer(postgresql, pool_size=2) as pooler:
        through = pooler.in_front_of(url)
        async with (
            opened(through, transaction_pooling=True) as first,
            opened(through, transaction_pooling=True) as second,
        ):
            world = await build_world(first)
            async with Desk(first, world) as one, Desk(second, world) as two:
                answers = [desk.send(f"{n}") for n in range(40) for desk in (one, two)]
                assert sorted([sent(await answer).seq for answer in answers]) == list(range(1, 81))
            assert len(await stored(second)) == 80


async def test_g14_a_transaction_that_takes_too_long_is_ended_wherever_it_stands(
    database: PostgreSQLDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.store.postgresql.PATIENCE_S", 0.2)
    was_ended = asyncio.Event()

    async def dawdles(tx: Transaction) -> Row | None:
        connection = tx._connection  # type: ignore[attr-defined]  # whose end is waited for
        connection.add_termination_listener(lambda _: was_ended.set())
        await tx.one(COUNT)
        await was_ended.wait()
        return await tx.one(COUNT)

    with pytest.raises(StoreUnavailable):
        await database.read(dawdles)
    assert await database.read(lambda tx: tx.one(COUNT)) is not None
