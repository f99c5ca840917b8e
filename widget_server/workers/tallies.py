"""Counting the votes that came within a second of the last count."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from widget_server.actions.tallies import do_count_due
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine

log = logging.getLogger(__name__)

_IDLE_S: Final = 5.0
"""After so long it looks by itself: a node that was killed may have left something."""
_LEAST_S: Final = 0.05
"""Between two looks, where another node holds what is due."""


class Tallies:
    """One node's. Runs until cancelled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wake = asyncio.Event()

    def on_tally(self) -> None:
        """A hint that something waits."""
        self._wake.set()

    async def run(self) -> None:
        """Count what is due, when it is."""
        while True:
            wait = _IDLE_S
            try:
                due_at = await do_count_due(self._engine)
                if due_at is not None:
                    wait = min(max((due_at - self._engine.clock.now_ms()) / 1000, _LEAST_S), _IDLE_S)
            except StoreUnavailable as error:
                log.warning("Votes could not be counted.", extra={"reason": str(error)})
            except Exception:
                log.exception("Counting votes failed.")
            await self._sleep(wait, hinted=wait == _IDLE_S)

    async def _sleep(self, seconds: float, *, hinted: bool) -> None:
        """Wait; where nothing is due before, until something is (``hinted``)."""
        if not hinted:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()
