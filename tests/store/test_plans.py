"""No statement looks through all that is stored: each has an index that leads to its rows."""

from __future__ import annotations

import pkgutil
import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from tests.engines.postgresql import open_connection
from widget_server.core.conversation import Status
from widget_server.store import locks, queries, stamps
from widget_server.store.queries import batch, conversations
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL

GROWING = (
    "outbox",
    "message",
    "channel",
    "conversation",
    "reader",
    "person",
    "identity",
    "contact",
    "membership",
    "revision",
)
"""Tables that grow with every visitor. Sites, agents and their rights are few."""
SCANS = {
    "conversations.SEARCH": "the words of all messages are looked through until there is an index of words",
    **{
        f"people.PAGES[(True, {by_kind}, {by_role})]": "an administrator looks for a part of a name"
        for by_kind in (True, False)
        for by_role in (True, False)
    },
    "agents.COUNT": "asked when an agent is made",
}


def _statements() -> Iterator[tuple[str, Statement]]:
    modules = [import_module(f"{queries.__name__}.{found.name}") for found in pkgutil.iter_modules(queries.__path__)]
    for module in (*modules, stamps, locks):
        short = module.__name__.rpartition(".")[2]
        for name, value in vars(module).items():
            if isinstance(value, Statement):
                yield f"{short}.{name}", value
            elif isinstance(value, dict):
                yield from ((f"{short}.{name}[{key}]", each) for key, each in value.items() if type(each) is Statement)


STATEMENTS = dict(_statements())


@pytest.fixture(scope="module")
def on_sqlite(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("plans") / "plans.db"
    shutil.copyfile(empty_store, path)
    with closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.fixture(scope="module")
def on_postgresql(postgresql: PostgreSQL) -> Iterator[Any]:
    with open_connection(postgresql.create_database()) as ask:
        ask("SET enable_seqscan = off")
        ask("SET plan_cache_mode = force_generic_plan")
        yield ask


def plan_on_sqlite(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    compiled = statement.compiled("sqlite")
    rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", [None] * len(compiled.names))
    return [row[3] for row in rows]


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - SCANS))
def test_on_sqlite_every_statement_finds_its_rows_by_an_index(on_sqlite: sqlite3.Connection, name: str) -> None:
    aliases = {"staff", "beside", "visitor", "assignee", "last", "seen", "one", "found", *GROWING}
    scanned = [
        line
        for line in plan_on_sqlite(on_sqlite, STATEMENTS[name])
        if line.startswith("SCAN ") and line.split()[1] in aliases
    ]
    assert scanned == []


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - SCANS))
def test_on_postgresql_every_statement_finds_its_rows_by_an_index(on_postgresql: Any, name: str) -> None:
    sql = STATEMENTS[name].compiled("postgresql").sql
    on_postgresql(f"PREPARE plan AS {sql}")
    try:
        count = on_postgresql("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'plan'")
        nulls = f"({', '.join(['NULL'] * count[0][0])})" if count[0][0] else ""
        lines = [row[0].strip() for row in on_postgresql(f"EXPLAIN EXECUTE plan{nulls}")]
    finally:
        on_postgresql("DEALLOCATE plan")
    scanned = [line for line in lines if "Seq Scan on " in line and line.split("Seq Scan on ")[1].split()[0] in GROWING]
    assert scanned == []


def lists() -> dict[str, Statement]:
    return {name: each for name, each in STATEMENTS.items() if name.startswith("conversations.VIEWS")} | {
        "COUNTS": conversations.COUNTS,
        "CHANGED_ROWS": conversations.CHANGED_ROWS,
    }


@pytest.mark.parametrize("name", lists())
def test_no_list_looks_through_all_that_a_site_ever_had(on_sqlite: sqlite3.Connection, name: str) -> None:
    lines = plan_on_sqlite(on_sqlite, lists()[name])
    assert [line for line in lines if line.endswith("(site_id=?)")] == []
    if name.startswith("conversations.VIEWS"):
        assert [line for line in lines if " one " in line and not line.endswith("activity_at<?)")] == []


@pytest.mark.parametrize("who", ["mine", "unassigned"])
def test_what_is_resolved_is_found_by_its_assignee(on_sqlite: sqlite3.Connection, who: str) -> None:
    lines = plan_on_sqlite(on_sqlite, STATEMENTS[f"conversations.VIEWS[{(who, Status.RESOLVED)}]"])
    assert any("assignee_id=?" in line for line in lines)


@pytest.mark.parametrize(
    ("statement", "order"),
    [
        (batch.INSERT_MESSAGE, batch.NEW_MESSAGE),
        (batch.ADVANCE_CHANNEL, batch.ADVANCED_CHANNEL),
        (batch.ADVANCE_CONVERSATION, batch.ADVANCED_CONVERSATION),
    ],
)
def test_a_batch_lays_its_rows_out_as_sqlite_takes_them(statement: Statement, order: tuple[str, ...]) -> None:
    assert statement.compiled("sqlite").names == order
