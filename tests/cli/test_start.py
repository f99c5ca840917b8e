"""From an empty database to a serving node: by settings alone, at once with others, and with patience."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.cli.command import begin, command, end, environment
from tests.engines.postgresql import PostgreSQL
from tests.store.made_up import add_made_up_revision
from widget_server.store import migrate

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.cli.conftest import On


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_s0_08_the_same_server_runs_on_a_file_or_on_a_database_that_its_parts_name(
    kind: str, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    name = postgresql.create_database(migrated=False).rpartition("/")[2]
    settings: dict[str, str | float] = {"port": 0, "internal_port": 0}
    if kind == "sqlite":
        settings |= {"database_url": f"sqlite:///{tmp_path / 'file.db'}"}
    else:
        settings |= {
            "database_host": "127.0.0.1",
            "database_port": postgresql.port,
            "database_name": name,
            "database_user": "widget",
            "database_password": "not asked for",
        }
    server = begin(tmp_path, "serve", **settings)
    try:
        ready = await asyncio.to_thread(_first_line, server)
        assert ready.startswith("Serving ")
        made = await asyncio.to_thread(
            command, tmp_path, "create-site", "Shop", "--origin", "https://shop.example", "--key", "shop", **settings
        )
        assert (made.code, made.out) == (0, '<script async src="http://localhost:0/widget/shop.js"></script>\n')
        base = f"http://{ready.split(' on ')[1].partition(';')[0]}"
        async with aiohttp.ClientSession() as visitor, visitor.get(f"{base}/widget/shop.js") as loader:
            assert loader.status == 200
    finally:
        server.send_signal(signal.SIGTERM)
        ended = await asyncio.to_thread(end, server)
    assert ended.code == 0
    assert (tmp_path / "file.db").exists() == (kind == "sqlite")


def test_s4_13_one_variable_chooses_the_database_and_an_unknown_one_stops_the_start(on: On) -> None:
    refused = on("mysql://db.example/chat", "serve")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith('widget-server: WIDGET_DATABASE_URL: databases of kind "mysql" are not known')
    assert '"sqlite:///"' in refused.err
    assert '"postgresql://user:password@host:5432/name"' in refused.err
    assert refused.err.count("\n") == 1


def test_s4_13_the_same_verbs_do_the_same_on_either_database(on: On, postgresql: PostgreSQL, tmp_path: Path) -> None:
    verbs = [
        ["create-site", "Shop", "--origin", "https://shop.example", "--key", "shop"],
        ["migrate"],
        ["create-site", "Shop", "--origin", "https://shop.example", "--key", "shop"],
        ["create-site", "Shop", "--origin", "https://shop.example", "--key", "shop"],
        ["create-agent", "ada@example.org", "--name", "Ada", "--site", "none"],
        ["set-password", "nobody@example.org"],
        ["move", "--from", "sqlite:///none.db"],
        ["migrate", "--back"],
        ["migrate", "--back"],
    ]
    address = postgresql.create_database(migrated=False)
    on_file = [on(f"sqlite:///{tmp_path / 'one.db'}", *verb) for verb in verbs]
    on_server = [on(address, *verb) for verb in verbs]
    place = f"postgresql://127.0.0.1:{postgresql.port}/{address.rpartition('/')[2]}"
    told = [(ran.code, ran.out, ran.err.replace(place, str(tmp_path / "one.db"))) for ran in on_server]
    assert told == [tuple(ran) for ran in on_file]
    assert [ran.code for ran in on_file] == [1, 0, 0, 1, 1, 1, 1, 0, 1]


def test_s2_31_nodes_that_start_at_once_make_the_tables_once(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.create_database(migrated=False)
    runs = [begin(tmp_path, "migrate", database_url=url) for _ in range(3)]
    ended = [end(run) for run in runs]
    assert ended == [(0, f"The database is at revision {migrate.head()}.\n", "")] * 3
    again = command(tmp_path, "migrate", database_url=url)
    assert again.code == 0


async def test_s2_31_a_start_tries_until_the_database_answers_then_migrates_and_serves(tmp_path: Path) -> None:
    database = PostgreSQL()
    database.prepare()
    try:
        server = begin(
            tmp_path,
            *("serve", "--migrate", "--wait", "100"),
            port=0,
            internal_port=0,
            database_url=database.url(),
            log_level="warning",
        )
        try:
            assert server.stderr is not None
            for _ in range(2):
                told = await asyncio.to_thread(server.stderr.readline)
                assert told.startswith("Waiting: postgresql://127.0.0.1:")
                assert "does not answer" in told
            await asyncio.to_thread(database.start)
            assert (await asyncio.to_thread(_first_line, server)).startswith("Serving ")
            assert migrate.current(database.url()) == migrate.head()
        finally:
            server.send_signal(signal.SIGTERM)
            ended = await asyncio.to_thread(end, server)
        assert ended.code == 0
        assert "Traceback" not in ended.err
    finally:
        await asyncio.to_thread(database.close)


def test_a_start_does_not_wait_for_ever(on: On) -> None:
    ran = on("postgresql://nobody@127.0.0.1:1/none", "migrate", "--wait", "0.01")
    assert ran.code == 1
    told = ran.err.splitlines()[-1]
    assert told.startswith("widget-server: postgresql://127.0.0.1:1/none does not answer")
    assert told.endswith("start it, or check WIDGET_DATABASE_URL")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_older_database_is_served_only_after_migrate(
    kind: str, on: On, postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if kind == "sqlite" else postgresql.create_database(migrated=False)
    assert on(url, "migrate").code == 0
    add_made_up_revision(tmp_path / "versions", monkeypatch)
    refused = on(url, "serve")
    assert refused.code == 1
    assert refused.err.endswith("older than this program; run: widget-server migrate\n")
    # What the program before made can be saved before it changes.
    assert on(url, "backup", "before").code == 0
    assert on(url, "migrate").out == f"The database is at revision {migrate.head()}.\n"


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, ["WIDGET_DATABASE_URL=postgresql://", "WIDGET_BROKER_URL=redis://"]),
        ({"WIDGET_BROKER_URL": "redis://broker.example"}, ["WIDGET_DATABASE_URL=postgresql://"]),
        ({"WIDGET_DATABASE_URL": "postgresql://db.example/chat"}, ["WIDGET_BROKER_URL=redis://"]),
    ],
)
def test_several_workers_without_what_they_share_are_refused_with_the_reason(
    settings: dict[str, str], missing: list[str], on: On, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    refused = on(settings.get("WIDGET_DATABASE_URL"), "serve", "--workers", "2")
    assert refused.code == 1
    assert refused.err.startswith("widget-server: --workers 2 needs ")
    assert refused.err.count("\n") == 1
    for named in ("WIDGET_DATABASE_URL=postgresql://", "WIDGET_BROKER_URL=redis://"):
        assert (named in refused.err) == (named in missing)


def test_a_command_gets_no_settings_of_whoever_runs_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGET_DATABASE_URL", "postgresql://elsewhere.example/chat")
    assert "WIDGET_DATABASE_URL" not in environment(tmp_path)
