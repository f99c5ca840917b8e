"""What only SQLite needs: one writer that owns the file, syncs that count, and work inside the driver's own thread."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

import aiosqlite
import pytest
from sqlalchemy import text

from tests.store.faults import FaultySQLite, disk_error
from widget_server.store.database import StoreUnavailable, SyncFailed
from widget_server.store.sqlite import SQLiteDatabase
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from widget_server.store.database import Row, Transaction

COUNT = Statement(text("SELECT count(*) FROM installation"))
PUT = Statement(text("INSERT INTO installation (name, value) VALUES ('x', '')"))


@pytest.fixture
async def database(empty_store: Path, tmp_path: Path) -> AsyncGenerator[SQLiteDatabase]:
    path = tmp_path / "own.db"
    shutil.copyfile(empty_store, path)
    database = SQLiteDatabase(path)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


@pytest.fixture
async def faulty(empty_store: Path, tmp_path: Path) -> AsyncGenerator[FaultySQLite]:
    path = tmp_path / "faulty.db"
    shutil.copyfile(empty_store, path)
    faulty = FaultySQLite(path)
    try:
        await faulty.open()
        yield faulty
    finally:
        faulty.gate.let_go()
        await faulty.close()


class Watched(sqlite3.Connection):
    """A connection that says when it is closed."""

    is_closed = False

    def close(self) -> None:
        """Close it."""
        super().close()
        self.is_closed = True


async def test_an_opening_that_is_given_up_closes_what_the_thread_brings_later(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "late.db"
    shutil.copyfile(empty_store, path)
    begun, gate, made = threading.Event(), threading.Event(), list[Watched]()

    def late(*args: object, **named: object) -> sqlite3.Connection:
        begun.set()
        gate.wait()
        made.append(Watched(path, check_same_thread=False))
        return made[0]

    monkeypatch.setattr(sqlite3, "connect", late)
    opening = asyncio.create_task(SQLiteDatabase(path).open())
    await asyncio.to_thread(begun.wait)
    opening.cancel()
    asyncio.get_running_loop().call_soon(gate.set)
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert [each.is_closed for each in made] == [True]


def pragma(name: str) -> Statement:
    return Statement(text(f"PRAGMA {name}"))


async def test_every_commit_is_synced_and_rows_refer_to_rows_that_exist(database: SQLiteDatabase) -> None:
    async def settings(tx: Transaction) -> list[Row | None]:
        return [await tx.one(pragma(name)) for name in ("synchronous", "journal_mode", "foreign_keys", "query_only")]

    assert await database.write(settings) == [(2,), ("wal",), (1,), (0,)]
    assert await database.read(settings) == [(2,), ("wal",), (1,), (1,)]


async def test_a_second_writing_process_is_refused(empty_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    shutil.copyfile(empty_store, path)
    first, second = SQLiteDatabase(path), SQLiteDatabase(path)
    try:
        await first.open()
        with pytest.raises(StoreUnavailable, match="another process"):
            await second.open()
        await first.close()
        await second.open()
    finally:
        await first.close()
        await second.close()


async def test_a_file_that_is_no_database_is_unavailable_and_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("not a database, " * 100)
    before = set(threading.enumerate())
    with pytest.raises(StoreUnavailable):
        await SQLiteDatabase(path).open()
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, 30)
        assert not thread.is_alive()


async def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises((StoreUnavailable, FileNotFoundError)):
        await SQLiteDatabase(tmp_path / "nowhere" / "x.db").open()


async def test_a_function_that_waits_for_something_else_is_refused_and_rolled_back(database: SQLiteDatabase) -> None:
    async def dawdles(tx: Transaction) -> None:
        await tx.run(PUT)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="await nothing but"):
        await database.write(dawdles)
    assert await database.read(lambda tx: tx.one(COUNT)) == (0,)


async def test_the_driver_still_runs_a_function_in_its_thread() -> None:
    async with aiosqlite.connect(":memory:") as connection:
        names = await connection._execute(lambda: threading.current_thread().name)  # type: ignore[no-untyped-call]  # the pinned private call
        assert names != threading.current_thread().name
        assert isinstance(connection._conn, sqlite3.Connection)


async def test_a_snapshot_does_not_see_what_is_committed_meanwhile(database: SQLiteDatabase) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()

    async def counts_twice(tx: Transaction) -> tuple[Row | None, Row | None]:
        first = await tx.one(COUNT)
        has_begun.set()
        assert may_go_on.wait(30)
        return first, await tx.one(COUNT)

    reading = asyncio.create_task(database.read(counts_twice))
    await asyncio.to_thread(has_begun.wait)
    await database.write(lambda tx: tx.run(PUT))
    may_go_on.set()
    first, second = await reading
    assert first == second == (0,)
    assert await database.read(lambda tx: tx.one(COUNT)) == (1,)


async def test_an_error_of_the_disk_at_commit_leaves_nothing_behind_and_the_next_write_works(
    faulty: FaultySQLite,
) -> None:
    faulty.gate.failures = [disk_error()]
    with pytest.raises(StoreUnavailable):
        await faulty.write(lambda tx: tx.run(PUT))
    assert await faulty.read(lambda tx: tx.one(COUNT)) == (0,)
    await faulty.write(lambda tx: tx.run(PUT))
    assert await faulty.read(lambda tx: tx.one(COUNT)) == (1,)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC])
async def test_a_disk_that_refuses_to_sync_is_told_apart(faulty: FaultySQLite, code: int) -> None:
    faulty.gate.failures = [disk_error(code)]
    with pytest.raises(SyncFailed):
        await faulty.write(lambda tx: tx.run(PUT))


async def test_a_full_disk_is_unavailable(faulty: FaultySQLite) -> None:
    faulty.gate.failures = [disk_error(sqlite3.SQLITE_FULL)]
    with pytest.raises(StoreUnavailable):
        await faulty.write(lambda tx: tx.run(PUT))


async def test_a_caller_who_goes_away_during_the_commit_does_not_stop_it(faulty: FaultySQLite) -> None:
    faulty.gate.hold()
    writing = asyncio.create_task(faulty.write(lambda tx: tx.run(PUT)))
    await asyncio.to_thread(faulty.gate.at_commit.wait)
    writing.cancel()
    faulty.gate.let_go()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await faulty.write(lambda tx: tx.one(COUNT))
    assert await faulty.read(lambda tx: tx.one(COUNT)) == (1,)
