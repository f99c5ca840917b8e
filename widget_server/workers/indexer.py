"""The worker that keeps the index of words: what is committed can be found within a second.

Every node has one, and one of them works: beside SQLite there is no other, beside PostgreSQL it holds a lease in the
index itself, which another one takes over when it ends.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from widget_server.store.database import StoreUnavailable
from widget_server.store.indexing import Indexing
from widget_server.store.search import COMPLETE, Overtaken

if TYPE_CHECKING:
    from widget_server.actions.engine import Clock
    from widget_server.store.database import Database
    from widget_server.store.search import Index, Progress

log = logging.getLogger(__name__)

EVERY_S: Final = 0.5
_LEASE_MS: Final = 10_000
_RENEW_MS: Final = 5_000
_TELL_EVERY_S: Final = 10.0


class Indexer:
    """One node's; it runs until it is cancelled.

    Args:
        database: the store.
        index: what is kept.
        epoch: of the installation.
        clock: for the lease.
    """

    def __init__(self, database: Database, index: Index, epoch: str, clock: Clock) -> None:
        self._index = index
        self._indexing = Indexing(database, index, epoch)
        self._clock = clock
        self._name = clock.token()[:16]
        self._began: float | None = None
        self._told_at = 0.0

    async def run(self) -> None:
        """Look every half second; what fails is logged, and tried again from where it was."""
        while True:
            try:
                await self.beat()
            except StoreUnavailable as error:
                log.warning("The index of words could not be kept.", extra={"reason": str(error)})
            except Exception:
                log.exception("Keeping the index of words failed.")
            await asyncio.sleep(EVERY_S)

    async def beat(self) -> None:
        """Take in all that was committed before, unless another node is at it."""
        await self._index.open()
        with suppress(Overtaken):
            now = await self._index.progress()
            has_more = True
            while has_more:
                held = self._held(now)
                if held is None:
                    return
                now = held if held == now else await self._index.write(now, held)
                now, has_more = await self._indexing.step(now)
                await self._tell(now)

    async def catch_up(self) -> None:
        """As :meth:`beat`, whoever else is at it: afterwards the index has all that was committed before."""
        await self._index.open()
        has_more = True
        while has_more:
            with suppress(Overtaken):
                _, has_more = await self._indexing.step(await self._index.progress())

    def _held(self, now: Progress) -> Progress | None:
        """What has to be written for this node to go on; None while another one holds it."""
        if self._index.database.one_writer:
            return now
        at = self._clock.now_ms()
        if now.holder == self._name and now.held_until > at + _RENEW_MS:
            return now
        if now.holder != self._name and now.held_until > at:
            return None
        return now._replace(holder=self._name, held_until=at + _LEASE_MS)

    async def _tell(self, now: Progress) -> None:
        """Say in the log how far the first reading is."""
        if now.built == COMPLETE and self._began is None:
            return
        at = time.monotonic()
        if self._began is None:
            self._began = self._told_at = at
            return
        if now.built != COMPLETE and at < self._told_at + _TELL_EVERY_S:
            return
        self._told_at = at
        size = await self._indexing.size()
        done = size if now.built == COMPLETE else now.built
        facts = {"messages": done, "of": size, "seconds": round(at - self._began, 1)}
        log.info(
            "The index of words is made." if now.built == COMPLETE else "The index of words is being made.", extra=facts
        )
        if now.built == COMPLETE:
            self._began = None
