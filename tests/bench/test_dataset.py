"""The made-up community is one that the program could have written itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.bench.dataset import BOARDS, Shape, fill_postgresql, fill_sqlite
from tests.engines.postgresql import open_connection
from widget_server.core.tree import seqs_of
from widget_server.store import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL

_SHAPE = Shape(2_000)
_COUNTS = """
    SELECT (SELECT count(*) FROM board), (SELECT count(*) FROM thread), (SELECT count(*) FROM message),
           (SELECT sum(threads) FROM board), (SELECT sum(replies + 1) FROM thread), (SELECT count(*) FROM rendering)
"""
_EXPECTED = (BOARDS, _SHAPE.threads, 1_982, _SHAPE.threads, 1_982, 1_982)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small community on SQLite."""
    path = tmp_path_factory.mktemp("dataset") / "widget.db"
    migrate.upgrade(f"sqlite:///{path}")
    fill_sqlite(path, _SHAPE)
    return path


def test_what_is_counted_is_what_is_there(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(_COUNTS).fetchone() == _EXPECTED
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_reply_stands_under_what_it_answers(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        posts = {
            (channel, seq): (parent, branch, path)
            for channel, seq, parent, branch, path in db.execute(
                "SELECT channel_id, seq, parent, branch, path FROM message"
            )
        }
    deepest = 0
    for (channel, seq), (parent, branch, place) in posts.items():
        if seq == 1:
            assert (parent, branch, place) == (None, 0, "")
            continue
        *above, last = seqs_of(place)
        assert last == seq
        assert (above[-1] if above else branch or 1) == parent
        deepest = max(deepest, len(above))
        assert parent < seq
        assert (channel, parent) in posts
    assert deepest == 7


async def test_postgresql_gets_the_same_rows(postgresql: PostgreSQL) -> None:
    url = postgresql.create_database()
    try:
        await fill_postgresql(url, _SHAPE)
        with open_connection(url) as ask:
            assert tuple(int(value) for value in ask(_COUNTS)[0]) == _EXPECTED
    finally:
        postgresql.drop_database(url)
