"""What tests of faults stand on, and the lines that they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.record import PLACE, lines
from tests.faults.stage import Stage, staged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.engines.backends import Backend


@pytest.fixture
async def stage(backend: Backend, tmp_path: Path) -> AsyncGenerator[Stage]:
    """An installation of this test's own, and its clients, who leave when the test ends."""
    async with staged(backend, tmp_path) as made:
        yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted."""
    if lines:
        terminalreporter.section(f"faults (kept in {PLACE})")
        for line in lines:
            terminalreporter.write_line(line)
