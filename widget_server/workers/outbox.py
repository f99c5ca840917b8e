"""Carrying out what must leave the system: rows are written by actions, and handed to whoever they are for from here.

What a *handler* does (a mail) cannot be taken back, so it is done at least once: a row is leased, carried out, and
marked. *Events* are only expanded into what others have to deliver (webhooks), in the transaction that marks them as
done, one node at a time and in order. Several nodes share one outbox.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from widget_server.actions import outbox
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from widget_server.actions.engine import Clock
    from widget_server.actions.outbox import Entry, Expand
    from widget_server.store.database import Database

log = logging.getLogger(__name__)
events_log = logging.getLogger("widget_server.workers.events")
"""What fails while events are expanded; unlike what fails while mails are sent it can be told by mail."""

EVERY_S: Final = 1.0
AT_ONCE: Final = 4
"""Rows in hand at a time: a mail server that hangs keeps so many, and no event waits for it."""
HANDLING_S: Final = 60.0
_LEASE_MS: Final = 90_000
"""Longer than handling takes, so that nothing is done twice while its worker lives."""
_GRACE_S: Final = 3.0


class Impossible(Exception):
    """It can never be carried out as it is; the text says why, to administrators."""


class Later(Exception):
    """It could not be carried out now; the text says why, to administrators."""


class Needless(Exception):
    """There is nothing to do any more; the text says why, to administrators."""


Handler = Callable[["Entry"], Awaitable[None]]
"""Carries out one row, and may be given the same again. Raises one of the three above; whatever else it raises is
logged, and tried again."""


class Outbox:
    """One node's worker.

    Args:
        database: the store.
        clock: when something is due.
        handlers: by topic.
        expand: what becomes of all other topics; None: nobody wants them.
    """

    def __init__(
        self, database: Database, clock: Clock, handlers: Mapping[str, Handler], expand: Expand | None = None
    ) -> None:
        self._db = database
        self._clock = clock
        self._handlers = dict(handlers)
        self._expand = expand
        self._in_hand: set[asyncio.Task[None]] = set()
        self._hinted = asyncio.Event()

    def hint(self) -> None:
        """Look now: something was written, or a hand is free."""
        self._hinted.set()

    async def run(self) -> None:
        """Until cancelled; what is in hand then is given a moment to end."""
        try:
            while True:
                await self._look()
                try:
                    async with asyncio.timeout(EVERY_S):
                        await self._hinted.wait()
                except TimeoutError:
                    continue
        finally:
            await self._let_go()

    async def _look(self) -> None:
        self._hinted.clear()
        try:
            await self.beat()
        except StoreUnavailable as error:
            log.warning("The outbox could not be read.", extra={"reason": str(error)})
        except Exception:
            log.exception("The outbox could not be carried out.")

    async def beat(self) -> None:
        """Begin with whatever is due and has room."""
        due = await outbox.access_due(self._db, self._handlers, now_ms=self._clock.now_ms())
        if due.others and await self._expand_events():
            self.hint()
        room = AT_ONCE - len(self._in_hand)
        if not due.handled or not room:
            return
        taken = await outbox.do_take(
            self._db, self._handlers, most=room, lease_ms=_LEASE_MS, now_ms=self._clock.now_ms()
        )
        for entry in taken:
            task = asyncio.create_task(self._carry_out(entry), name=f"outbox-{entry.id}")
            self._in_hand.add(task)
            task.add_done_callback(self._put_down)

    async def settle(self) -> None:
        """Return when nothing is in hand."""
        while self._in_hand:
            await asyncio.wait(self._in_hand)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self.hint()

    async def _expand_events(self) -> int:
        try:
            return await self._expand_some(outbox.BATCH)
        except outbox.Unexpanded as error:
            # One of them keeps all from leaving: it is found, and waits by itself.
            events_log.exception("Events could not be expanded together; each is tried alone.")
            for _ in error.entries:
                await self._expand_one()
            return len(error.entries)

    async def _expand_one(self) -> None:
        try:
            await self._expand_some(1)
        except outbox.Unexpanded as error:
            chance, now = self._clock.random(1)[0], self._clock.now_ms()
            problem = f"The program failed: {type(error.__cause__).__name__}."
            for entry in error.entries:
                await outbox.do_postpone_event(self._db, entry, problem, chance=chance, now_ms=now)

    async def _expand_some(self, most: int) -> int:
        return await outbox.do_expand(self._db, self._handlers, self._expand, most=most, now_ms=self._clock.now_ms())

    async def _carry_out(self, entry: Entry) -> None:
        facts = {"entry": entry.id, "topic": entry.topic, "attempt": entry.attempts}
        try:
            await self._try(entry, facts)
        except asyncio.CancelledError:
            await outbox.do_give_back(self._db, entry)
            raise
        except StoreUnavailable as error:
            # Whoever takes it after the lease does it again.
            log.warning("What became of an entry could not be written down.", extra={"reason": str(error), **facts})

    async def _try(self, entry: Entry, facts: Mapping[str, object]) -> None:
        try:
            async with asyncio.timeout(HANDLING_S):
                await self._handlers[entry.topic](entry)
        except StoreUnavailable:
            raise
        except Needless as error:
            await outbox.do_finish(self._db, entry, remark=str(error), now_ms=self._clock.now_ms())
        except Impossible as error:
            log.warning("An entry of the outbox was given up.", extra={"reason": str(error), **facts})
            await outbox.do_bury(self._db, entry, str(error), now_ms=self._clock.now_ms())
        except Later as error:
            await self._postpone(entry, str(error), facts)
        except TimeoutError:
            await self._postpone(entry, "It took too long.", facts)
        except Exception as error:
            log.exception("An entry of the outbox failed.", extra=facts)
            await self._postpone(entry, f"The program failed: {type(error).__name__}.", facts)
        else:
            await outbox.do_finish(self._db, entry, now_ms=self._clock.now_ms())

    async def _postpone(self, entry: Entry, problem: str, facts: Mapping[str, object]) -> None:
        is_dead = await outbox.do_postpone(
            self._db, entry, problem, chance=self._clock.random(1)[0], now_ms=self._clock.now_ms()
        )
        text = (
            "An entry of the outbox was given up." if is_dead else "An entry of the outbox waits for another attempt."
        )
        log.warning(text, extra={"reason": problem, **facts})

    async def _let_go(self) -> None:
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=_GRACE_S)
        left = list(self._in_hand)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
