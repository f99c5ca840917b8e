"""PostgreSQL through asyncpg: a pool of connections, each transaction on one of them.

Nothing here outlives a transaction (no session settings, listeners, advisory locks of a session), so a pooler that
hands connections out one transaction at a time may stand between. Writing runs READ COMMITTED on rows that are locked
first; reading sees one REPEATABLE READ snapshot.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import text
from typing_extensions import override

from widget_server.store.database import (
    Database,
    Held,
    Row,
    StoreUnavailable,
    TookTooLong,
    Transaction,
    TransactionFn,
)
from widget_server.store.slow import timed
from widget_server.store.statement import Compiled, Statement, columns_of, reordered, rows_of

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S: Final = 4.0
"""How long a transaction may take with everything it waits for; the answer to a sender comes within 5 s (G14)."""
_CONNECT_S: Final = 2.0
_AGAIN_S: Final = 0.1
"""Pause before a transaction runs again whose connection was lost."""
_RERUNS: Final = 5
"""How often a transaction runs again that lost against another one."""

# Who waits for a row learns of it before they are given up here; and a node that vanished in the middle of its
# transaction, without a word, must not keep the rows for as long as TCP would wait for it.
_BEGIN_WRITE: Final = "BEGIN; SET LOCAL lock_timeout = '3500ms'; SET LOCAL idle_in_transaction_session_timeout = '5s'"
_BEGIN_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# A plan that was made while a table was nearly empty would scan it for good; and nothing here is worth compiling.
_PLANNING: Final = {"enable_seqscan": "off", "jit": "off"}

_STAMP = Statement(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)"))
_XMIN = Statement(text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"))
# The timeline is read off the log that is written: the control file learns of it at the next checkpoint only.
_MARK = Statement(
    text(
        "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||"
        " CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS integer) || '/' ||"
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
        " WHERE NOT pg_is_in_recovery()"
    )
)

_LOST_CONNECTION: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
)
_LOST_RACE: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    # Two made the same thing at once: the second run finds what the other made.
    asyncpg.UniqueViolationError,
)
_UNAVAILABLE: Final = (
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresIOError,
)


class _PostgreSQLTransaction:
    """A transaction on its connection."""

    __slots__ = ("_connection", "_stamp", "_writes", "dialect")

    def __init__(self, connection: Any, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes
        self._stamp = 0
        self.dialect = "postgresql"

    async def all(self, statement: Statement, /, **params: Any) -> list[Row]:
        compiled = statement.compiled("postgresql")
        rows: list[Row] = await self._connection.fetch(compiled.sql, *compiled.bind(params))
        return rows

    async def one(self, statement: Statement, /, **params: Any) -> Row | None:
        compiled = statement.compiled("postgresql")
        row: Row | None = await self._connection.fetchrow(compiled.sql, *compiled.bind(params))
        return row

    async def run(self, statement: Statement, /, **params: Any) -> int:
        compiled = statement.compiled("postgresql")
        row = compiled.bind(params)
        if compiled.by_columns:
            row = tuple((value,) for value in row)
        status: str = await self._connection.execute(compiled.sql, *row)
        touched = status.rpartition(" ")[2]
        return int(touched) if touched.isdigit() else 0

    async def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]], /) -> None:
        compiled = statement.compiled("postgresql")
        await self._execute_each(compiled, rows_of(compiled, rows))

    async def rows(self, statement: Statement, order: Sequence[str], rows: Iterable[Sequence[Any]], /) -> None:
        compiled = statement.compiled("postgresql")
        await self._execute_each(compiled, reordered(compiled, order, rows))

    async def _execute_each(self, compiled: Compiled, rows: Iterable[Sequence[Any]]) -> None:
        if compiled.by_columns:
            await self._connection.execute(compiled.sql, *columns_of(rows))
        else:
            await self._connection.executemany(compiled.sql, rows)

    @property
    def has_stamp(self) -> bool:
        return self._stamp != 0

    async def stamp(self) -> int:
        if not self._writes:
            raise RuntimeError("a reading transaction has no stamp")
        if not self._stamp:
            row = await self.one(_STAMP)
            self._stamp = row[0] if row else 0
        return self._stamp


class PostgreSQLDatabase(Database):
    """A database on a PostgreSQL server (15 or newer).

    :param url: ``postgresql://user:password@host:port/name``.
    :param connections: most connections that are opened.
    :param transaction_pooling: whether a pooler stands between that gives each transaction another connection.
    :param slow_s: seconds from which on a query is logged; 0 logs none.
    """

    dialect = "postgresql"
    one_writer = False

    def __init__(
        self, url: str, *, connections: int = 10, transaction_pooling: bool = False, slow_s: float = 0
    ) -> None:
        self._url = url
        self._slow_s = slow_s
        self._connections = connections
        # A crowd that comes back reads all at once: writing must find a connection all the same.
        self._reading = asyncio.Semaphore(connections // 2)
        self._pooled = transaction_pooling
        # A pooler's connections are everybody's: what is set must end with the transaction.
        own = [f"; SET LOCAL {name} = {value}" for name, value in _PLANNING.items()]
        self._planning = "".join(own) if transaction_pooling else ""
        self._pool: asyncpg.Pool | None = None

    @override
    async def open(self) -> None:
        pool = asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._connections,
            timeout=_CONNECT_S,
            statement_cache_size=0 if self._pooled else 1024,
            max_cached_statement_lifetime=0,
            reset=_keep,
            server_settings={"application_name": "widget-server"} | ({} if self._pooled else _PLANNING),
        )
        try:
            await pool
            self._pool = pool
            await self.read(_answers)
        except (*_LOST_CONNECTION, *_UNAVAILABLE) as error:
            await self.close()
            raise StoreUnavailable(_reason(error)) from error
        except BaseException:
            await self.close()
            raise

    @override
    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), PATIENCE_S)
        except _LOST_CONNECTION:
            pool.terminate()

    @override
    async def read(self, fn: TransactionFn[T]) -> T:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._reading.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("too many are reading") from error
        try:
            return await self._within_patience(fn, writes=False)
        finally:
            self._reading.release()

    @override
    async def write(self, fn: TransactionFn[T]) -> T:
        # Shielded: a caller that goes away must not leave a commit half observed.
        return await asyncio.shield(asyncio.ensure_future(self._within_patience(fn, writes=True)))

    async def _within_patience(self, fn: TransactionFn[T], *, writes: bool) -> T:
        """Run ``fn`` until it succeeds, fails by itself, or has taken too long.

        Every write has a key that makes repeating it harmless, also where the connection broke in COMMIT.
        """
        ends = time.monotonic() + PATIENCE_S
        lost_races = 0
        work = timed(fn, self._slow_s)
        while True:
            try:
                return await self._once(work, ends, writes=writes)
            except _LOST_RACE:
                lost_races += 1
                if lost_races > _RERUNS:
                    raise
            except _LOST_CONNECTION as error:
                if self._pool is None or time.monotonic() + _AGAIN_S > ends:
                    raise StoreUnavailable(_reason(error)) from error
                await asyncio.sleep(_AGAIN_S)
            except asyncpg.LockNotAvailableError as error:
                raise Held(_reason(error)) from error
            except asyncpg.QueryCanceledError as error:
                raise TookTooLong(_reason(error)) from error
            except _UNAVAILABLE as error:
                raise StoreUnavailable(_reason(error)) from error

    async def _once(self, fn: TransactionFn[T], ends: float, *, writes: bool) -> T:
        pool = self._pool
        if pool is None:
            raise StoreUnavailable("the database is closed")
        left = max(0.0, ends - time.monotonic())
        connection = await pool.acquire(timeout=min(left, _CONNECT_S))
        overdue = asyncio.get_running_loop().call_later(left, connection.terminate)
        try:
            return await self._transact(connection, fn, writes=writes)
        except (asyncpg.InterfaceError, AttributeError) as error:
            # asyncpg has several words for what was said on a connection after its end.
            if _is_closed(connection):
                raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
            raise
        except asyncpg.InternalClientError as error:
            # So asyncpg says that the server ended the connection while it lay in the pool.
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
        finally:
            overdue.cancel()
            with suppress(*_LOST_CONNECTION, asyncpg.InterfaceError):
                await pool.release(connection, timeout=_CONNECT_S)

    async def _transact(self, connection: Any, fn: TransactionFn[T], *, writes: bool) -> T:
        tx = _PostgreSQLTransaction(connection, writes=writes)
        try:
            # Also who goes away while it begins or ends leaves no transaction open.
            await connection.execute((_BEGIN_WRITE if writes else _BEGIN_READ) + self._planning)
            result = await fn(tx)
            try:
                await connection.execute("COMMIT")
            finally:
                # Also where the connection broke meanwhile: it may have been committed.
                self.touched += tx.has_stamp
        except BaseException:
            await _roll_back(connection)
            raise
        return result

    @override
    async def cursor(self, tx: Transaction) -> int:
        row = await tx.one(_XMIN)
        return int(row[0]) if row else 1

    @override
    async def mark(self) -> str | None:
        row = await self.read(lambda tx: tx.one(_MARK))
        return str(row[0]) if row else None


async def _roll_back(connection: Any) -> None:
    """End a transaction that failed, or whose reader has gone away, and hide nothing of why."""
    # What was asked to be cancelled may have been done before the server heard of it: then it cancels what comes next.
    for _ in range(2):
        try:
            await connection.execute("ROLLBACK")
        except asyncpg.QueryCanceledError:
            continue
        except (*_LOST_CONNECTION, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            pass
        return


def _is_closed(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        # The pool has taken it back, as it does when one is ended from outside.
        return True


async def _keep(_connection: Any) -> None:
    """Nothing of a transaction outlives it, so nothing has to be reset."""


async def _answers(tx: Transaction) -> None:
    await tx.one(_XMIN)


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
