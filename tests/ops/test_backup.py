"""What a backup does to a file that is written to meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.history import write_history
from widget_server.ops.backup import SQLITE_FILE, make_backup
from widget_server.settings import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


def test_a_server_that_writes_all_the_time_neither_delays_a_backup_nor_gets_into_it(
    empty_store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "busy.db"
    shutil.copyfile(empty_store, path)
    write_history(path, 30_000)
    steps = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as server:
        server.execute("PRAGMA journal_mode=WAL")

        @contextmanager
        def report(what: str, _total: int, _unit: str) -> Generator[Callable[[int], None]]:
            def write(_more: int) -> None:
                nonlocal steps
                if what == "copying":
                    steps += 1
                    assert steps < 20, "the copy begins anew with every write"
                    server.execute("INSERT INTO installation (name, value) VALUES (?, 'late')", (f"step {steps}",))

            yield write

        manifest = make_backup(f"sqlite:///{path}", tmp_path / "backup", report, erased={})
        assert server.execute("SELECT count(*) FROM installation WHERE value = 'late'").fetchone() == (steps,)
    assert steps > 1
    with closing(sqlite3.connect(tmp_path / "backup" / SQLITE_FILE)) as copy:
        assert copy.execute("SELECT count(*) FROM installation WHERE value = 'late'").fetchone() == (0,)
        assert copy.execute("SELECT count(*) FROM message").fetchone() == (manifest.rows["message"],)


@contextmanager
def _silently(_what: str, _total: int, _unit: str) -> Generator[Callable[[int], None]]:
    yield lambda _: None


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, empty_store: Path) -> None:
    whole = empty_store.read_bytes()
    path = tmp_path / "torn.db"
    # Its first table's page is gone.
    path.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])
    with pytest.raises(OperatorError, match="is damaged"):
        make_backup(f"sqlite:///{path}", tmp_path / "backup", _silently, erased={})
    assert [found.name for found in tmp_path.iterdir() if found.is_dir()] == []
