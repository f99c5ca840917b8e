"""Looking at files as soon as they have come, and removing the bytes of those that are gone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from widget_server.actions.inspection import do_expire_files, do_inspect, do_let_go
from widget_server.actions.uploads import works_of
from widget_server.core.errors import ProductError
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.actions.pictures import Pictures

log = logging.getLogger(__name__)

_IDLE_S: Final = 1.0
"""After so long it looks by itself: another node may have taken a file in, or removed a message."""
_EXPIRE_EVERY_MS: Final = 300_000


class Files:
    """One node's. Runs until cancelled."""

    def __init__(self, engine: Engine, pictures: Pictures) -> None:
        self._engine = engine
        self._pictures = pictures
        self._expired_at = 0

    async def run(self) -> None:
        """Look at what comes, when it comes."""
        wake = works_of(self._engine).wake
        while True:
            wake.clear()
            try:
                worked = await self.work()
            except (StoreUnavailable, ProductError, OSError) as error:
                log.warning("Files could not be looked at.", extra={"reason": str(error)})
                worked = 0
            except Exception:
                log.exception("Looking at files failed.")
                worked = 0
            if worked:
                continue
            try:
                async with asyncio.timeout(_IDLE_S):
                    await wake.wait()
            except TimeoutError:
                continue

    async def work(self) -> int:
        """Do what waits, and return how much that was."""
        worked = await do_let_go(self._engine) + await do_inspect(self._engine, self._pictures)
        now = self._engine.clock.monotonic_ms()
        if now - self._expired_at >= _EXPIRE_EVERY_MS or self._expired_at == 0:
            worked += await do_expire_files(self._engine)
            self._expired_at = now
        return worked
