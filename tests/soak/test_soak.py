"""Two minutes of what `make soak` does for thirty: nobody who leaves may leave anything behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.installation import make_installation
from tests.soak.readings import Reading, growth_per_minute, last_third
from tests.soak.soak import Plan, soak

if TYPE_CHECKING:
    from pathlib import Path

# The first part goes faster, so that caches and heap have their size before the part that counts.
_PLAN = Plan(seconds=120, visitors=40, agents=4, pause=5.0, every=2.0, hurry_seconds=40, hurry=4.0)


async def test_g11_memory_files_and_tasks_stay_where_they_are_while_people_come_and_go(tmp_path: Path) -> None:
    installation = await make_installation(tmp_path / "data")
    outcome = await soak(installation, _PLAN, lambda *_: None)
    print(f"\n{outcome.growth:+.2f} MiB a minute; {outcome.deeds}; before {outcome.before}; after {outcome.after}")  # noqa: T201
    assert outcome.wrongs == []
    assert outcome.deeds.acked > 200
    assert min(outcome.deeds.cuts, outcome.deeds.tabs, outcome.deeds.opened) > 10


def reading(seconds: float, resident_mib: float) -> Reading:
    return Reading(seconds, resident_mib, files=10, tasks=10, sockets=10)


def test_growth_is_a_slope_per_minute() -> None:
    assert growth_per_minute([reading(0, 100), reading(30, 101), reading(60, 102)]) == pytest.approx(2.0)
    assert growth_per_minute([reading(0, 100), reading(30, 104), reading(60, 100)]) == pytest.approx(0.0)


def test_only_the_last_third_counts() -> None:
    readings = [reading(second, 100 + min(second, 60)) for second in range(0, 91, 10)]
    assert [each.seconds for each in last_third(readings)] == [60, 70, 80, 90]


def test_a_slope_needs_two_moments() -> None:
    with pytest.raises(ValueError, match="two moments"):
        growth_per_minute([reading(5, 100)])
