"""Revisions of the schema: up, back and up again, and what the tables say is what the revisions make (S1.11, S2.30)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, pool, text

from widget_server.store import migrate
from widget_server.store.migrate import NewerSchema
from widget_server.store.sqlite import SQLiteDatabase
from widget_server.store.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'migrated.db'}"


def _tables(url: str) -> set[str]:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {row[0] for row in rows} - {"alembic_version"}


def test_the_newest_revision_is_what_the_tables_say(url: str) -> None:
    migrate.upgrade(url)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    assert _tables(url) == set(metadata.tables)


def test_s1_11_upgrading_again_keeps_what_is_there(url: str) -> None:
    migrate.upgrade(url)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO installation (name, value) VALUES ('x', 'kept')"))
    migrate.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM installation")).scalar() == "kept"
    engine.dispose()
    assert migrate.current(url) == migrate.head()


def test_s2_30_the_last_revision_steps_back_and_comes_again(url: str) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url)
    assert migrate.current(url) != migrate.head()
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()
    assert _tables(url) == set(metadata.tables)


def test_stepping_back_to_the_beginning_leaves_nothing(url: str) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    assert _tables(url) == set()
    assert migrate.current(url) is None


def test_a_newer_programs_database_is_refused(url: str) -> None:
    migrate.upgrade(url)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(NewerSchema, match="9999"):
        migrate.upgrade(url)


async def test_an_open_database_tells_its_revision(database: SQLiteDatabase, tmp_path: Path) -> None:
    assert await database.read(migrate.revision_of) == migrate.head()
    empty = SQLiteDatabase(tmp_path / "nothing.db")
    try:
        await empty.open()
        assert await empty.read(migrate.revision_of) is None
    finally:
        await empty.close()
