"""kill -9 under load: what was acknowledged is there, once, and everybody comes to the same list."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.clients.server import ServerProcess
from tests.faults.talker import Talker, acked, watch

if TYPE_CHECKING:
    from tests.faults.conftest import Stage

_VISITORS = 5
_ROUNDS = 10
_LONG_ROUNDS = 50


async def _kill_rounds(stage: Stage, rounds: int) -> None:
    chance = random.Random(2026)
    async with ServerProcess(stage.installation) as server:
        agent = await stage.agent(server.base)
        talkers = [Talker(await stage.visitor(server.base)) for _ in range(_VISITORS)]
        talkers.append(Talker(await stage.visitor_without_socket(server.base)))
        for talker in talkers:
            await watch(agent, talker)
        for _ in range(rounds):
            await acked(talkers[0].client, chance.randint(1, 200))
            await server.kill()
            # One who comes while nobody answers, and whose first message may meet the next kill.
            arriving = asyncio.create_task(stage.visitor(server.base))
            await server.start()
            talkers.append(Talker(await arriving))
        for talker in talkers:
            await talker.stop()
        for talker in talkers:
            await watch(agent, talker)
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
