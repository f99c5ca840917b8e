"""`widget-server deploy`: from any state of the database to one that can be served, by as many as like."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, update

from tests.cli.command import begin, command, end
from tests.engines.backends import DATABASES
from tests.engines.postgresql import PostgreSQL
from widget_server.core.permissions import Role
from widget_server.store import migrate
from widget_server.store.engines import database_of
from widget_server.store.statement import Statement
from widget_server.store.tables import role

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.store.database import Row


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that holds nothing."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir()
        return f"sqlite:///{tmp_path / 'data' / 'widget.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.create_database(migrated=False)


def asked(url: str, statement: Statement) -> list[Row]:
    async def ask() -> list[Row]:
        database = database_of(url)
        await database.open()
        try:
            return await database.write(lambda tx: tx.all(statement))
        finally:
            await database.close()

    return asyncio.run(ask())


def roles(url: str) -> list[str]:
    return [row[0] for row in asked(url, Statement(select(role.c.key).order_by(role.c.id)))]


def test_s2_31_one_command_makes_tables_and_roles_and_may_be_repeated(url: str, tmp_path: Path) -> None:
    first = command(tmp_path, "deploy", database_url=url)
    again = command(tmp_path, "deploy", database_url=url)
    assert (first.code, first.out) == (0, f"The database is at revision {migrate.head()}; roles inserted: 4.\n")
    assert (again.code, again.out) == (0, f"The database is at revision {migrate.head()}; roles inserted: 0.\n")
    assert roles(url) == list(Role)


def test_s2_31_an_older_database_is_brought_up_and_what_was_changed_stays(url: str, tmp_path: Path) -> None:
    migrate.upgrade(url, "0003")
    assert command(tmp_path, "deploy", database_url=url).code == 0
    renamed = update(role).where(role.c.key == "member").values(name="Guest", permissions=1).returning(role.c.id)
    asked(url, Statement(renamed))
    assert command(tmp_path, "deploy", database_url=url).code == 0
    kept = asked(url, Statement(select(role.c.name, role.c.permissions).where(role.c.key == "member")))
    assert kept == [("Guest", 1)]


def test_s2_31_as_many_as_like_may_deploy_at_once(url: str, tmp_path: Path) -> None:
    ended = [end(run) for run in [begin(tmp_path, "deploy", database_url=url) for _ in range(4)]]
    assert [run.code for run in ended] == [0] * 4, ended
    assert sum(int(run.out.rpartition(": ")[2].rstrip(".\n")) for run in ended) == len(Role)
    assert roles(url) == list(Role)


def test_s2_31_a_role_that_is_missing_is_inserted_beside_a_server(url: str, tmp_path: Path) -> None:
    migrate.upgrade(url)
    own = {"key": "guests", "name": "Guests", "folded_name": "guests", "permissions": 0, "created_at": 1, "stamp": 1}
    asked(url, Statement(insert(role).values(is_default=0, **own).returning(role.c.id)))
    server = begin(tmp_path, "serve", port=0, internal_port=0, database_url=url)
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("Serving ")
        assert command(tmp_path, "deploy", database_url=url).code == 0
    finally:
        server.send_signal(signal.SIGTERM)
        assert end(server).code == 0
    assert asked(url, Statement(select(func.count()).select_from(role))) == [(5,)]


def test_s2_31_a_database_that_never_answers_is_given_up_in_one_line(tmp_path: Path) -> None:
    database = PostgreSQL()
    refused = command(tmp_path, "deploy", "--wait", "0", database_url=database.url())
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("widget-server: postgresql://127.0.0.1:")
    assert refused.err.count("\n") == 1
