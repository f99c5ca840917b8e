"""A Redis that restarts, stops, hangs, forgets, hangs up or cannot be reached: only later, and never long (G13)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.faults.load import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster import Cluster
    from tests.engines.redis import Redis
    from tests.faults.conftest import OnBroker

_CROSSING_MS = 2_000
"""Longest time from one node to the other while the broker is away (G13)."""
_MESSAGES = 30


class _Fault(NamedTuple):
    """How it begins and how it ends; nothing ends what is over at once."""

    begin: Callable[[Redis, Cluster], object]
    end: Callable[[Redis, Cluster], object] | None = None
    is_seen: bool = False
    """Whether a node must tell that it has lost the broker."""


def _restart(broker: Redis, _: Cluster) -> None:
    broker.stop()
    broker.start()


def _part(_: Redis, cluster: Cluster) -> None:
    assert cluster.broker_line is not None
    cluster.broker_line.swallow()


def _join(_: Redis, cluster: Cluster) -> None:
    assert cluster.broker_line is not None
    cluster.broker_line.cut()
    cluster.broker_line.flow()


_FAULTS = {
    "restarted": _Fault(_restart),
    "its listeners cut": _Fault(lambda broker, _: broker.kill_listeners()),
    "emptied": _Fault(lambda broker, _: broker.flush()),
    "stopped": _Fault(lambda broker, _: broker.stop(), lambda broker, _: broker.start(), is_seen=True),
    "paused": _Fault(lambda broker, _: broker.pause(), lambda broker, _: broker.resume(), is_seen=True),
    "out of one node's reach": _Fault(_part, _join, is_seen=True),
}
_IN_LOOP = {"out of one node's reach"}
"""Lines live on the test's own loop, engines block it."""


@pytest.mark.parametrize("how", _FAULTS)
async def test_g13_a_broker_that_fails_costs_nothing_but_time(on_broker: OnBroker, how: str) -> None:
    stage, broker = on_broker
    fault = _FAULTS[how]

    async def do(work: Callable[[Redis, Cluster], object]) -> None:
        if how in _IN_LOOP:
            work(broker, cluster)
        else:
            await asyncio.to_thread(work, broker, cluster)

    async with stage.serve(lines=True) as cluster:
        load = Load(stage)
        await load.begin(cluster.for_visitors, cluster.for_agents)
        await load.runs()
        stage.times.begin()
        await do(fault.begin)
        await load.runs(_MESSAGES)
        if fault.is_seen:
            await cluster.ready(cluster.nodes[:1], status="degraded")
            await load.runs(_MESSAGES)
        if fault.end is not None:
            await do(fault.end)
        stage.times.end()
        recovered = await load.recovered(stage.times.ended)
        await cluster.ready()
        await load.runs()
        await load.end()
        await stage.conclude(f"Redis {how}", recovered)
    # The median says whether it is by design; single ones wait for a busy machine.
    during = stage.times.of_phase("during", stage.times.held)
    assert during[len(during) // 2] <= _CROSSING_MS
    assert sum(stage.times.refusals.values()) == 0
