"""What a backup holds, and what a restore refuses before it touches anything."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection

from tests.cli.history import write_history
from tests.engines.postgresql import open_connection
from widget_server.store import migrate
from widget_server.store.contents import contents_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import On
    from tests.engines.postgresql import PostgreSQL


@pytest.fixture(params=["sqlite", "postgresql"])
def full(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path, on: On) -> str:
    """The address of an installation's database with some history."""
    path = tmp_path / "full.db"
    shutil.copyfile(empty_store, path)
    write_history(path, 200)
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create_database(migrated=False)
    assert on(None, "move", "--from", f"sqlite:///{path}", "--to", url).code == 0
    return url


@pytest.fixture
def empty(full: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of the same kind without tables."""
    if full.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.create_database(migrated=False)


def _rows(url: str) -> dict[str, int]:
    return migrate.connected(url, contents_of).rows


def _epoch(url: str) -> str | None:
    return migrate.connected(url, contents_of).epoch


def _execute(url: str, sql: str) -> None:
    def run(connection: Connection) -> None:
        connection.exec_driver_sql(sql)
        connection.commit()

    migrate.connected(url, run)


def test_a_backup_is_complete_listed_and_never_overwritten(full: str, empty: str, tmp_path: Path, on: On) -> None:
    _execute(full, "DELETE FROM installation WHERE name = 'epoch'")
    _execute(full, "INSERT INTO installation (name, value) VALUES ('epoch', 'of old')")
    made = on(full, "backup", "kept")
    assert (made.code, made.out[:10]) == (0, "kept: 294 ")
    manifest = json.loads((tmp_path / "kept" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["rows"] == _rows(full)
    assert manifest["epoch"] == "of old"
    assert manifest["revision"] == migrate.head()
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "kept").iterdir()}
    assert {file["name"]: file["sha256"] for file in manifest["files"]}.items() < files.items()
    assert sorted(files) == sorted(["manifest.json", "erased.jsonl", manifest["files"][0]["name"]])
    again = on(full, "backup", "kept")
    assert (again.code, again.out) == (1, "")
    assert "kept exists already" in again.err

    restored = on(empty, "restore", "kept")
    assert restored.code == 0
    assert _rows(empty) == _rows(full)
    # The next start makes one of its own.
    assert _epoch(empty) is None
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_what_a_database_holds_is_given_up_only_when_that_is_said(full: str, tmp_path: Path, on: On) -> None:
    assert on(full, "backup", "kept").code == 0
    _execute(full, "UPDATE site SET name = 'Later'")
    refused = on(full, "restore", "kept")
    assert refused.code == 1
    assert "--replace" in refused.err
    replaced = on(full, "restore", "kept", "--replace")
    assert replaced.code == 0
    names = migrate.connected(full, lambda connection: connection.exec_driver_sql("SELECT name FROM site").all())
    assert [row[0] for row in names] == ["Shop"]
    if full.startswith("sqlite"):
        with closing(sqlite3.connect(tmp_path / "full.db.replaced")) as before:
            assert before.execute("SELECT name FROM site").fetchall() == [("Later",)]


def _erased(url: str) -> list[str]:
    """Who has a person's row and nothing else any more."""
    wanted = "SELECT public_id FROM person WHERE name = 'Deleted account' AND deleted_at IS NOT NULL ORDER BY id"
    rows = migrate.connected(url, lambda connection: connection.exec_driver_sql(wanted).all())
    addresses = "SELECT count(*) FROM identity WHERE value = 'zoe@chat.test'"
    left = migrate.connected(url, lambda connection: connection.exec_driver_sql(addresses).scalar())
    assert left == (0 if "agent" in {row[0] for row in rows} else 1)
    return [row[0] for row in rows]


def test_p7_no_backup_brings_back_who_was_erased_since(full: str, empty: str, tmp_path: Path, on: On) -> None:
    assert on(full, "backup", "kept").code == 0
    assert on(empty, "restore", "kept").code == 0
    assert _erased(empty) == []
    _execute(full, "UPDATE person SET deleted_at = 1700000000000 WHERE public_id = 'agent'")
    assert on(full, "backup", "later").code == 0
    listed = (tmp_path / "later" / "erased.jsonl").read_text(encoding="utf-8").split()
    assert [json.loads(line)["person"] for line in listed] == ["agent"]
    # Elsewhere, where nobody knows it but the later backup.
    assert on(empty, "restore", "kept", "--replace", "--erased", "later").code == 0
    assert _erased(empty) == ["agent"]
    # In its own place, where the database that is given up knows it.
    again = on(full, "restore", "kept", "--replace")
    assert (again.code, "1 people who were erased since are erased again." in again.out) == (0, True)
    assert _erased(full) == ["agent"]
    assert _rows(full)["message"] == _rows(empty)["message"] == 200


def test_a_damaged_backup_is_refused_before_anything_is_touched(full: str, empty: str, tmp_path: Path, on: On) -> None:
    assert on(full, "backup", "kept").code == 0
    manifest_path = tmp_path / "kept" / "manifest.json"
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    copy = tmp_path / "kept" / manifest["files"][0]["name"]
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1] + b"?")
    damaged = on(empty, "restore", "kept")
    assert damaged.code == 1
    assert f"{copy.name} is not what was backed up" in damaged.err
    copy.write_bytes(whole)
    manifest_path.write_text(json.dumps(manifest | {"revision": "9999"}), encoding="utf-8")
    newer = on(empty, "restore", "kept")
    assert newer.code == 1
    assert "9999" in newer.err
    manifest_path.write_text(json.dumps(manifest | {"engine": "other"}), encoding="utf-8")
    assert on(empty, "restore", "kept").code == 1
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[manifest["engine"]]
    manifest_path.write_text(json.dumps(manifest | {"engine": other}), encoding="utf-8")
    across = on(empty, "restore", "kept")
    assert across.code == 1
    assert "widget-server move" in across.err
    assert on(empty, "restore", "nothing").code == 1


