"""The data browser at a size at which nothing may be counted or looked through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from widget_server.actions import data
from widget_server.core.errors import Refused
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.store.masks import TABLES
from widget_server.store.queries.browsing import WINDOW, keys_of, rows
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from widget_server.store.database import Database

ROOT = Actor(1, "root", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))
SITE_ONLY = Actor(2, "one", frozenset({Grant(Role.ADMINISTRATOR, 7)}))
MANY = WINDOW * 2 + 10
FILL = Statement(
    text(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "
        "INSERT INTO audit (id, at, verb) SELECT i, i, CASE WHEN i = 5 THEN 'rare' ELSE 'usual' END FROM n"
    )
)


async def test_a_rare_row_is_found_window_by_window_and_each_page_looks_at_a_bounded_number(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "_WINDOWS", 1)
    await database.write(lambda tx: tx.run(FILL))
    wish = [data.check_condition("audit", "verb", "is", "rare")]
    after: list[int | str] | None = None
    ends = []
    while True:
        page = await data.access_rows(database, ROOT, "audit", wish, after=after, now_ms=1)
        if page.rows:
            break
        assert page.is_searching
        after = page.after
        ends.append(after)
    assert ends == [[MANY - WINDOW + 1], [MANY - 2 * WINDOW + 1]]
    assert [row[0] for row in page.rows] == [5]
    assert page.after is None


async def test_a_condition_that_an_index_answers_needs_no_windows(database: Database) -> None:
    await database.write(lambda tx: tx.run(FILL))
    page = await data.access_rows(
        database, ROOT, "audit", [data.check_condition("audit", "id", "is", "5")], is_whole=True, now_ms=1
    )
    assert [row[0] for row in page.rows] == [5]
    assert (page.after, page.is_searching) == (None, False)


async def test_whoever_administers_one_site_sees_nothing(database: Database) -> None:
    with pytest.raises(Refused, match="not_allowed"):
        data.list_tables(SITE_ONLY)
    with pytest.raises(Refused, match="not_allowed"):
        await data.access_rows(database, SITE_ONLY, "audit", now_ms=1)


@pytest.mark.only("sqlite")
async def test_the_first_page_of_every_table_follows_its_key_and_sorts_nothing(database: Database) -> None:
    for table in TABLES:
        for continues in (False, True):
            statement = rows(table, (), continues=continues, chars=80).compiled("sqlite")
            plan = Statement(text("EXPLAIN QUERY PLAN " + statement.sql.replace("?", "1")))
            steps = [row[3] for row in await database.read(lambda tx, found=plan: tx.all(found))]  # type: ignore[misc]  # a default is no parameter
            assert not any("TEMP B-TREE" in step for step in steps), (table, steps)
            assert len(keys_of(table)) > 0


def test_days_are_taken_where_a_time_is_wanted() -> None:
    first = data.check_condition("audit", "at", "from", "1970-01-02")
    last = data.check_condition("audit", "at", "to", "1970-01-02")
    assert (first.value, last.value) == (86_400_000, 2 * 86_400_000 - 1)
