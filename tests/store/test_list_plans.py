"""Lists of threads are found by the index of their order, among many threads, on both databases."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench.dataset import Shape, fill_postgresql, fill_sqlite
from tests.engines.postgresql import open_connection
from widget_server.store import migrate
from widget_server.store.queries import thread_lists as q

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from widget_server.store.statement import Statement

_SHAPE = Shape(20_000)
BY_ORDER: dict[str, tuple[Statement, str]] = {
    **{f"all {sort}": (q.LISTS["all", sort, True], f"ix_thread_{sort}") for sort in q.SORTS},
    **{f"board {sort}": (q.LISTS["board", sort, True], f"ix_thread_board_{sort}") for sort in q.SORTS},
    "author new": (q.LISTS["author", "new", True], "ix_thread_author_id"),
    "unread": (q.UNREAD, "ix_thread_active"),
    "best of all": (q.BEST["all", True], "ix_thread_new"),
    "best of a board": (q.BEST["board", True], "ix_thread_board_new"),
    "on top": (q.ON_TOP[True], "ix_thread_pinned"),
    "boards": (q.BOARDS[True], "ix_thread_board_active"),
    "posts": (q.POSTS, "ix_message_posts"),
    "bookmarks": (q.BOOKMARKS, "bookmark"),
}
"""Statements with the index that leads them through their order."""
_SORTED = {"unread", "best of all", "best of a board", "boards", "bookmarks"}
"""What is put in order once it was found: the newest threads alone, all boards, what one person keeps."""


def uses(plan: list[str], index: str) -> bool:
    """Whether a step of the plan goes by an index of this name."""
    by = re.compile(rf"(USING (COVERING )?INDEX|Index (Only )?Scan( Backward)? using) (\w+_)?{index}(_1)?\b")
    return any(by.search(line) for line in plan)


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("lists") / "lists.db"
    migrate.upgrade(f"sqlite:///{path}")
    fill_sqlite(path, _SHAPE)
    with closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.mark.parametrize("name", BY_ORDER)
def test_on_sqlite_a_list_walks_the_index_of_its_order(on_sqlite: sqlite3.Connection, name: str) -> None:
    statement, index = BY_ORDER[name]
    compiled = statement.compiled("sqlite")
    plan = [row[3] for row in on_sqlite.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", [None] * len(compiled.names))]
    assert uses(plan, index), plan
    # What is sorted is the page alone: it comes after what was found.
    inner = plan[: plan.index("SCAN of_page")] if "SCAN of_page" in plan else plan
    assert name in _SORTED or "USE TEMP B-TREE FOR ORDER BY" not in inner, plan
    assert [
        line for line in plan if re.fullmatch(r"SCAN (thread|message|channel)( .*)?", line) and index not in line
    ] == []


@pytest.fixture(scope="module")
def on_postgresql(postgresql: PostgreSQL) -> Iterator[Any]:
    url = postgresql.create_database()
    asyncio.run(fill_postgresql(url, _SHAPE))
    with open_connection(url) as ask:
        # So few threads it would read one after the other and sort.
        for way in ("seqscan", "sort", "bitmapscan"):
            ask(f"SET enable_{way} = off")
        yield ask
    postgresql.drop_database(url)


@pytest.mark.parametrize("name", BY_ORDER)
def test_on_postgresql_a_list_walks_the_index_of_its_order(on_postgresql: Any, name: str) -> None:
    statement, index = BY_ORDER[name]
    compiled = statement.compiled("postgresql")
    boards = [row[0] for row in on_postgresql("SELECT id FROM board")]
    author, late = on_postgresql("SELECT max(author_id), max(activity_at) FROM thread")[0]
    given = {"boards": boards, "person_id": author, "now": late, "limit": 21, "skipped": 0, "since": late - 86_400_000}
    given["key"] = author if name in {"author new", "posts"} else boards[1] if "board" in name else 0
    plan = [row[0] for row in on_postgresql(f"EXPLAIN {compiled.sql}", *compiled.bind(given))]
    # Where every twentieth thread is the board's, it may as well walk the order of all of them.
    walked = (index, index.replace("board_", ""))
    assert any(uses(plan, one) for one in walked), "\n".join(plan)
    # What is found for a page stands below its limit, and is sorted above it.
    found = plan[next(at for at, line in enumerate(plan) if "Limit " in line) :] if name not in _SORTED else []
    assert [line for line in found if re.search(r"->\s+(Incremental )?Sort\b", line)] == [], "\n".join(plan)
    assert [line for line in plan if re.search(r"Seq Scan on (thread|message|channel)\b", line)] == []
