"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.engines.postgresql import PostgreSQL
from tests.engines.redis import Redis
from tests.serving import Served, serving
from widget_server.settings import Settings
from widget_server.store import migrate
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

# How long an example takes says how busy the machine is, and nothing about the product.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long rounds to `make test-all`, which sets LONG=1."""
    if os.environ.get("LONG") == "1":
        return
    skip = pytest.mark.skip(reason="a long round: run it with LONG=1")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


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
async def database(empty_store: Path, tmp_path: Path) -> AsyncGenerator[SQLiteDatabase]:
    """An open database of this test's own."""
    path = tmp_path / "test.db"
    shutil.copyfile(empty_store, path)
    database = SQLiteDatabase(path)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


@pytest.fixture
async def served(empty_store: Path, tmp_path: Path) -> AsyncGenerator[Served]:
    """A served application of this test's own."""
    async with serving(tmp_path / "served", empty_store) as served:
        yield served
