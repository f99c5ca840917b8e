"""One run: a server of its own, churn for some time, readings all along, and what remains when everybody has left."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.bench.served import free_port
from tests.clients.server import ServerProcess
from tests.soak.churn import Churn, Deeds
from tests.soak.readings import Reading, growth_per_minute, last_third, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.installation import Installation

LIMIT_MIB_PER_MINUTE = 1.0
"""Guarantee G11."""
_SPARE_FILES = 8
"""The store opens readers when there is need of them, and keeps them."""
_SETTLED_SECONDS = 60.0
_POLL_SECONDS = 0.1


class Plan(NamedTuple):
    """How much churn, and for how long.

    ``hurry_seconds`` of the beginning go at ``hurry`` times the pace: caches and heap reach their size sooner.
    """

    seconds: float
    visitors: int
    agents: int
    pause: float
    every: float
    hurry_seconds: float = 0.0
    hurry: float = 1.0
    seed: int = 1


class Outcome(NamedTuple):
    """What a run showed."""

    readings: list[Reading]
    before: Reading
    """With one visitor gone again, before the churn."""
    after: Reading
    """When everybody had left."""
    deeds: Deeds
    stored: int
    violations: list[str]

    @property
    def growth(self) -> float:
        """MiB a minute over the last third."""
        return growth_per_minute(last_third(self.readings))

    @property
    def wrongs(self) -> list[str]:
        """Everything that must not be, in words."""
        found = list(self.violations)
        if self.growth > LIMIT_MIB_PER_MINUTE:
            found.append(f"resident memory grows by {self.growth:.2f} MiB a minute")
        if self.after.files > self.before.files + _SPARE_FILES:
            found.append(f"{self.before.files} files were open before, {self.after.files} are after everybody left")
        if self.after.tasks > self.before.tasks:
            found.append(f"{self.before.tasks} tasks ran before, {self.after.tasks} run after everybody left")
        if self.lost:
            found.append(f"{self.deeds.acked} messages were acknowledged, {self.stored} are stored")
        return found

    @property
    def lost(self) -> int:
        """Messages that were acknowledged and are not stored."""
        return self.deeds.acked - self.stored


async def soak(installation: Installation, plan: Plan, tell: Callable[[Reading, Deeds], None]) -> Outcome:
    """Run ``plan`` on a fresh server and return what it showed.

    Args:
        installation: a fresh one on SQLite.
        plan: how much and how long.
        tell: called with every reading.
    """
    internal_port = free_port()
    internal = f"http://127.0.0.1:{internal_port}"
    async with (
        ServerProcess(installation, internal_port=internal_port) as server,
        aiohttp.ClientSession() as visitors_http,
        aiohttp.ClientSession(headers={"Cookie": installation.cookie}) as agents_http,
        aiohttp.ClientSession() as measuring,
    ):
        begin = time.monotonic()

        async def reading() -> Reading:
            return await read(measuring, internal, server.pid, time.monotonic() - begin)

        async def at_rest() -> Reading:
            async with asyncio.timeout(_SETTLED_SECONDS):
                # Another process' state: there is nothing to wait on but its next measure.
                while (found := await reading()).sockets:  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_SECONDS)
            return found

        chance = random.Random(plan.seed)
        churn = Churn(visitors_http, agents_http, server.base, chance, pause=plan.pause / plan.hurry)
        await churn.visit_once()
        before = await at_rest()
        living = asyncio.create_task(churn.run(plan.visitors, plan.agents))
        begin = time.monotonic()
        readings: list[Reading] = []
        while (passed := time.monotonic() - begin) < plan.seconds and not living.done():
            if passed >= plan.hurry_seconds:
                churn.pause = plan.pause
            readings.append(await reading())
            tell(readings[-1], churn.deeds)
            await asyncio.wait({living}, timeout=plan.every)
        churn.stop()
        await living
        after = await at_rest()
        stored = _count_stored(installation)
    return Outcome(readings, before, after, churn.deeds, stored, churn.violations)


def _count_stored(installation: Installation) -> int:
    path = installation.data_dir / "widget.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM message WHERE kind = 'text'").fetchone()[0])
