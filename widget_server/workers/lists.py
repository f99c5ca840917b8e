"""Telling consoles which rows of their lists changed: read once for all of the node, at most ten times a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from widget_server.actions.actors import Agent
from widget_server.actions.engine import Engine
from widget_server.actions.inbox import changed_rows
from widget_server.actions.line import Line
from widget_server.core.permissions import answered_sites
from widget_server.store.database import StoreUnavailable
from widget_server.store.stamps import changes_since

log = logging.getLogger(__name__)

PAUSE_S: Final = 0.1


class Lists:
    """Wakes when sites' lists have changed; reads from its own cursor, so that nothing is missed."""

    def __init__(self, engine: Engine, lines: Callable[[], Iterable[Line]]) -> None:
        self._engine = engine
        self._lines = lines
        self._cursor = 0
        self._wake = asyncio.Event()

    def on_sites(self, _sites: set[int]) -> None:
        """A hint that rows of some sites changed."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        self._cursor = (await changes_since(self._engine.database, 0)).cursor
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.tell()
            except StoreUnavailable as error:
                log.warning("changed rows could not be read: %s", error)
                self._wake.set()
            except Exception:
                log.exception("changed rows could not be told")
            await asyncio.sleep(PAUSE_S)

    async def tell(self) -> None:
        """Read the rows that changed and tell every console that lists them.

        A console that comes while they are read may have been given its page from before: it is told too.
        """
        if not self._consoles():
            cursor = (await changes_since(self._engine.database, 0)).cursor
            if not self._consoles():
                self._cursor = cursor
                return
        changed = await changed_rows(self._engine.database, self._cursor)
        self._cursor = changed.cursor
        for line, agent in self._consoles():
            data = changed.frame(answered_sites(agent.rights))
            if data is not None:
                line.tell(data)

    def _consoles(self) -> list[tuple[Line, Agent]]:
        return [(line, line.actor) for line in self._lines() if line.inbox and isinstance(line.actor, Agent)]
