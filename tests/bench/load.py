"""The two regimes: as fast as it goes, and a steady pace."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.bench.pairs import CheckFailed, Pair

if TYPE_CHECKING:
    from collections.abc import Coroutine

PAIRS = 50
IN_FLIGHT = 4
PACE_PER_SECOND = 400
_WARM_UP_SECONDS = 0.5
_PATIENCE_SECONDS = 60.0


@dataclass
class Figures:
    """What one run of one regime gave. Times in µs of the server's processor, or ms from sending until done."""

    messages: int
    seconds: float
    cpu_us: float
    per_second: float
    busy: float
    p50_ms: float
    p99_ms: float


CpuNs = Callable[[], int]
"""Processor time that the servers under measurement have used so far, in ns."""
Drive = Callable[[list[Pair], CpuNs, float], Awaitable[Figures]]


async def saturated(pairs: list[Pair], cpu_ns: CpuNs, seconds: float) -> Figures:
    """Every pair keeps `IN_FLIGHT` messages under way for ``seconds``."""
    await _or_failure(_drive_freely(pairs, _WARM_UP_SECONDS), pairs)
    return await _measure(pairs, cpu_ns, _drive_freely(pairs, seconds))


async def paced(pairs: list[Pair], cpu_ns: CpuNs, seconds: float) -> Figures:
    """All pairs together send `PACE_PER_SECOND` messages a second, in turn, for ``seconds``."""
    await _or_failure(_drive_steadily(pairs, _WARM_UP_SECONDS), pairs)
    return await _measure(pairs, cpu_ns, _drive_steadily(pairs, seconds))


async def _drive_freely(pairs: list[Pair], seconds: float) -> None:
    for pair in pairs:
        pair.run_freely(IN_FLIGHT)
    await asyncio.sleep(seconds)
    await asyncio.gather(*(pair.stop() for pair in pairs))


async def _drive_steadily(pairs: list[Pair], seconds: float) -> None:
    for pair in pairs:
        pair.run_on_demand()
    begin = time.perf_counter()
    for turn in range(int(seconds * PACE_PER_SECOND)):
        wait = begin + turn / PACE_PER_SECOND - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        pairs[turn % len(pairs)].owe()
    await asyncio.sleep(1 / PACE_PER_SECOND)
    await asyncio.gather(*(pair.stop() for pair in pairs))


async def _measure(pairs: list[Pair], cpu_ns: CpuNs, drive: Coroutine[None, None, None]) -> Figures:
    for pair in pairs:
        pair.latencies_ns.clear()
    before_messages = sum(pair.sent for pair in pairs)
    gc.collect()
    gc.disable()
    begin_cpu, begin = cpu_ns(), time.perf_counter()
    try:
        await _or_failure(drive, pairs)
    finally:
        gc.enable()
    seconds, cpu = time.perf_counter() - begin, cpu_ns() - begin_cpu
    messages = sum(pair.sent for pair in pairs) - before_messages
    latencies = [latency for pair in pairs for latency in pair.latencies_ns]
    if len(latencies) != messages:
        raise CheckFailed(f"{messages} sent, {len(latencies)} done")
    cuts = statistics.quantiles(latencies, n=100)
    return Figures(
        messages=messages,
        seconds=seconds,
        cpu_us=cpu / 1000 / messages,
        per_second=messages / seconds,
        busy=cpu / 1e9 / seconds,
        p50_ms=cuts[49] / 1e6,
        p99_ms=cuts[98] / 1e6,
    )


async def _or_failure(drive: Coroutine[None, None, None], pairs: list[Pair]) -> None:
    """Run ``drive`` to its end, or raise what a socket's check found, or that a socket was closed."""
    loop = asyncio.get_running_loop()
    failure: asyncio.Future[None] = loop.create_future()

    def fail(why: BaseException) -> None:
        if not failure.done():
            failure.set_exception(why)

    def take(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fail(context.get("exception") or CheckFailed(context["message"]))

    def take_close(closed: asyncio.Future[int]) -> None:
        fail(CheckFailed(f"the server closed a socket with {closed.result()}"))

    loop.set_exception_handler(take)
    endpoints = [endpoint for pair in pairs for endpoint in (pair.visitor, pair.agent)]
    for endpoint in endpoints:
        endpoint.closed.add_done_callback(take_close)
    driving = asyncio.ensure_future(drive)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.wait({driving, failure}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for endpoint in endpoints:
            endpoint.closed.remove_done_callback(take_close)
        loop.set_exception_handler(None)
        if not driving.done():
            driving.cancel()
    if failure.done():
        failure.result()
    driving.result()
