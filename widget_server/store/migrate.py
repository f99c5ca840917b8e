"""Bring a database's schema to the newest revision, or back. Blocking: call it from the command line or in a thread.

Whoever changes a schema is alone: on SQLite by the lock that a server holds too, on PostgreSQL by an advisory lock, for
which a second node waits and then finds nothing left to do. On PostgreSQL each revision is a transaction of its own; it
waits for no table longer than a moment and is then tried again, so that it never stands in a queue before the reads and
writes of everybody.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, create_engine, event, exc, pool, select, table, text

from widget_server.store.database import StoreUnavailable, Transaction
from widget_server.store.engines import SQLITE, check_driver
from widget_server.store.statement import Statement

log = logging.getLogger(__name__)

T = TypeVar("T")

FOLDER: Final = Path(__file__).parent / "migrations"
VERSIONS: list[Path] = [FOLDER / "versions"]
"""Where the revisions are."""

_ALONE: Final = 0x5769_6467_6574
"""The advisory lock of whoever changes the schema."""
_WAIT_FOR_TABLE: Final = "2s"
"""How long a revision waits for a table: everybody who comes later waits behind it."""
_ATTEMPTS: Final = 15
_PAUSE_S: Final = 1.0
_CONNECT_S: Final = 5.0
_FILE_LOCK_S: Final = 10.0

_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version")))
_HAS_REVISIONS = Statement(
    sqlite=text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"),
    postgresql=text("SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL"),
)


class NewerSchema(Exception):
    """The database is at a revision that this program does not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at revision {revision}, which this version does not know; install a newer one"
        )


class InUse(StoreUnavailable):
    """Another process has the file of a SQLite database open."""


def head() -> str:
    """The newest revision this program knows."""
    return _head_in(tuple(VERSIONS))


@cache
def _head_in(_versions: tuple[Path, ...]) -> str:
    # Every revision is read to find the newest, and what a program carries does not change while it runs.
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise RuntimeError("the program carries no revisions")
    return found


def known(revision: str) -> bool:
    """Whether this program knows ``revision``; if not, a newer program has been at the database."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def current(url: str) -> str | None:
    """The revision the database is at, or None where nothing has been created yet.

    :raises StoreUnavailable: when a PostgreSQL server does not answer or lets us not in.
    """
    return connected(url, revision_seen)


def upgrade(url: str, revision: str = "head") -> None:
    """Apply revisions up to ``revision``. Harmless to repeat; existing data is kept (S1.11).

    An older SQLite file is copied first, to its own name with the revision it is at.

    :raises NewerSchema: when the database was made by a newer program.
    :raises StoreUnavailable: when a server uses the file, when PostgreSQL does not answer, or when a long transaction
        keeps a table for longer than all attempts took.
    """
    goal = head() if revision == "head" else revision
    if current(url) == goal:
        return

    def apply(connection: Connection) -> None:
        at = revision_seen(connection)
        connection.rollback()
        if at is not None and not known(at):
            raise NewerSchema(at)
        if at == goal:
            return
        if at is not None:
            _keep_copy(url, at)
        command.upgrade(_config(connection), revision)

    _changed(url, apply)


def downgrade(url: str, revision: str = "-1") -> None:
    """Step back, by default the last revision (S2.30). A SQLite file is copied first.

    :raises StoreUnavailable: as :func:`upgrade`.
    """

    def apply(connection: Connection) -> None:
        at = revision_seen(connection)
        connection.rollback()
        if at is not None:
            _keep_copy(url, at)
        command.downgrade(_config(connection), revision)

    _changed(url, apply)


async def revision_of(tx: Transaction) -> str | None:
    """The revision as seen by an open database; None where nothing was created."""
    if not await tx.one(_HAS_REVISIONS):
        return None
    row = await tx.one(_REVISION)
    return str(row[0]) if row else None


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, VERSIONS)))
    config.attributes["connection"] = connection
    return config


def revision_seen(connection: Connection) -> str | None:
    """The revision as seen through a connection of SQLAlchemy's; None where nothing was created."""
    return MigrationContext.configure(connection).get_current_revision()


