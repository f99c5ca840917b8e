"""Removing what has served its purpose: what left the system, kept answers, links, sessions and attempts."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from widget_server.actions.repeats import do_sweep_answers
from widget_server.actions.retention import (
    do_forget_community,
    do_forget_deliveries,
    do_forget_links,
    do_forget_outgoing,
    do_forget_sign_ins,
    do_release_unconfirmed,
)
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.engine import Clock
    from widget_server.store.database import Database

log = logging.getLogger(__name__)

EVERY_S: Final = 600.0
_BREATH_S: Final = 0.2
"""Between two batches: nobody else waits for them."""


class Retention:
    """Runs until cancelled.

    Args:
        database: the store.
        clock: what is old enough.
        more: other work of the kind; each removes a bounded number of rows and returns how many.
    """

    def __init__(self, database: Database, clock: Clock, *more: Callable[[], Awaitable[int]]) -> None:
        self._db = database
        self._clock = clock
        self._more = more

    async def run(self) -> None:
        """Remove what is old, every ten minutes."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                while await self.remove():  # noqa: ASYNC110 - it waits for nothing: it lets others go first
                    await asyncio.sleep(_BREATH_S)
            except StoreUnavailable as error:
                log.warning("Nothing could be removed.", extra={"reason": str(error)})
            except Exception:
                log.exception("Removing what is old failed.")

    async def remove(self) -> int:
        """Remove a bounded number of rows of each kind; return how many."""
        now = self._clock.now_ms()
        return (
            await do_forget_deliveries(self._db, now_ms=now)
            + await do_forget_outgoing(self._db, now_ms=now)
            + await do_release_unconfirmed(self._db, now_ms=now)
            + await do_forget_links(self._db, now_ms=now)
            + await do_forget_sign_ins(self._db, now_ms=now)
            + await do_forget_community(self._db, now_ms=now)
            + await do_sweep_answers(self._db, now)
            + sum([await work() for work in self._more])
        )
