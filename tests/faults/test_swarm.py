"""A crowd of visitors with the client that pages are sent, all cut off at once: they come back in no burst (G16)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.clients.installation import SITE_KEY, SITE_ORIGIN
from tests.faults.checker import judge
from tests.faults.record import record
from tests.faults.stored import read_store
from tests.faults.swarm import Swarm, build_swarm, busiest, now_ms
from tests.proxy import TcpProxy
from widget_server.ops.start import allow_open_files

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.cluster import Cluster
    from tests.faults.stage import Stage
    from tests.faults.stored import Stored
    from tests.faults.swarm import Report

    Step = Callable[[Cluster, TcpProxy], Awaitable[None]]

_FEW = 300
_MANY = 2000
_BACK_SECONDS = 45.0
"""Within which all are back, once the server can be reached."""


async def _kill(cluster: Cluster, _line: TcpProxy) -> None:
    await cluster.kill()


async def _start(cluster: Cluster, _line: TcpProxy) -> None:
    await cluster.start()


async def _cut(_cluster: Cluster, line: TcpProxy) -> None:
    line.cut()


async def _nothing(_cluster: Cluster, _line: TcpProxy) -> None:
    """A line that was cut can be laid again at once."""


async def _cut_off(stage: Stage, folder: Path, count: int, case: str, begin: Step, end: Step) -> None:
    program = await build_swarm(folder)
    allow_open_files()
    async with (
        stage.serve() as cluster,
        TcpProxy(cluster.nodes[0].port) as line,
        Swarm(program, f"http://127.0.0.1:{line.port}", SITE_KEY, SITE_ORIGIN, count) as swarm,
    ):
        await swarm.connect()
        await swarm.settled(count)
        await swarm.say("before")
        await swarm.settled(count)
        await swarm.say("meanwhile")
        began = now_ms()
        await begin(cluster, line)
        await swarm.say("away")
        await end(cluster, line)
        ended = now_ms()
        await swarm.settled(count, _BACK_SECONDS)
        report = await swarm.report()
        store = await asyncio.to_thread(read_store, stage.installation)
        verdict = await asyncio.to_thread(judge, stage.installation, report.deeds(), ())
        verdict = verdict._replace(differing=_differing(report, store))
        tries = [moment for moment in report.tries if moment >= began]
        record(
            f"{count} visitors {case}",
            verdict,
            backend=stage.backend.kind,
            nodes=stage.backend.nodes,
            clients=count,
            fault_ms=ended - began,
            back_ms=report.back_ms(began),
            tries=len(tries),
            tries_per_second=busiest(tries),
            lines_per_second=busiest(moment for moment in report.opened if moment >= began),
            tries_without_socket=report.without_socket,
        )
    assert verdict.clean, verdict
    assert verdict.sent == verdict.acked == verdict.stored == 3 * count, verdict
    assert len(tries) >= count
    # Within a second one try each, and another of those whose first came early: never the same crowd again and again.
    assert busiest(tries) < 2 * count


def _differing(report: Report, store: Stored) -> int:
    """How many visitors hold another conversation than the store, or have more than one there."""
    by_message = {row.client_id: name for name, rows in store.messages.items() for row in rows}
    differing = 0
    for visitor in report.visitors:
        names = {by_message.get(message, "") for message in visitor["written"]}
        stored = [row.body for name in names for row in store.messages.get(name, [])]
        differing += len(names) != 1 or visitor["held"] != stored
    return differing


async def test_a_crowd_comes_back_after_a_kill_and_nothing_is_lost_or_doubled(stage: Stage, tmp_path: Path) -> None:
    await _cut_off(stage, tmp_path, _FEW, "after a kill", _kill, _start)


async def test_g16_a_crowd_that_is_cut_off_comes_back_one_by_one(stage: Stage, tmp_path: Path) -> None:
    await _cut_off(stage, tmp_path, _FEW, "after a cut", _cut, _nothing)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_two_thousand_come_back_after_a_kill(stage: Stage, tmp_path: Path) -> None:
    await _cut_off(stage, tmp_path, _MANY, "after a kill", _kill, _start)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_two_thousand_that_are_cut_off_come_back(stage: Stage, tmp_path: Path) -> None:
    await _cut_off(stage, tmp_path, _MANY, "after a cut", _cut, _nothing)