def _changed(url: str, work: Callable[[Connection], None]) -> None:
    """Do ``work`` as the only one who changes the schema, again where a table was kept by somebody."""
    for attempt in range(_ATTEMPTS):
        try:
            return connected(url, work, alone=True)
        except exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            log.info("A table is in use; the revision is tried again.", extra={"attempt": attempt + 1})
            time.sleep(_PAUSE_S)
    raise StoreUnavailable("a long transaction keeps a table that has to be changed; try again when it has ended")


def connected(url: str, work: Callable[[Connection], T], *, alone: bool = False) -> T:
    """Run ``work`` on a connection to the database at ``url``.

    :param alone: whether nobody else may change the schema meanwhile; ``work`` then begins as a writer.
    :raises StoreUnavailable: when the database does not answer, or is not had alone.
    """
    if url.startswith(SQLITE):
        return _on_sqlite(url, work, alone=alone)
    check_driver(url)
    # A loop of its own in a thread of its own: the caller's may be running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_on_postgresql(url, work, alone=alone))).result()


def _on_sqlite(url: str, work: Callable[[Connection], T], *, alone: bool) -> T:
    engine = create_engine(url, poolclass=pool.NullPool)
    # DDL belongs to the transaction only where the driver is kept from beginning and committing by itself.
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    begin = "BEGIN IMMEDIATE" if alone else "BEGIN"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    try:
        if not alone:
            with engine.connect() as connection:
                return work(connection)
        with file_lock(Path(url.removeprefix(SQLITE)), patience_s=_FILE_LOCK_S), engine.connect() as connection:
            return work(connection)
    finally:
        engine.dispose()


@contextmanager
def file_lock(path: Path, *, patience_s: float = 0.0) -> Generator[None]:
    """Hold the lock of a SQLite file, which a server holds as long as it runs.

    :param patience_s: how long another holder is waited for.
    :raises InUse: another process has the file open.
    :raises StoreUnavailable: the lock cannot be written.
    """
    ends = time.monotonic() + patience_s
    try:
        lock = Path(f"{path}.lock").open("ab")  # noqa: SIM115 - closed below, with the lock
    except OSError as error:
        raise StoreUnavailable(f"{path}.lock cannot be written: {error.strerror}") from error
    with lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() >= ends:
                    raise InUse(f"{path} is open in another process") from error
                time.sleep(0.05)
        yield


def _keep_copy(url: str, revision: str) -> None:
    """Copy a SQLite file as it is before it changes; the copy of the same revision made earlier is replaced."""
    if not url.startswith(SQLITE):
        return
    path = Path(url.removeprefix(SQLITE))
    kept = path.with_name(f"{path.name}.at-{revision}")
    partial = kept.with_name(f"{kept.name}.partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(kept)
    log.info("The database was copied before its schema changes.", extra={"copy": str(kept)})


async def _on_postgresql(url: str, work: Callable[[Connection], T], *, alone: bool) -> T:
    # Extras: SQLite runs without them.
    import asyncpg  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    async def connect() -> Any:
        settings = {"application_name": "widget-server migrate"}
        try:
            return await asyncpg.connect(url, timeout=_CONNECT_S, statement_cache_size=0, server_settings=settings)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise StoreUnavailable(str(error) or type(error).__name__) from error

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=pool.NullPool)
    event.listen(engine.sync_engine, "begin", _wait_briefly)
    try:
        keeper = await connect() if alone else None
        try:
            if keeper is not None:
                await _be_alone(keeper)
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            if keeper is not None:
                await keeper.close()
    except asyncpg.PostgresConnectionError as error:
        raise StoreUnavailable(str(error)) from error
    finally:
        await engine.dispose()


async def _be_alone(keeper: Any) -> None:
    """Hold the lock until ``keeper`` is closed: by a transaction left open, for a pooler hands only those out whole."""
    await keeper.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0")
    if not await keeper.fetchval(f"SELECT pg_try_advisory_xact_lock({_ALONE})"):
        log.info("Another node changes the schema; waiting for it.")
    # Taking it twice is harmless. By the simple protocol: the other leaves a snapshot open, for whose end an index that
    # is built beside the traffic would wait for ever.
    await keeper.execute(f"SELECT pg_advisory_xact_lock({_ALONE})")


def _wait_briefly(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_FOR_TABLE}'")
