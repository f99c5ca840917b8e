"""Every database that the product runs on, behind one fixture: the tests of this folder run on each of them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.store.world import World, build_world
from widget_server.store import sqlite as sqlite_store
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from widget_server.store.database import Database


class Store(Protocol):
    """A migrated and empty database of one kind, of this test's own."""

    def database(self) -> Database:
        """A way to it that is not open yet."""
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

    @contextmanager
    def locked(self) -> Generator[None]:
        intruder = sqlite3.connect(self._path, isolation_level=None)
        try:
            intruder.execute("BEGIN IMMEDIATE")
            yield
        finally:
            intruder.close()


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One kind of database after the other. Nobody waits long for a lock."""
    assert request.param == "sqlite"
    monkeypatch.setattr(sqlite_store, "_BUSY_MS", 30)
    path = tmp_path / "contract.db"
    shutil.copyfile(empty_store, path)
    return SQLiteStore(path)


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
