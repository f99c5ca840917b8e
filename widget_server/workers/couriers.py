"""Taking events to webhooks: at least once, in order per channel, and no slow address delays another one's.

Each webhook that something is due for has a courier of its own, who takes the first event of up to
:data:`AT_ONCE` channels at a time. What was not taken well comes again later, and holds back only its own channel.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from widget_server import __version__
from widget_server.actions import deliveries
from widget_server.actions.deliveries import Taken, Undeliverable, signature
from widget_server.ops.outgoing import MAX_SECONDS, NotReachable
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from widget_server.actions.deliveries import Letter
    from widget_server.actions.engine import Clock
    from widget_server.actions.sealing import Sealer
    from widget_server.ops.outgoing import Outgoing
    from widget_server.store.database import Database

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
AT_ONCE: Final = 8
_LEASE_MS: Final = int(MAX_SECONDS * 1000) + 5_000
"""Longer than sending takes, so that nothing is sent twice while its courier lives."""
_GRACE_S: Final = 2.0
_GONE: Final = 410
"""An address that says it is no more is believed."""

EVENT: Final = "Support-Chat-Event"
TOPIC: Final = "Support-Chat-Topic"
TIMESTAMP: Final = "Support-Chat-Timestamp"
SIGNATURE: Final = "Support-Chat-Signature"
ATTEMPT: Final = "Support-Chat-Attempt"


class Couriers:
    """One node's; they run between the first beat and their cancellation.

    Args:
        database: the store.
        clock: when something is due.
        sealer: opens the secrets.
        outgoing: the way out.
    """

    def __init__(self, database: Database, clock: Clock, sealer: Sealer, outgoing: Outgoing) -> None:
        self._db = database
        self._clock = clock
        self._sealer = sealer
        self._outgoing = outgoing
        self._on_the_way: dict[int, asyncio.Task[None]] = {}
        self._hinted = asyncio.Event()

    def hint(self) -> None:
        """Look now: something may be due."""
        self._hinted.set()

    async def run(self) -> None:
        """Until cancelled; what is on its way then is given a moment to end."""
        try:
            while True:
                self._hinted.clear()
                await self._look()
                try:
                    async with asyncio.timeout(EVERY_S):
                        await self._hinted.wait()
                except TimeoutError:
                    continue
        finally:
            await self._let_go()

    async def beat(self) -> None:
        """Send a courier for each webhook that waits for one."""
        for webhook in await deliveries.access_ready(self._db, self._clock.now_ms()):
            if webhook not in self._on_the_way:
                task = asyncio.create_task(self._serve(webhook), name=f"courier-{webhook}")
                self._on_the_way[webhook] = task
                task.add_done_callback(lambda _, of=webhook: self._on_the_way.pop(of, None))  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    async def settle(self) -> None:
        """Return when nobody is on the way."""
        while self._on_the_way:
            await asyncio.wait(self._on_the_way.values())

    async def _look(self) -> None:
        try:
            await self.beat()
        except StoreUnavailable as error:
            log.warning("What waits for webhooks could not be read.", extra={"reason": str(error)})
        except Exception:
            log.exception("Nothing could be sent to webhooks.")

    async def _let_go(self) -> None:
        if not self._on_the_way:
            return
        tasks = list(self._on_the_way.values())
        _, left = await asyncio.wait(tasks, timeout=_GRACE_S)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, webhook: int) -> None:
        """Deliver until nothing is due for the webhook."""
        try:
            while taken := await deliveries.do_take(
                self._db, webhook, most=AT_ONCE, lease_ms=_LEASE_MS, now_ms=self._clock.now_ms()
            ):
                await asyncio.gather(*(self._deliver(webhook, each) for each in taken))
        except StoreUnavailable as error:
            # What was taken is taken again after its lease.
            log.warning("What became of a delivery could not be written down.", extra={"reason": str(error)})
        except Exception:
            log.exception("A courier failed.", extra={"webhook": webhook})

    async def _deliver(self, webhook: int, delivery: Taken) -> None:
        try:
            await self._try(webhook, delivery)
        except asyncio.CancelledError:
            await deliveries.do_give_back(self._db, delivery)
            raise

    async def _try(self, webhook: int, delivery: Taken) -> None:
        try:
            letter = await deliveries.compose(self._db, self._sealer, webhook, delivery)
        except Undeliverable as error:
            await self._not_taken(webhook, delivery, None, str(error), is_final=True)
            return
        if letter is None:
            remark = "nobody asks for it any more, or it is gone"
            await deliveries.do_finish(self._db, delivery, status=None, remark=remark, now_ms=self._clock.now_ms())
            return
        try:
            answer = await self._outgoing.send(
                "POST", letter.url, headers=self._headers(letter, delivery), body=letter.body
            )
        except NotReachable as error:
            await self._not_taken(webhook, delivery, None, str(error))
            return
        if 200 <= answer.status < 300:
            await deliveries.do_finish(
                self._db, delivery, status=answer.status, remark=None, now_ms=self._clock.now_ms()
            )
            return
        problem = f"it answered {answer.status}"
        await self._not_taken(webhook, delivery, answer.status, problem, is_final=answer.status == _GONE)

    async def _not_taken(
        self, webhook: int, delivery: Taken, status: int | None, problem: str, *, is_final: bool = False
    ) -> None:
        given_up = await deliveries.do_postpone(
            self._db,
            delivery,
            status=status,
            problem=problem,
            chance=self._clock.random(1)[0],
            is_final=is_final,
            now_ms=self._clock.now_ms(),
        )
        log.info(
            "A webhook was given up." if given_up else "A webhook did not take an event.",
            extra={"webhook": webhook, "delivery": delivery.id, "attempt": delivery.attempt, "reason": problem},
        )

    def _headers(self, letter: Letter, delivery: Taken) -> dict[str, str]:
        timestamp = self._clock.now_ms() // 1000
        return {
            "Content-Type": "application/json",
            "User-Agent": f"support-chat/{__version__}",
            EVENT: delivery.event_id,
            TOPIC: delivery.topic,
            TIMESTAMP: str(timestamp),
            SIGNATURE: f"v1={signature(letter.secret, timestamp, letter.body)}",
            ATTEMPT: str(delivery.attempt),
        }
