"""SQLite: one writer connection that also owns the checkpoints, a few readers, WAL, ``synchronous=FULL``.

Two connections writing or checkpointing at once can corrupt the file before SQLite 3.51.3 (M4), so there is exactly one
writer, readers are opened ``query_only``, and a lock file keeps a second process out.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import aiosqlite
from sqlalchemy import select
from typing_extensions import override

from widget_server.store.database import (
    Database,
    Row,
    StoreUnavailable,
    SyncFailed,
    TookTooLong,
    Transaction,
    TransactionFn,
)
from widget_server.store.slow import timed
from widget_server.store.statement import Statement, reordered, rows_of
from widget_server.store.tables import installation

T = TypeVar("T")

_BUSY_MS = 4000
"""How long a locked file is waited for; the answer to a sender comes within 5 s (G14)."""
_CHECKPOINT_PAGES = 8000
"""32 MiB of log: a page that every batch touches is then written back once for many commits."""
_WRITER_CACHE_KIB = 64 * 1024
_STEPS = 20_000
"""Of SQLite's machine, between two looks at the clock."""

_STAMP = Statement(select(installation.c.value).where(installation.c.name == "stamp"))
_KEEP_STAMP = (
    "INSERT INTO installation (name, value) VALUES ('stamp', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_SYNC_CODES = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


def drive(fn: TransactionFn[T], tx: Transaction) -> T:
    """Run an async transaction function to its end where every await returns at once.

    :raises RuntimeError: when it awaited something else than the transaction.
    """
    coroutine = cast("Coroutine[Any, Any, T]", fn(tx))
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise RuntimeError("a transaction's function may await nothing but the transaction")


class _SQLiteTransaction:
    """A transaction on the raw connection, used only inside its thread."""

    __slots__ = ("_connection", "_stamp", "_take_stamp", "dialect")

    def __init__(self, connection: sqlite3.Connection, take_stamp: Callable[[], int]) -> None:
        self._connection = connection
        self._take_stamp = take_stamp
        self._stamp = 0
        self.dialect = "sqlite"

    async def all(self, statement: Statement, /, **params: Any) -> list[Row]:
        compiled = statement.compiled("sqlite")
        return self._connection.execute(compiled.sql, compiled.bind(params)).fetchall()

    async def one(self, statement: Statement, /, **params: Any) -> Row | None:
        compiled = statement.compiled("sqlite")
        return cast("Row | None", self._connection.execute(compiled.sql, compiled.bind(params)).fetchone())

    async def run(self, statement: Statement, /, **params: Any) -> int:
        compiled = statement.compiled("sqlite")
        return self._connection.execute(compiled.sql, compiled.bind(params)).rowcount

    async def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]], /) -> None:
        compiled = statement.compiled("sqlite")
        self._connection.executemany(compiled.sql, rows_of(compiled, rows))

    async def rows(self, statement: Statement, order: Sequence[str], rows: Iterable[Sequence[Any]], /) -> None:
        compiled = statement.compiled("sqlite")
        self._connection.executemany(compiled.sql, reordered(compiled, order, rows))

    async def stamp(self) -> int:
        if not self._stamp:
            self._stamp = self._take_stamp()
        return self._stamp


class _ThreadedConnection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with a whole function as the unit of work."""

    async def begin(self) -> None:
        """Connect. A caller that goes away meanwhile waits for the thread: nobody else would close what it brings."""
        opening = asyncio.ensure_future(self)
        try:
            _ = await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(sqlite3.Error):
                await (await opening).close()
            raise

    async def hop(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the connection's thread.

        (aiosqlite offers no public call for this; a test pins the private one.)
        """
        return cast("T", await self._execute(lambda: work(self._conn)))  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped


