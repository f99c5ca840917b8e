"""kill -9 under load: what was acknowledged is there, once, and everybody comes to the same list."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.faults.talker import Talker, acked, watch

if TYPE_CHECKING:
    from tests.faults.stage import Stage

_VISITORS = 5
_PAUSE_SECONDS = 0.01
_MOST_BETWEEN = 60
_ROUNDS = 10
_LONG_ROUNDS = 50
_SEED = 2026


async def _kill_rounds(stage: Stage, rounds: int) -> None:
    chance = random.Random(_SEED)
    recovered: list[float] = []
    times = stage.times
    async with stage.serve() as cluster:
        agent = await stage.agent(cluster.for_agents)
        talkers = [Talker(await stage.visitor(cluster.for_visitors), pause=_PAUSE_SECONDS) for _ in range(_VISITORS)]
        talkers.append(Talker(await stage.visitor_without_socket(cluster.for_visitors), pause=_PAUSE_SECONDS))
        for talker in talkers:
            await watch(agent, talker)
        for _ in range(rounds):
            await acked(talkers[0].client, chance.randint(1, _MOST_BETWEEN))
            # One node or the other, or both at once.
            victims = chance.sample(range(stage.backend.nodes), chance.randint(1, stage.backend.nodes))
            times.begin()
            await cluster.kill(*victims)
            # One who comes while nobody answers, and whose first message may meet the next kill.
            arriving = asyncio.create_task(stage.visitor(cluster.for_visitors))
            await cluster.start(*victims)
            times.end()
            talkers.append(Talker(await arriving, pause=_PAUSE_SECONDS))
            await times.until(lambda: all(_has_recovered(stage, talker) for talker in talkers[:_VISITORS]))
            recovered += [
                wait for talker in talkers[:_VISITORS] if (wait := times.recovered_ms(times.began, talker.written))
            ]
        for talker in talkers:
            await talker.stop()
        for talker in talkers:
            await watch(agent, talker)
        await stage.conclude(f"killed {rounds} times", recovered, seed=_SEED)


def _has_recovered(stage: Stage, talker: Talker) -> bool:
    return stage.times.recovered_ms(stage.times.began, talker.written) is not None


@pytest.mark.everywhere
async def test_g02_ten_kills_under_load_lose_and_double_nothing_and_leave_nothing_half(stage: Stage) -> None:
    await _kill_rounds(stage, _ROUNDS)


@pytest.mark.everywhere
@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_g02_fifty_kills_under_load_lose_and_double_nothing_and_leave_nothing_half(stage: Stage) -> None:
    await _kill_rounds(stage, int(os.environ.get("KILL_ROUNDS", _LONG_ROUNDS)))
