"""A visitor who goes on sending whatever happens, and how to wait for what comes of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.clients.base import Carrier
    from tests.clients.socket import SocketClient
    from tests.clients.state import ChannelState

_UNDER_WAY = 4


class Talker:
    """Keeps `_UNDER_WAY` messages on their way from the moment it is made, until `stop`.

    Args:
        client: who talks.
    """

    def __init__(self, client: Carrier) -> None:
        self.client = client
        self._stopping = False
        self._task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        number = 0
        outbox = self.client.state.outbox
        while not self._stopping:
            number += 1
            await self.client.send(f"message {number}")
            await self.client.until(lambda: len(outbox) < _UNDER_WAY)

    async def stop(self) -> None:
        """Send no more, and return when everything is acknowledged."""
        self._stopping = True
        await self._task
        await emptied(self.client)


async def acked(client: Carrier, count: int) -> None:
    """Wait for so many acknowledgements more."""
    goal = len(client.state.acks) + count
    await client.until(lambda: len(client.state.acks) >= goal)


async def emptied(client: Carrier) -> None:
    """Wait until everything the client sent is acknowledged."""
    await client.until(lambda: not client.state.outbox)


async def reached(client: Carrier, channel: ChannelState, seq: int) -> None:
    """Wait until the client holds the channel up to a number, and is in step with the server."""
    await client.until(lambda: channel.last >= seq and channel.synced)


async def closed(client: SocketClient) -> tuple[int, str]:
    """Wait for the end of the client's first line; its code and reason."""
    await client.until(lambda: bool(client.closes))
    return client.closes[0]


async def watch(agent: Carrier, talker: Talker) -> None:
    """Show the talker's conversation to the agent, and wait until both hold the same of it."""
    client = talker.client
    await client.until(lambda: client.state.channel_of_start is not None)
    name = client.state.channel_of_start
    assert name is not None
    seen = await agent.show(name)
    own = client.state.channels[name]
    await client.until(lambda: own.synced)
    await agent.until(lambda: seen.version >= own.version)
