"""Telling open widgets when the team's state changes: somebody came, the hours ended, a text was changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from widget_server.actions.actors import Visitor
from widget_server.actions.greeting import Reception
from widget_server.actions.line import Line
from widget_server.core.errors import ProductError
from widget_server.protocol import encode
from widget_server.store.database import StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0


class Team:
    """Compares what each site says now with what it said before."""

    def __init__(self, reception: Reception, lines: Callable[[], Iterable[Line]]) -> None:
        self._reception = reception
        self._lines = lines
        self._told: dict[str, bytes] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreUnavailable, ProductError) as error:
                log.warning("the team's state could not be read: %s", error)
            except Exception:
                log.exception("the team's state could not be told")
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Tell every open widget of a site whose state is another than at the last look."""
        visitors: dict[str, list[Line]] = {}
        for line in self._lines():
            if isinstance(line.actor, Visitor):
                visitors.setdefault(line.actor.site_key, []).append(line)
        told: dict[str, bytes] = {}
        for key, lines in visitors.items():
            data = encode.dumps({"t": "site", "site": await self._reception.state(key)})
            told[key] = data
            # A site that had no visitor at the last look: what its first one was welcomed with may be old already.
            if self._told.get(key) != data:
                for line in lines:
                    line.tell(data)
        self._told = told
