"""The load tool against a real server: small, short, and every message checked."""

from __future__ import annotations

import pytest

from tests.load.setups import SETUPS, installed
from tests.load.step import Plan, run_step

_PLAN = Plan(
    connections=22,
    seconds=4.0,
    pace=0.5,
    stay=2.0,
    away=0.3,
    talks_per_agent=10,
    connects_per_second=100.0,
    generators=2,
    seed=3,
)


@pytest.mark.parametrize("setup", SETUPS)
async def test_everything_that_is_scheduled_arrives_once_and_in_order(setup: str) -> None:
    told: list[str] = []
    async with installed(setup) as target:
        result = await run_step(target, _PLAN, told.append)
    tally = result.tally
    assert (tally["lost"], tally["doubled"], tally["disordered"], tally["failed"]) == (0, 0, 0, 0)
    assert tally["sent"] == tally["acked"] == tally["delivered"] > 100
    assert tally["returns"] > 5
    assert tally["typing"] > 20
    assert result.connections == 22
    assert result.cpu["node"] > 0
    assert any("delivered" in line for line in told)
