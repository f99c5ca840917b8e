"""Revisions of the schema: up, back and up again, and what the tables say is what the revisions make (S1.11, S2.30)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from tests.engines.postgresql import open_connection
from tests.store.made_up import add_made_up_revision
from widget_server.store import migrate
from widget_server.store.database import StoreUnavailable
from widget_server.store.engines import SQLITE, database_of
from widget_server.store.migrate import NewerSchema
from widget_server.store.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'migrated.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.create_database(migrated=False)


def _tables(url: str) -> set[str]:
    return set(migrate.connected(url, lambda connection: inspect(connection).get_table_names())) - {"alembic_version"}


def _execute(url: str, sql: str) -> None:
    def run(connection: Connection) -> None:
        connection.exec_driver_sql(sql)
        connection.commit()

    migrate.connected(url, run)


def _scalar(url: str, sql: str) -> Any:
    return migrate.connected(url, lambda connection: connection.exec_driver_sql(sql).scalar())


def test_the_newest_revision_is_what_the_tables_say(url: str) -> None:
    migrate.upgrade(url)

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, metadata)
        return found

    assert migrate.connected(url, compare) == []
    assert _tables(url) == set(metadata.tables)


def test_s1_11_upgrading_again_keeps_what_is_there(url: str) -> None:
    migrate.upgrade(url)
    _execute(url, "INSERT INTO installation (name, value) VALUES ('x', 'kept')")
    migrate.upgrade(url)
    assert _scalar(url, "SELECT value FROM installation") == "kept"
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
    _execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerSchema, match="9999"):
        migrate.upgrade(url)


async def test_an_open_database_tells_its_revision(url: str) -> None:
    database = database_of(url)
    try:
        await database.open()
        assert await database.read(migrate.revision_of) is None
        await database.close()
        migrate.upgrade(url)
        await database.open()
        assert await database.read(migrate.revision_of) == migrate.head()
    finally:
        await database.close()


def test_an_older_file_is_copied_before_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.db"
    url = f"{SQLITE}{path}"
    migrate.upgrade(url)
    before = migrate.head()
    _execute(url, "INSERT INTO installation (name, value) VALUES ('x', 'old')")
    add_made_up_revision(tmp_path / "versions", monkeypatch)
    migrate.upgrade(url)
    _execute(url, "UPDATE installation SET value = 'new' WHERE name = 'x'")
    copy = tmp_path / f"kept.db.at-{before}"
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as kept:
        assert kept.execute("SELECT value FROM installation WHERE name = 'x'").fetchall() == [("old",)]
        assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [(before,)]
    assert _scalar(url, "SELECT value FROM installation WHERE name = 'x'") == "new"
    migrate.upgrade(url)
    assert sorted(found.name for found in tmp_path.glob("kept.db.at-*")) == [copy.name]


def test_a_file_that_a_server_has_open_is_not_changed(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "used.db"
    path.write_bytes(empty_store.read_bytes())
    add_made_up_revision(tmp_path / "versions", monkeypatch)
    monkeypatch.setattr(migrate, "_FILE_LOCK_S", 0.0)
    with migrate.file_lock(path), pytest.raises(StoreUnavailable, match="open in another process"):
        migrate.upgrade(f"{SQLITE}{path}")
    migrate.upgrade(f"{SQLITE}{path}")
    assert migrate.current(f"{SQLITE}{path}") == migrate.head()


def test_a_revision_does_not_queue_behind_a_long_transaction(
    postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.create_database()
    before = migrate.head()
    add_made_up_revision(tmp_path / "versions", monkeypatch)
    monkeypatch.setattr(migrate, "_WAIT_FOR_TABLE", "20ms")
    monkeypatch.setattr(migrate, "_PAUSE_S", 0.0)
    with open_connection(url) as long_one:
        long_one("BEGIN")
        long_one("SELECT count(*) FROM message")
        with pytest.raises(StoreUnavailable, match="a long transaction"):
            migrate.upgrade(url)
        assert migrate.current(url) == before
        long_one("COMMIT")
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()
