"""From one database to another: all of it, also after an interruption, and nobody serves from half of it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.cli.command import begin, end
from tests.cli.history import write_history
from tests.engines.postgresql import open_connection
from widget_server.store import migrate
from widget_server.store.contents import contents_of
from widget_server.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import On
    from tests.engines.postgresql import PostgreSQL

_MANY = 30_000


@pytest.fixture
def source(tmp_path: Path, empty_store: Path) -> Path:
    """A small installation's file."""
    path = tmp_path / "old.db"
    shutil.copyfile(empty_store, path)
    write_history(path, 400)
    return path


@pytest.fixture
def target(postgresql: PostgreSQL) -> Iterator[str]:
    """A database without tables."""
    url = postgresql.create_database(migrated=False)
    yield url
    postgresql.drop_database(url)


def _rows(url: str) -> dict[str, int]:
    return migrate.connected(url, contents_of).rows


def _without_stamps(url: str, table: str) -> list[dict[str, object]]:
    """A table as SQL alone tells it, in the order of its first column."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
            db.row_factory = sqlite3.Row
            rows = [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY 1")]
    else:
        with open_connection(url) as ask:
            rows = [dict(row) for row in ask(f"SELECT * FROM {table} ORDER BY 1")]
    return [{name: value for name, value in row.items() if name != "stamp"} for row in rows]


def test_everything_is_moved_and_numbers_go_on(source: Path, target: str, tmp_path: Path, on: On) -> None:
    moved = on(None, "move", "--from", f"sqlite:///{source}", "--to", target)
    assert (moved.code, moved.out.split(" ")[0]) == (0, "534")
    assert "hunter" not in moved.out
    assert _rows(target) == _rows(f"sqlite:///{source}")
    for table in set(metadata.tables) - {"installation"}:
        rows = _without_stamps(target, table)
        assert rows
        assert rows == _without_stamps(f"sqlite:///{source}", table)
    with open_connection(target) as ask:
        assert ask("SELECT nextval('message_no_seq') AS next")[0]["next"] == 401
        assert ask("SELECT max(stamp) AS stamp FROM channel")[0]["stamp"] == 0
        assert len(ask("SELECT value FROM installation WHERE name = 'epoch'")) == 1
        assert ask("SELECT to_regclass('unfinished') AS mark")[0]["mark"] is None
    served = on(target, "create-site", "Other", "--origin", "https://o.example")
    assert served.code == 0


def test_what_was_moved_away_can_be_moved_back(source: Path, target: str, tmp_path: Path, on: On) -> None:
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert on(None, "move", "--from", f"sqlite:///{source}", "--to", target).code == 0
    assert on(None, "move", "--from", target, "--to", back).code == 0
    for table in ("person", "channel", "message"):
        assert _without_stamps(back, table) == _without_stamps(f"sqlite:///{source}", table)


def test_a_killed_move_goes_on_where_it_was(target: str, tmp_path: Path, empty_store: Path, on: On) -> None:
    source = tmp_path / "many.db"
    shutil.copyfile(empty_store, source)
    write_history(source, _MANY)
    mover = begin(tmp_path, "move", "--from", f"sqlite:///{source}", "--to", target)
    try:
        there = _wait_for_messages(target)
    finally:
        mover.send_signal(signal.SIGKILL)
        end(mover)
    assert 0 < there < _MANY

    refused = on(target, "serve")
    assert refused.code == 1
    assert "is not complete; finish the move into it, run again: widget-server move" in refused.err
    assert refused.err.count("\n") == 1

    again = on(None, "move", "--from", f"sqlite:///{source}", "--to", target)
    assert again.code == 0
    total, copied = (int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:rows|of them)", again.out))
    assert copied < total == sum(_rows(f"sqlite:///{source}").values())
    assert _without_stamps(target, "message") == _without_stamps(f"sqlite:///{source}", "message")
    print(f"\nmoved {total:,} rows; {total - copied:,} were there when it was killed, {copied:,} came after")  # noqa: T201 - the figures


def _wait_for_messages(url: str) -> int:
    """Return how many messages are there once there are some."""
    with open_connection(url) as ask:
        while True:
            try:
                noted = ask("SELECT value FROM unfinished WHERE name = 'message'")
            except asyncpg.UndefinedTableError:
                continue
            if noted:
                return int(json.loads(noted[0]["value"])[1])


def test_a_source_that_changed_in_between_is_noticed(source: Path, target: str, tmp_path: Path, on: On) -> None:
    _interrupt(source, target, on)
    with closing(sqlite3.connect(source)) as db, db:
        db.execute("UPDATE person SET name = 'Changed' WHERE id = 1")
    noticed = on(None, "move", "--from", f"sqlite:///{source}", "--to", target)
    assert noticed.code == 1
    assert "person is not the same on both sides" in noticed.err
    assert "--restart" in noticed.err
    anew = on(None, "move", "--from", f"sqlite:///{source}", "--to", target, "--restart")
    assert anew.code == 0
    assert _without_stamps(target, "person") == _without_stamps(f"sqlite:///{source}", "person")


def _interrupt(source: Path, target: str, on: On) -> None:
    """Leave a move half done: its last table cannot be read."""
    with closing(sqlite3.connect(source)) as db, db:
        db.execute("ALTER TABLE message RENAME TO hidden")
    assert on(None, "move", "--from", f"sqlite:///{source}", "--to", target).code == 1
    with closing(sqlite3.connect(source)) as db, db:
        db.execute("ALTER TABLE hidden RENAME TO message")


def test_a_text_that_postgresql_cannot_hold_is_named(source: Path, target: str, tmp_path: Path, on: On) -> None:
    with closing(sqlite3.connect(source)) as db, db:
        db.execute("UPDATE message SET body = 'a' || char(0) || 'b' WHERE no = 7")
    refused = on(None, "move", "--from", f"sqlite:///{source}", "--to", target)
    assert refused.code == 1
    assert "message [7], column body: a text with a NUL character" in refused.err


def test_only_what_nobody_uses_and_what_is_empty_is_moved(source: Path, target: str, tmp_path: Path, on: On) -> None:
    with migrate.file_lock(source):
        used = on(None, "move", "--from", f"sqlite:///{source}", "--to", target)
    assert (used.code, used.err) == (1, f"widget-server: a server uses {source}; stop it first\n")
    assert on(target, "migrate").code == 0
    assert on(target, "create-site", "Shop", "--origin", "https://s.example").code == 0
    full = on(None, "move", "--from", f"sqlite:///{source}", "--to", target)
    assert full.code == 1
    assert "the target holds data already" in full.err
    same = on(None, "move", "--from", f"sqlite:///{source}", "--to", f"sqlite:///{source}")
    assert same.code == 1
    none = on(None, "move", "--from", f"sqlite:///{tmp_path / 'no.db'}", "--to", target)
    assert (none.code, none.err) == (1, f"widget-server: there is no database at {tmp_path / 'no.db'}\n")
