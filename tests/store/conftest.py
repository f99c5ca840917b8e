"""Every database that the product runs on, behind one fixture: the tests of this folder run on each of them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from tests.engines.backends import DATABASES, SQLITE
from tests.engines.pgbouncer import PgBouncer
from tests.engines.postgresql import open_connection
from tests.store.faults import FaultyPostgreSQL, FaultySQLite
from tests.store.world import World, build_world
from widget_server.store import postgresql as postgresql_store
from widget_server.store import sqlite as sqlite_store
from widget_server.store.postgresql import PostgreSQLDatabase
from widget_server.store.sqlite import SQLiteDatabase
from widget_server.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from tests.store.faults import FaultyDatabase
    from widget_server.store.database import Database


POOLED: Final = "pgbouncer"
"""PostgreSQL behind a pooler that gives each transaction another connection."""


class Store(Protocol):
    """A migrated and empty database of one kind, of this test's own."""

    def database(self) -> Database:
        """A way to it that is not open yet."""
        ...

    def faulty(self) -> FaultyDatabase:
        """Another, whose commits can be held up and made to fail."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Keep everybody else from writing."""
        ...


class SQLiteStore:
    """A copy of the migrated file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def database(self) -> Database:
        return SQLiteDatabase(self._path)

    def faulty(self) -> FaultyDatabase:
        return FaultySQLite(self._path)

    @contextmanager
    def locked(self) -> Generator[None]:
        intruder = sqlite3.connect(self._path, isolation_level=None)
        try:
            intruder.execute("BEGIN IMMEDIATE")
            yield
        finally:
            intruder.close()


class PostgreSQLStore:
    """A copy of the migrated database on the server of the run.

    :param pooler: what stands before it, if anything.
    """

    def __init__(self, url: str, pooler: PgBouncer | None = None) -> None:
        self.url = url
        self._pooler = pooler

    def database(self) -> Database:
        if self._pooler is None:
            return PostgreSQLDatabase(self.url)
        return PostgreSQLDatabase(self._pooler.in_front_of(self.url), transaction_pooling=True)

    def faulty(self) -> FaultyDatabase:
        return FaultyPostgreSQL(self.url)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold every table, as a migration would."""
        with open_connection(self.url) as intruder:
            intruder("BEGIN")
            for table in metadata.sorted_tables:
                intruder(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")
            yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a store on each kind, or on those that it is marked with: `@pytest.mark.only("sqlite")`."""
    if "store" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only")
        metafunc.parametrize("store", only.args if only else DATABASES, indirect=True)


@pytest.fixture(scope="session")
def pgbouncer(postgresql: PostgreSQL) -> Generator[PgBouncer]:
    """A pooler before the server of the run, with fewer connections than its clients have."""
    with PgBouncer(postgresql, pool_size=4) as pooler:
        yield pooler


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock. Ask for it before the store."""
    monkeypatch.setattr(sqlite_store, "_BUSY_MS", 30)
    monkeypatch.setattr(postgresql_store, "_BEGIN_WRITE", "BEGIN; SET LOCAL lock_timeout = '30ms'")


@pytest.fixture
def store(request: pytest.FixtureRequest, empty_store: Path, tmp_path: Path) -> Generator[Store]:
    """One kind of database after the other."""
    if request.param == SQLITE:
        path = tmp_path / "contract.db"
        shutil.copyfile(empty_store, path)
        yield SQLiteStore(path)
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.create_database()
        yield PostgreSQLStore(url, request.getfixturevalue("pgbouncer") if request.param == POOLED else None)
        server.drop_database(url)


@pytest.fixture
async def database(store: Store) -> AsyncGenerator[Database]:
    """An open database."""
    database = store.database()
    try:
        await database.open()
        yield database
    finally:
        await database.close()


@pytest.fixture
async def world(database: Database) -> World:
    """A site with a visitor, an agent, and one conversation without messages."""
    return await build_world(database)
