"""What a node hears from Redis: one connection, subscribed to what somebody here listens to and to nothing else.

A subscription is live when Redis has confirmed it. What was said before was not heard, so every confirmation, the
first as well as one after a reconnect, is reported: the node then asks the store once for all of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable
from typing import Final

from redis.asyncio.connection import AbstractConnection, ConnectionPool

from widget_server.hub.redis_link import PING_S, SILENCE_S, Link

log = logging.getLogger(__name__)

LIVE_EVERY_S: Final = 0.02
"""Confirmations that come within this time are reported together."""
_AT_ONCE: Final = 1_000
"""Names in one command."""


class Subscription:
    """Follows what is wanted.

    :param wanted: all names that are wanted now.
    :param is_wanted: whether one name is.
    :param on_message: takes a name and what was said there.
    :param on_live: takes names that are heard from now on.
    :param on_change: called when the broker came or went.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        wanted: Callable[[], Iterable[bytes]],
        is_wanted: Callable[[bytes], bool],
        on_message: Callable[[bytes, bytes], None],
        on_live: Callable[[list[bytes]], None],
        on_change: Callable[[], None],
    ) -> None:
        self._link = Link(pool, self._use, on_change)
        self._wanted = wanted
        self._is_wanted = is_wanted
        self._on_message = on_message
        self._on_live = on_live
        self._on_change = on_change
        self._moved: set[bytes] = set()
        self._wake = asyncio.Event()
        self._asked: set[bytes] = set()
        self._live: set[bytes] = set()
        self._fresh: list[bytes] = []
        self._unanswered = 0
        self.is_up = False
        self.received = 0
        self.reconnects = -1
        """How often the connection had to be made again."""

    @property
    def failure(self) -> str:
        """Why it is not up."""
        return self._link.failure

    async def run(self) -> None:
        """Until cancelled."""
        await self._link.run()

    def moved(self, name: bytes) -> None:
        """Somebody may want this name now, or nobody any more."""
        self._moved.add(name)
        self._wake.set()

    def is_live(self, name: bytes) -> bool:
        """Whether what is said under this name is heard."""
        return name in self._live

    async def _use(self, connection: AbstractConnection) -> None:
        self.reconnects += 1
        self._moved = set(self._wanted())
        self._unanswered = 0
        tasks = [asyncio.create_task(work(connection)) for work in (self._listen, self._tend)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._asked, self._live, self._fresh = set(), set(), []
            self.is_up = False
        raise next(error for error in ended if error is not None and not isinstance(error, asyncio.CancelledError))

    async def _tend(self, connection: AbstractConnection) -> None:
        """Subscribe and unsubscribe as people come and go; notice a broker that says nothing any more."""
        while True:
            await self._follow(connection)
            try:
                async with asyncio.timeout(PING_S):
                    await self._wake.wait()
            except TimeoutError:
                # Counted, not timed: a node that was held up itself finds the answers when it comes round to reading.
                if self._unanswered * PING_S >= SILENCE_S:
                    raise TimeoutError("the broker does not answer") from None
                self._unanswered += 1
                await self._say(connection, "PING")

    async def _follow(self, connection: AbstractConnection) -> None:
        moved, self._moved = self._moved, set()
        self._wake.clear()
        come = [name for name in moved if name not in self._asked and self._is_wanted(name)]
        gone = [name for name in moved if name in self._asked and not self._is_wanted(name)]
        self._asked.update(come)
        self._asked.difference_update(gone)
        self._live.difference_update(gone)
        for verb, names in (("SUBSCRIBE", come), ("UNSUBSCRIBE", gone)):
            for start in range(0, len(names), _AT_ONCE):
                await self._say(connection, verb, *names[start : start + _AT_ONCE])

    async def _say(self, connection: AbstractConnection, *command: str | bytes) -> None:
        async with asyncio.timeout(SILENCE_S):
            await connection.send_command(*command, check_health=False)

    async def _listen(self, connection: AbstractConnection) -> None:
        while True:
            answer = await connection.read_response(timeout=math.inf, push_request=True)
            self._unanswered = 0
            if answer[0] == b"message":
                self.received += 1
                try:
                    self._on_message(answer[1], answer[2])
                except Exception:
                    log.exception("what another node said was not understood")
            elif answer[0] == b"subscribe":
                self._confirmed(answer[1])

    def _confirmed(self, name: bytes) -> None:
        if name not in self._asked:
            return
        self._live.add(name)
        if not self._fresh:
            asyncio.get_running_loop().call_later(LIVE_EVERY_S, self._report)
        self._fresh.append(name)
        if not self.is_up:
            self.is_up = True
            self._on_change()

    def _report(self) -> None:
        fresh, self._fresh = self._fresh, []
        live = [name for name in fresh if name in self._live]
        if live:
            self._on_live(live)
