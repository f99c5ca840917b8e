"""Real databases whose COMMIT can be held up or made to fail, as a slow or broken disk would."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

import asyncpg
from typing_extensions import override

from widget_server.store.postgresql import PostgreSQLDatabase
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.store.database import Transaction, TransactionFn

T = TypeVar("T")


class Gate:
    """Stands before COMMIT: counts, can hold the next ones, and fail them.

    ``failures`` are raised at the next commits, one each, before anything is durable.
    """

    def __init__(self) -> None:
        self.commits = 0
        self.failures: list[BaseException] = []
        self.at_commit = threading.Event()
        """Set when a commit has come as far as it may."""
        self._may_pass = threading.Event()
        self._may_pass.set()

    def hold(self) -> None:
        """Let no commit through from now on."""
        self.at_commit.clear()
        self._may_pass.clear()

    def let_go(self) -> None:
        """Let commits through again."""
        self._may_pass.set()

    def pass_through(self) -> None:
        """Wait for the gate, in a thread; then fail, or be counted."""
        self.at_commit.set()
        assert self._may_pass.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        self.commits += 1


class _Watched:
    """The writer's connection, with somebody standing before COMMIT."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate) -> None:
        self._connection = connection
        self._gate = gate

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self._gate.pass_through()
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class FaultySQLite(SQLiteDatabase):
    """A file with a gate before its commits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate = Gate()

    @staticmethod
    def trouble() -> BaseException:
        """What the driver raises when the disk fails it."""
        return disk_error()

    @override
    def _transact(self, connection: sqlite3.Connection, fn: TransactionFn[T]) -> T:
        return super()._transact(cast("sqlite3.Connection", _Watched(connection, self.gate)), fn)


class FaultyPostgreSQL(PostgreSQLDatabase):
    """A database on a server with a gate before its commits."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.gate = Gate()

    @staticmethod
    def trouble() -> BaseException:
        """What the driver raises when the server's disk fails it."""
        error: BaseException = asyncpg.DiskFullError("could not extend file")
        return error

    @override
    async def write(self, fn: TransactionFn[T]) -> T:
        async def watched(tx: Transaction) -> T:
            result = await fn(tx)
            await asyncio.to_thread(self.gate.pass_through)
            return result

        return await super().write(watched)


FaultyDatabase = FaultySQLite | FaultyPostgreSQL


def disk_error(code: int = sqlite3.SQLITE_IOERR_WRITE) -> sqlite3.OperationalError:
    """What SQLite raises when the disk fails it."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error