class SQLiteDatabase(Database):
    """A database file. Opening takes a lock beside it, so that a second writing process is refused.

    :param path: the file; its folder exists.
    :param readers: how many snapshots can be read at the same time.
    :param slow_s: seconds from which on a query is logged; 0 logs none.
    :param limit_s: seconds after which a reading is given up; 0 for never.
    """

    dialect = "sqlite"
    one_writer = True

    def __init__(self, path: Path, *, readers: int = 2, slow_s: float = 0, limit_s: float = 0) -> None:
        self._path = path
        self._limit_s = limit_s
        self._slow_s = slow_s
        self._reader_count = readers
        self._writer: _ThreadedConnection | None = None
        self._readers: asyncio.LifoQueue[_ThreadedConnection] = asyncio.LifoQueue()
        self._opened: list[_ThreadedConnection] = []
        self._lock: IO[bytes] | None = None
        self._stamp = 0
        self._write_turn = asyncio.Lock()

    @override
    async def open(self) -> None:
        self._take_lock()
        try:
            self._writer = await self._connect()
            await self._writer.hop(self._prepare_writer)
            for _ in range(self._reader_count):
                reader = await self._connect()
                await reader.hop(lambda raw: _discard(raw.execute("PRAGMA query_only=ON")))
                self._readers.put_nowait(reader)
        except sqlite3.Error as error:
            await self.close()
            raise StoreUnavailable(str(error)) from error
        except BaseException:
            await self.close()
            raise

    def _take_lock(self) -> None:
        lock = Path(f"{self._path}.lock").open("ab")  # noqa: SIM115 - held as long as the database is open
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StoreUnavailable(f"{self._path} is open in another process") from error
        os.set_inheritable(lock.fileno(), False)
        self._lock = lock

    async def _connect(self) -> _ThreadedConnection:
        connection = _ThreadedConnection(
            lambda: sqlite3.connect(self._path, isolation_level=None, timeout=_BUSY_MS / 1000, cached_statements=256),
            64,
        )
        await connection.begin()
        self._opened.append(connection)
        await connection.hop(
            lambda raw: raw.executescript(
                "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                f"PRAGMA busy_timeout={_BUSY_MS};"
            )
        )
        return connection

    def _prepare_writer(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size=-{_WRITER_CACHE_KIB}")
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'installation'").fetchone()
        if known:
            row = connection.execute("SELECT value FROM installation WHERE name = 'stamp'").fetchone()
            self._stamp = int(row[0]) if row else 0

    @override
    async def close(self) -> None:
        while self._opened:
            await self._opened.pop().close()
        self._writer = None
        self._readers = asyncio.LifoQueue()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @override
    async def read(self, fn: TransactionFn[T]) -> T:
        work = timed(fn, self._slow_s)
        reader = await self._readers.get()
        try:
            return await reader.hop(lambda connection: self._snapshot(connection, work))
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise TookTooLong(str(error)) from error
            raise StoreUnavailable(str(error)) from error
        finally:
            self._readers.put_nowait(reader)

    def _snapshot(self, connection: sqlite3.Connection, fn: TransactionFn[T]) -> T:
        if self._limit_s:
            ends = time.monotonic() + self._limit_s
            connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
        connection.execute("BEGIN")
        try:
            return drive(fn, _SQLiteTransaction(connection, _no_stamp))
        finally:
            connection.execute("ROLLBACK")

    @override
    async def write(self, fn: TransactionFn[T]) -> T:
        if self._writer is None:
            raise StoreUnavailable("the database is closed")
        work = timed(fn, self._slow_s)
        # Shielded: a caller that goes away must not leave a transaction in the writer's thread unobserved.
        async with self._write_turn:
            try:
                return await asyncio.shield(self._writer.hop(lambda connection: self._transact(connection, work)))
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", None) in _SYNC_CODES:
                    raise SyncFailed(str(error)) from error
                raise StoreUnavailable(str(error)) from error

    def _transact(self, connection: sqlite3.Connection, fn: TransactionFn[T]) -> T:
        connection.execute("BEGIN IMMEDIATE")
        before = self._stamp
        try:
            result = drive(fn, _SQLiteTransaction(connection, lambda: self._next_stamp(connection)))
            connection.execute("COMMIT")
        except BaseException:
            self._stamp = before
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if self._stamp != before:
            self.touched += 1
        return result

    def _next_stamp(self, connection: sqlite3.Connection) -> int:
        self._stamp += 1
        connection.execute(_KEEP_STAMP, (str(self._stamp),))
        return self._stamp

    @override
    async def cursor(self, tx: Transaction) -> int:
        row = await tx.one(_STAMP)
        return int(row[0]) + 1 if row else 1


def _discard(_result: object) -> None:
    """Keep a cursor from leaving its thread."""


def _no_stamp() -> int:
    raise RuntimeError("a reading transaction has no stamp")
