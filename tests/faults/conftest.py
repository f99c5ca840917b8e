"""What tests of faults stand on, and the lines that they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.engines.backends import PostgreSQLBackend
from tests.engines.postgresql import PostgreSQL
from tests.engines.redis import Redis
from tests.faults.stage import Stage, staged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from tests.engines.backends import Backend


@pytest.fixture
async def stage(backend: Backend, tmp_path: Path) -> AsyncGenerator[Stage]:
    """An installation of this test's own, and its clients, who leave when the test ends."""
    async with staged(backend, tmp_path) as made:
        yield made


@pytest.fixture
def own_postgresql() -> Generator[PostgreSQL]:
    """A server that the test may break."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def own_redis() -> Generator[Redis]:
    """A broker that the test may break."""
    with Redis() as server:
        yield server


class OnDatabase(NamedTuple):
    """A stage, and the database under it."""

    stage: Stage
    database: PostgreSQL


@pytest.fixture
async def on_database(own_postgresql: PostgreSQL, tmp_path: Path) -> AsyncGenerator[OnDatabase]:
    """One node on a PostgreSQL that may be broken."""
    async with staged(PostgreSQLBackend(own_postgresql), tmp_path) as stage:
        yield OnDatabase(stage, own_postgresql)


class OnBroker(NamedTuple):
    """A stage, and the broker between its nodes."""

    stage: Stage
    broker: Redis


@pytest.fixture
async def on_broker(postgresql: PostgreSQL, own_redis: Redis, tmp_path: Path) -> AsyncGenerator[OnBroker]:
    """Two nodes with a Redis between them that may be broken."""
    async with staged(PostgreSQLBackend(postgresql, own_redis), tmp_path) as stage:
        yield OnBroker(stage, own_redis)