def test_nobody_serves_from_half_a_restore(postgresql: PostgreSQL, tmp_path: Path, on: On) -> None:
    url = postgresql.create_database()
    _execute(url, "INSERT INTO site (key, name, created_at, stamp) VALUES ('shop', 'Shop', 1, 1)")
    assert on(url, "backup", "kept").code == 0
    shutil.copytree(tmp_path / "kept", tmp_path / "broken")
    dump = tmp_path / "broken" / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-200])
    manifest_path = tmp_path / "broken" / "manifest.json"
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    manifest["files"][0] |= {"bytes": dump.stat().st_size, "sha256": hashlib.sha256(dump.read_bytes()).hexdigest()}
    manifest_path.write_text(json.dumps(manifest), encoding="utf-8")

    elsewhere = postgresql.create_database()
    broken = on(elsewhere, "restore", "broken")
    assert broken.code == 1
    assert "pg_restore failed: pg_restore: error:" in broken.err
    refused = on(elsewhere, "serve")
    assert refused.code == 1
    assert "is not complete; finish the restore into it, run again: widget-server restore" in refused.err
    assert on(elsewhere, "restore", "kept", "--replace").code == 0
    assert _rows(elsewhere)["site"] == 1


def test_a_database_that_a_server_uses_is_not_restored_into(
    postgresql: PostgreSQL, empty_store: Path, tmp_path: Path, on: On
) -> None:
    url = postgresql.create_database()
    assert on(url, "backup", "kept").code == 0
    with open_connection(url) as server:
        server("SET application_name = 'widget-server'")
        for arguments in (["restore", "kept"], ["restore", "kept", "--replace"], ["move", "--from", url]):
            used = on(url if arguments[0] == "restore" else "sqlite:///elsewhere.db", *arguments)
            assert used.code == 1
            assert used.err.endswith("; stop it first\n")
    assert on(url, "restore", "kept").code == 0
    file = tmp_path / "used.db"
    file.write_bytes(empty_store.read_bytes())
    with migrate.file_lock(file):
        used = on(f"sqlite:///{file}", "restore", "kept")
    assert (used.code, used.err) == (1, f"widget-server: a server uses {file}; stop it first\n")


def test_a_place_that_cannot_be_written_is_named(on: On, tmp_path: Path, full: str) -> None:
    assert on(full, "backup", "kept").code == 0
    (tmp_path / "file").write_text("", encoding="ascii")
    nowhere = on(full, "backup", "file/kept")
    assert (nowhere.code, nowhere.err.splitlines()[-1]) == (
        1,
        "widget-server: file/kept cannot be written: Not a directory",
    )
    none = on(f"sqlite:///{tmp_path / 'none.db'}", "backup", "other")
    assert (none.code, none.err) == (
        1,
        f"widget-server: there is no database at {tmp_path / 'none.db'}; nothing to back up\n",
    )
    if full.startswith("sqlite"):
        deep = tmp_path / "a" / "b" / "new.db"
        assert on(f"sqlite:///{deep}", "restore", "kept").code == 0
        assert deep.exists()
