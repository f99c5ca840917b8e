"""Everything a node says to Redis: all that waits leaves in one pipeline, on one connection.

Awaited one by one, publishing would cost four to seven times as much. What cannot be said at once is dropped and
counted: it is a hint, and a late one is worth nothing, for by then the others have found out by stamps.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ResponseError

from widget_server.hub.ledger import BrokerLost
from widget_server.hub.redis_link import PING_S, SILENCE_S, Link

log = logging.getLogger(__name__)

WAITING_MAX: Final = 20_000
WAITING_BYTES_MAX: Final = 16 * 1024 * 1024

Command = tuple[str | bytes | int, ...]


class Pipe:
    """Commands on their way.

    :param on_change: called when the broker came or went.
    """

    def __init__(self, pool: ConnectionPool, on_change: Callable[[], None]) -> None:
        self._link = Link(pool, self._use, on_change)
        self._on_change = on_change
        self._waiting: list[tuple[Command, asyncio.Future[Any] | None]] = []
        self._bytes = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._complaint = ""
        self.is_up = False
        self.sent = 0
        self.dropped = 0

    @property
    def failure(self) -> str:
        """Why it is not up."""
        return self._link.failure

    async def run(self) -> None:
        """Until cancelled."""
        await self._link.run()

    def publish(self, name: bytes, data: bytes) -> None:
        """Tell who is subscribed to ``name``, if the broker takes it."""
        if not self.is_up or len(self._waiting) >= WAITING_MAX or self._bytes + len(data) > WAITING_BYTES_MAX:
            self.dropped += 1
            return
        self._bytes += len(data)
        self._put(("PUBLISH", name, data), None)

    def request(self, *command: str | bytes | int) -> asyncio.Future[Any]:
        """The answer to a command.

        :raises BrokerLost: at once where the broker is not there, else by the future.
        """
        if not self.is_up or len(self._waiting) >= WAITING_MAX:
            raise BrokerLost(self.failure)
        try:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        except RuntimeError:
            # What is left of a lease is given back by the garbage collector, which may run in any thread.
            raise BrokerLost("asked from outside of the loop") from None
        self._put(command, answer)
        return answer

    async def drained(self) -> None:
        """Return when nothing waits any more, said or given up."""
        await self._idle.wait()

    def _put(self, command: Command, answer: asyncio.Future[Any] | None) -> None:
        self._waiting.append((command, answer))
        self._idle.clear()
        self._wake.set()

    async def _use(self, connection: AbstractConnection) -> None:
        self.is_up = True
        self._on_change()
        try:
            while True:
                await self._rest()
                batch, self._waiting, self._bytes = self._waiting, [], 0
                self._wake.clear()
                try:
                    await self._exchange(connection, batch)
                finally:
                    _give_up(batch, self.failure)
                if not self._waiting:
                    self._idle.set()
        finally:
            self.is_up = False
            batch, self._waiting, self._bytes = self._waiting, [], 0
            self.dropped += len(batch)
            _give_up(batch, self.failure)
            self._idle.set()

    async def _rest(self) -> None:
        """Until something is to be said; after a silence, whether the broker is still there."""
        try:
            async with asyncio.timeout(PING_S):
                await self._wake.wait()
        except TimeoutError:
            self._waiting.append((("PING",), None))

    async def _exchange(self, connection: AbstractConnection, batch: list[tuple[Command, Any]]) -> None:
        unanswered = len(batch)
        try:
            async with asyncio.timeout(SILENCE_S):
                packed = connection.pack_commands([command for command, _ in batch])
                await connection.send_packed_command(packed, check_health=False)
                for _, answer in batch:
                    try:
                        response = await connection.read_response(timeout=math.inf)
                    except ResponseError as error:
                        self._refused(error)
                    else:
                        self.sent += 1
                        if answer is not None and not answer.done():
                            answer.set_result(response)
                    unanswered -= 1
        finally:
            self.dropped += unanswered

    def _refused(self, error: ResponseError) -> None:
        """The broker takes commands, but not this one (rights, memory, a replica): told once per kind."""
        self.dropped += 1
        complaint = str(error)
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("the broker refused a command: %s", complaint)


def _give_up(batch: list[tuple[Command, asyncio.Future[Any] | None]], why: str) -> None:
    for _, answer in batch:
        if answer is not None and not answer.done():
            answer.set_exception(BrokerLost(why))
