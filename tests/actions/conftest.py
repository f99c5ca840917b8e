"""People and sites for the tests of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.actions.works import Works, at_work
from widget_server.actions.passwords import Passwords

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from widget_server.store.database import Database


@pytest.fixture
def passwords() -> Generator[Passwords]:
    """Real hashing at the least cost."""
    passwords = Passwords(memory_kib=8, passes=1)
    yield passwords
    passwords.close()


@pytest.fixture
async def works(database: Database) -> AsyncGenerator[Works]:
    """An engine at work on a store of this test's own, with a site and people."""
    async with at_work(database) as works:
        yield works
