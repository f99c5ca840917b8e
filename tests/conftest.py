"""What every test may ask for, and on what it runs.

Whatever uses a `backend`, by itself or through `database` or `served`, runs on several, named in the test's brackets:

- what asks for a `database` alone runs on SQLite and on PostgreSQL;
- what asks for a served installation runs on SQLite; marked `everywhere` also on PostgreSQL, and on two nodes with
  Redis between them, the two sides of a chat on different nodes. `LONG=1` marks them all;
- `@pytest.mark.only("sqlite")` keeps a test to what it is about.

`pytest -k nodes` picks those of one kind.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import scratch
from tests.engines.backends import DATABASES, EVERYWHERE, NODES, SQLITE, PostgreSQLBackend, SQLiteBackend
from tests.engines.post_office import PostOffice
from tests.engines.postgresql import PostgreSQL
from tests.engines.redis import Redis
from tests.faults import record
from tests.serving import Served, serving
from widget_server.settings import Settings
from widget_server.store import migrate
from widget_server.store.engines import database_of
from widget_server.web.languages import ENGLISH, Languages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from tests.engines.backends import Backend
    from widget_server.store.database import Database

LONG = os.environ.get("LONG") == "1"
_LANGUAGES = Languages()

scratch.choose()

# How long an example takes says how busy the machine is, and nothing about the product.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget what the last run counted; processes that share the tests of one run begin together."""
    if not hasattr(session.config, "workerinput"):
        record.begin()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the faults came to."""
    lines = record.lines()
    if lines:
        terminalreporter.section(f"faults (kept in {record.PLACE})")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long rounds to `make test-all`, which sets LONG=1."""
    if LONG:
        return
    skip = pytest.mark.skip(reason="a long round: run it with LONG=1")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each backend that it is for."""
    if "backend" not in metafunc.fixturenames:
        return
    only, marked = (metafunc.definition.get_closest_marker(name) for name in ("only", "everywhere"))
    kinds: tuple[str, ...] = EVERYWHERE if marked or LONG else (SQLITE,)
    if "database" in metafunc.fixturenames:
        kinds = DATABASES
    if only:
        kinds = tuple(kind for kind in EVERYWHERE if kind in only.args)
    metafunc.parametrize("backend", kinds, indirect=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server that lives in this test's own directory, on free ports."""
    return Settings(mode="testing", data_dir=tmp_path / "data", port=0, internal_port=0)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that nobody has written to, to be copied."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Generator[PostgreSQL]:
    """A PostgreSQL server for the whole run; tests make databases of their own on it and leave it running."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Generator[Redis]:
    """A Redis for the whole run: installations on it do not hear each other. Who breaks one starts one."""
    with Redis() as server:
        yield server


@pytest.fixture
def post_office() -> Generator[PostOffice]:
    """A mail server of this test's own. A `browser` beside it looks at an installation that sends its mails there."""
    with PostOffice() as office:
        yield office


@pytest.fixture
def backend(request: pytest.FixtureRequest, empty_store: Path) -> Generator[Backend]:
    """What this test's installations stand on."""
    made: Backend
    if request.param == SQLITE:
        made = SQLiteBackend(empty_store)
    else:
        broker = request.getfixturevalue("redis") if request.param == NODES else None
        made = PostgreSQLBackend(request.getfixturevalue("postgresql"), broker)
    yield made
    made.close()


@pytest.fixture
async def database(backend: Backend, tmp_path: Path) -> AsyncGenerator[Database]:
    """An open database of this test's own."""
    home = tmp_path / "database"
    backend.lay_out(home)
    database = database_of(Settings(mode="testing", **backend.settings(home)).database_url)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


@pytest.fixture
async def served(backend: Backend, tmp_path: Path) -> AsyncGenerator[Served]:
    """A served installation of this test's own."""
    async with serving(tmp_path / "served", backend) as served:
        yield served


@pytest.fixture(autouse=True)
def _english() -> None:
    """What a test let be spoken is not the language of the next one."""
    _LANGUAGES.speak(ENGLISH)
