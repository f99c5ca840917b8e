"""kill -9 under load: what was acknowledged is there, once, and everybody comes to the same list."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.clients.server import ServerProcess

if TYPE_CHECKING:
    from tests.clients.socket import SocketClient
    from tests.faults.conftest import Stage

_VISITORS = 5
_UNDER_WAY = 4
_ROUNDS = 10
_LONG_ROUNDS = 50


class _Talker:
    """A visitor who goes on sending, `_UNDER_WAY` messages at a time, whatever happens to the server."""

    def __init__(self, client: SocketClient) -> None:
        self.client = client
        self._stopping = False
        self._task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        number = 0
        state = self.client.state
        while not self._stopping:
            number += 1
            await self.client.send(f"message {number}")
            await self.client.until(lambda: len(state.outbox) < _UNDER_WAY)

    async def stop(self) -> None:
        """Send no more, and return when everything is acknowledged."""
        self._stopping = True
        await self._task
        await self.client.until(lambda: not self.client.state.outbox)


async def _acked(client: SocketClient, count: int) -> None:
    """Wait for so many acknowledgements more."""
    goal = len(client.state.acks) + count
    await client.until(lambda: len(client.state.acks) >= goal)


async def _watch(agent: SocketClient, talker: _Talker) -> None:
    """Show the talker's conversation to the agent, and wait until both hold the same of it."""
    client = talker.client
    await client.until(lambda: client.state.channel_of_start is not None)
    name = client.state.channel_of_start
    assert name is not None
    seen = await agent.show(name)
    own = client.state.channels[name]
    await client.until(lambda: own.synced)
    await agent.until(lambda: seen.version >= own.version)


async def _kill_rounds(stage: Stage, rounds: int) -> None:
    chance = random.Random(2026)
    async with ServerProcess(stage.installation) as server:
        agent = await stage.agent(server.base)
        talkers = [_Talker(await stage.visitor(server.base)) for _ in range(_VISITORS)]
        for talker in talkers:
            await _watch(agent, talker)
        for _ in range(rounds):
            await _acked(talkers[0].client, chance.randint(1, 200))
            await server.kill()
            # One who comes while nobody answers, and whose first message may meet the next kill.
            arriving = asyncio.create_task(stage.visitor(server.base))
            await server.start()
            talkers.append(_Talker(await arriving))
        for talker in talkers:
            await talker.stop()
        for talker in talkers:
            await _watch(agent, talker)
        verdict = stage.verdict()
    print(f"\n{rounds} kills: {verdict}")  # noqa: T201 - the figures are what the loop is run for
    assert verdict.clean
    assert verdict.sent == verdict.acked == verdict.stored


@pytest.mark.timeout(300)
async def test_ten_kills_under_load_lose_and_double_nothing(stage: Stage) -> None:
    await _kill_rounds(stage, _ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_fifty_kills_under_load_lose_and_double_nothing(stage: Stage) -> None:
    await _kill_rounds(stage, int(os.environ.get("KILL_ROUNDS", _LONG_ROUNDS)))
