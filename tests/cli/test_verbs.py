"""What the verbs do, what they print, and how they fail."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from tests.cli.conftest import CommandLine
from tests.cli.history import write_history
from widget_server.app import create_app, create_control
from widget_server.ops.start import Listeners
from widget_server.settings import Settings
from widget_server.store import migrate as revisions
from widget_server.store.search_sqlite import FILE


@pytest.fixture
def migrated(command_line: CommandLine) -> CommandLine:
    assert command_line("migrate").code == 0
    return command_line


@pytest.fixture
def running(migrated: CommandLine) -> Iterator[CommandLine]:
    """The same command line while a server has the store open and answers on its control socket."""
    started, stop = threading.Event(), threading.Event()
    settings = Settings(mode="testing", data_dir=Path("data").absolute(), port=0, internal_port=0)

    async def serve() -> None:
        app = create_app(settings)
        listeners = Listeners(app, create_control(app), settings)
        try:
            await listeners.open()
            started.set()
            await asyncio.to_thread(stop.wait)
        finally:
            await listeners.close()

    server = threading.Thread(target=lambda: asyncio.run(serve()))
    server.start()
    assert started.wait(30)
    yield migrated
    stop.set()
    server.join()


@pytest.fixture(params=["migrated", "running"])
def either(request: pytest.FixtureRequest) -> CommandLine:
    """A command line beside a store at rest, and beside a running server."""
    found: CommandLine = request.getfixturevalue(request.param)
    return found


def test_a_site_is_made_and_its_tag_printed(either: CommandLine) -> None:
    made = either("create-site", "Shop", "--origin", "https://shop.example", "--key", "shop")
    assert (made.code, made.out) == (0, '<script async src="http://localhost:8080/widget/shop.js"></script>\n')
    again = either("create-site", "Shop", "--origin", "https://shop.example", "--key", "shop")
    assert (again.code, again.err) == (1, "widget-server: This name or address is taken.\n")


def test_an_agent_gets_a_password_that_only_the_output_knows(either: CommandLine) -> None:
    first = either("create-agent", "ada@example.org", "--name", "Ada")
    second = either("create-agent", "bob@example.org", "--name", "Bob")
    assert first.code == second.code == 0
    assert "administrator" in first.err
    assert "(agent)" in second.err
    assert len(first.out.strip()) >= 12
    assert first.out != second.out


def test_a_password_is_set_anew(either: CommandLine) -> None:
    old = either("create-agent", "ada@example.org", "--name", "Ada").out
    new = either("set-password", "ada@example.org")
    assert new.code == 0
    assert new.out.strip() not in {"", old.strip()}
    unknown = either("set-password", "nobody@example.org")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.count("\n") == 1


def test_factors_are_removed_for_who_has_lost_them(either: CommandLine) -> None:
    either("create-agent", "ada@example.org", "--name", "Ada")
    assert "has no second factor" in either("remove-factors", "ada@example.org").err
    _give_passkey()
    ran = either("remove-factors", "Ada@example.org")
    assert (ran.code, ran.out) == (0, "")
    assert "signs in with the password alone" in ran.err
    assert "has no second factor" in either("remove-factors", "ada@example.org").err
    assert either("remove-factors", "nobody@example.org").code == 1


def _give_passkey() -> None:
    with closing(sqlite3.connect("data/widget.db")) as store, store:
        columns = "person_id, credential_id, public_key, name, created_at"
        store.execute(f"INSERT INTO passkey ({columns}) SELECT id, 'a', 'b', 'Phone', 1 FROM person")


def test_a_wrong_origin_is_one_line_that_says_how_it_looks(either: CommandLine) -> None:
    ran = either("create-site", "Shop", "--origin", "shop.example/path")
    assert ran.code == 1
    assert ran.err.startswith("widget-server: An origin looks like https://www.example.com")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("fly",), ("create-site",), ("create-agent", "a@b", "--role", "king"), ("serve", "--loud")]
)
def test_a_command_that_is_not_understood_ends_with_two(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    ran = command_line(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(" --help\n")
    assert ran.err.count("\n") == 1


def test_a_verb_without_a_database_names_the_command(command_line: CommandLine) -> None:
    ran = command_line("create-site", "Shop", "--origin", "https://shop.example")
    assert ran.code == 1
    assert "run: widget-server migrate" in ran.err


def test_wrong_settings_are_one_line(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGET_PROT", "8080")
    ran = command_line("check-config")
    assert (ran.code, ran.err) == (1, "widget-server: WIDGET_PROT is not a setting; did you mean WIDGET_PORT?\n")


def test_check_config_prints_what_holds_and_no_secret(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDGET_SECRET_KEY", "q8Zt2Wn5Lk0Xc7Vb4Ha1Jd6Gf9Sp3YeRu")
    monkeypatch.setenv("PORT", "9000")
    ran = command_line("check-config")
    assert ran.code == 0
    assert "WIDGET_PORT=9000\n" in ran.out
    assert "# WIDGET_SECRET_KEY is set\n" in ran.out
    assert "q8Zt2Wn5" not in ran.out + ran.err


def test_check_config_shows_an_address_without_its_password(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDGET_DATABASE_URL", "postgresql://ada:hunter2@db.example:5433/chat")
    monkeypatch.setenv("WIDGET_BROKER_URL", "redis://:hunter2@broker.example:6379/0")
    ran = command_line("check-config")
    assert "# WIDGET_DATABASE_URL is set: postgresql://db.example:5433/chat\n" in ran.out
    assert "# WIDGET_BROKER_URL is set: redis://broker.example:6379/0\n" in ran.out
    assert "hunter2" not in ran.out + ran.err


def test_what_check_config_prints_can_be_a_settings_file(command_line: CommandLine) -> None:
    before = command_line("check-config").out
    Path(".env").write_text(before, encoding="utf-8")
    assert command_line("check-config").out == before


def test_s1_11_migrate_creates_a_database_and_keeps_what_it_holds(migrated: CommandLine) -> None:
    migrated("create-site", "Shop", "--origin", "https://shop.example", "--key", "shop")
    again = migrated("migrate")
    assert (again.code, again.out) == (0, f"The database is at revision {revisions.head()}.\n")
    with sqlite3.connect("data/widget.db") as reader:
        assert reader.execute("SELECT key FROM site").fetchall() == [("shop",)]
    reader.close()


def test_s2_30_the_last_revision_can_be_undone_and_done_again(migrated: CommandLine) -> None:
    back = migrated("migrate", "--back")
    assert back.code == 0
    assert revisions.current(Settings().database_url) != revisions.head()
    assert migrated("migrate").code == 0
    assert revisions.current(Settings().database_url) == revisions.head()


def test_migrate_leaves_a_database_alone_that_a_server_uses(running: CommandLine) -> None:
    ran = running("migrate", "--back")
    assert (ran.code, ran.err) == (1, "widget-server: a server uses the database; stop it first\n")
    assert running("create-site", "Shop", "--origin", "https://shop.example").code == 0


def test_a_database_of_a_newer_program_is_refused(migrated: CommandLine) -> None:
    with sqlite3.connect("data/widget.db") as writer:
        writer.execute("UPDATE alembic_version SET version_num = '9999_future'")
    writer.close()
    for verb in (["migrate"], ["serve"], ["create-site", "Shop", "--origin", "https://shop.example"]):
        ran = migrated(*verb)
        assert ran.code == 1
        assert "9999_future" in ran.err
        assert ran.err.count("\n") == 1


def test_s2_33_the_shell_has_the_application_its_tables_and_its_accounts(
    migrated: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated("create-agent", "ada@example.org", "--name", "Ada")
    migrated("create-site", "Shop", "--origin", "https://shop.example", "--key", "shop")
    lines = iter(
        [
            "print(type(app).__name__, settings.port)",
            "print(run(db.read(lambda tx: tx.all(Statement(select(tables.site.c.key))))))",
            'print(account("ADA@example.org").name, sorted(grant.role for grant in account("ada@example.org").grants))',
        ]
    )

    def read(_prompt: str = "") -> str:
        line = next(lines, None)
        if line is None:
            raise EOFError
        return line

    monkeypatch.setattr("builtins.input", read)
    ran = migrated("shell")
    assert ran.code == 0
    assert "Application 8080" in ran.out
    assert "[('shop',)]" in ran.out
    assert "Ada [<Role.ADMINISTRATOR: 'administrator'>]" in ran.out


@pytest.mark.parametrize("verb", [["serve"], ["migrate"], ["migrate", "--back"], ["set-password", "a@example.org"]])
def test_a_file_that_is_no_database_is_one_line(command_line: CommandLine, verb: list[str]) -> None:
    Path("data").mkdir()
    Path("data/widget.db").write_text("not a database, and long enough to be sure of it", encoding="ascii")
    ran = command_line(*verb)
    assert (ran.code, ran.err) == (1, "widget-server: data/widget.db cannot be used: file is not a database\n")


def test_an_unexpected_failure_is_a_line_and_no_traceback(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(_settings: Settings) -> web.Application:
        raise RuntimeError("broken\nin two lines")

    monkeypatch.setattr("tests.cli.conftest.make_bare_app", explode)
    ran = command_line("serve")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "widget-server: unexpected RuntimeError: broken in two lines"
    assert "Traceback" not in ran.err


def test_s2_16_an_administrator_is_made_of_somebody_new_or_of_an_account(migrated: CommandLine) -> None:
    new = migrated("create-administrator", "ada@example.org", "--name", "Ada")
    assert (new.code, "Ada administers http://localhost:8080" in new.err) == (0, True)
    assert len(new.out.strip()) > 20, "the password stands alone on standard output"
    migrated("create-agent", "bob@example.org", "--name", "Bob")
    old = migrated("create-administrator", "bob@example.org")
    assert (old.code, old.out) == (0, "")
    assert "Bob administers" in old.err
    refused = migrated("create-administrator", "nobody")
    assert (refused.code, refused.err) == (1, "widget-server: Write an email address such as ada@example.com.\n")


def test_a_running_server_makes_the_index_of_words_anew(running: CommandLine) -> None:
    made = running("reindex")
    assert (made.code, made.out[:41]) == (0, "The index of words is made: 0 messages in")


def test_the_index_of_words_is_made_without_a_server(migrated: CommandLine) -> None:
    early = migrated("reindex")
    assert (early.code, "no server has run on this database yet" in early.err) == (1, True)
    settings = Settings(mode="testing", data_dir=Path("data").absolute())
    write_history(settings.database_path, 400)
    with closing(sqlite3.connect(settings.database_path)) as db, db:
        db.execute("INSERT INTO installation (name, value) VALUES ('epoch', 'one')")
    for _ in range(2):
        assert migrated("reindex").out.startswith("The index of words is made: 400 messages in")
    with closing(sqlite3.connect(settings.data_dir / FILE)) as index:
        found = index.execute("SELECT count(*) FROM search_words WHERE search_words MATCH 'parcel'").fetchone()
    assert found == (400,)
