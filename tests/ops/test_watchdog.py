"""A loop that hangs is noticed from outside of it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from widget_server.ops.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

import pytest


@pytest.fixture
def critical() -> Generator[Callable[[], logging.LogRecord]]:
    """Waits for the watchdog's word, without letting the loop turn."""
    said = threading.Event()
    records: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)
            said.set()

    ear = Ear(logging.CRITICAL)
    logger = logging.getLogger("widget_server.ops.watchdog")
    logger.addHandler(ear)

    def wait() -> logging.LogRecord:
        assert said.wait(30)
        return records[0]

    yield wait
    logger.removeHandler(ear)


async def test_a_loop_that_hangs_is_named_with_the_place_and_not_ready_for_a_while(
    critical: Callable[[], logging.LogRecord],
) -> None:
    watchdog = Watchdog(limit_seconds=0.05, probation_seconds=3600)
    watchdog.start()
    try:
        record = critical()  # hangs here, in the loop's own thread
        watchdog.turned()
        wrong = await watchdog.check()
    finally:
        watchdog.stop()
    assert record.getMessage() == "The event loop is stuck."
    assert "wait (" in vars(record)["where"]
    assert "test_watchdog.py" in vars(record)["where"]
    assert watchdog.hangs == 1
    assert wrong is not None


async def test_after_its_probation_a_loop_is_trusted_again(critical: Callable[[], logging.LogRecord]) -> None:
    watchdog = Watchdog(limit_seconds=0.05, probation_seconds=0)
    watchdog.start()
    critical()
    watchdog.turned()
    watchdog.stop()
    assert await watchdog.check() is None


async def test_a_loop_that_turns_is_left_alone() -> None:
    watchdog = Watchdog()
    watchdog.start()
    watchdog.turned()
    watchdog.stop()
    assert await watchdog.check() is None
    assert watchdog.hangs == 0
