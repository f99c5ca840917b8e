"""A connection to Redis that is made again after every failure.

The client's own reconnecting would hide that something was missed meanwhile, so it is left unused.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
CONNECT_S: Final = 3.0
PING_S: Final = 1.0
"""How long a connection may be silent before the broker is asked whether it is there."""
SILENCE_S: Final = 3.0
"""How long it may then take to answer."""

CONNECTING: Final = "connecting"
"""Why there is no connection before the first one was tried."""
LOST: Final = (RedisError, OSError, TimeoutError)
"""What a broker that went away looks like."""

Use = Callable[[AbstractConnection], Awaitable[None]]


def pool_of(url: str) -> ConnectionPool:
    """What knows how to connect to the broker at ``url`` (``redis://``, ``rediss://``, ``unix://``)."""
    # A pub/sub connection waits for ever: every wait here has a limit of its own.
    return ConnectionPool.from_url(
        url, protocol=2, socket_timeout=None, socket_connect_timeout=CONNECT_S, client_name="widget-server"
    )


class Link:
    """Keeps one connection.

    :param use: works with a fresh connection until it breaks; raises what it broke of.
    :param on_change: called when a connection has ended, or could not be made.
    """

    def __init__(self, pool: ConnectionPool, use: Use, on_change: Callable[[], None]) -> None:
        self._pool = pool
        self._use = use
        self._on_change = on_change
        self.failure = CONNECTING
        """Why the last connection ended, or could not be made."""

    async def run(self) -> None:
        """Until cancelled."""
        pause = FIRST_PAUSE_S
        while True:
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # the client left it bare
            try:
                async with asyncio.timeout(CONNECT_S):
                    await connection.connect()
                pause = FIRST_PAUSE_S
                await self._use(connection)
            except LOST as error:
                self.failure = str(error) or type(error).__name__
            except Exception as error:
                self.failure = type(error).__name__
                log.exception("a connection to the broker failed")
            finally:
                await connection.disconnect(nowait=True)
            self._on_change()
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads nodes, guards nothing
            pause = min(2 * pause, LONGEST_PAUSE_S)
