"""People who go on talking and reading whatever happens, and how to wait for what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.clients.base import Carrier
    from tests.clients.socket import SocketClient
    from tests.clients.state import ChannelState, Pending

_UNDER_WAY = 4
_LONG_SECONDS = 600.0


class Talker:
    """Keeps `_UNDER_WAY` messages on their way from the moment it is made, until `stop`.

    Args:
        client: who talks.
        channel: where; a visitor's own conversation when left out.
        pause: seconds between two messages; none when left out.
    """

    def __init__(self, client: Carrier, channel: str | None = None, *, pause: float = 0.0) -> None:
        self.client = client
        self.written: list[str] = []
        """The client ids of its messages, in order."""
        self._channel = channel
        self._pause = pause
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        under_way: list[Pending] = []

        def has_room() -> bool:
            under_way[:] = [pending for pending in under_way if pending.ack is None]
            assert all(pending.failed is None for pending in under_way), under_way
            return len(under_way) < _UNDER_WAY

        while not self._stopping.is_set():
            pending = await self.client.send(f"message {len(self.written) + 1}", self._channel)
            self.written.append(pending.client_id)
            under_way.append(pending)
            await self.client.until(has_room)
            if self._pause:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause):
                        await self._stopping.wait()

    async def stop(self) -> None:
        """Send no more, and return when everything is acknowledged."""
        self._stopping.set()
        await self._task
        await emptied(self.client)


class Reader:
    """Tells that it has seen what it holds, whenever that has become more, until `stop`.

    Args:
        client: who reads.
        channel: what.
    """

    def __init__(self, client: Carrier, channel: ChannelState) -> None:
        self._client = client
        self._channel = channel
        self._told = 0
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        channel = self._channel
        while True:
            await self._client.until(lambda: channel.is_settled and channel.last > self._told, _LONG_SECONDS)
            self._told = channel.last
            await self._client.say(self._client.state.receipt(channel.name, seen=True))

    async def stop(self) -> None:
        """Tell no more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


async def acked(client: Carrier, count: int) -> None:
    """Wait for so many acknowledgements more."""
    goal = len(client.state.acks) + count
    await client.until(lambda: len(client.state.acks) >= goal)


async def emptied(client: Carrier) -> None:
    """Wait until everything the client sent is acknowledged."""
    await client.until(lambda: not client.state.outbox)


async def reached(client: Carrier, channel: ChannelState, seq: int) -> None:
    """Wait until the client holds the channel up to a number, and is in step with the server."""
    await client.until(lambda: channel.last >= seq and channel.is_settled)


async def closed(client: SocketClient) -> tuple[int, str]:
    """Wait for the end of the client's first line; its code and reason."""
    await client.until(lambda: bool(client.closes))
    return client.closes[0]


async def watch(agent: Carrier, talker: Talker) -> ChannelState:
    """Show the talker's conversation to the agent, and wait until both hold the same of it; as the agent has it."""
    client = talker.client
    await client.until(lambda: client.state.channel_of_start is not None)
    name = client.state.channel_of_start
    assert name is not None
    seen = await agent.show(name)
    own = client.state.channels[name]
    await client.until(lambda: own.is_settled)
    await agent.until(lambda: seen.version >= own.version)
    return seen
