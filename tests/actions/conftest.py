"""People and sites for the tests of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from widget_server.actions.passwords import Passwords

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture
def passwords() -> Generator[Passwords]:
    """Real hashing at the least cost."""
    passwords = Passwords(memory_kib=8, passes=1)
    yield passwords
    passwords.close()
