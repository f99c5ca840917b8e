"""One step: so many connections on one installation, for some time."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tests.bench import machine
from tests.load.crowd import Task
from tests.load.histogram import Histogram
from tests.load.talk import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

_LINE_BYTES = 1 << 20
_HISTOGRAMS = ("acks", "deliveries", "returns", "lag")
_SEEDS_APART = 1000


class Target(NamedTuple):
    """A running installation. ``processes`` has the ids of what runs here, by what it is; empty for one elsewhere."""

    name: str
    nodes: list[tuple[str, int]]
    site_key: str
    site_origin: str
    own_origin: str
    cookie: str
    tls: bool
    processes: dict[str, list[int]]


@dataclass(frozen=True)
class Plan:
    """How much load, and what people do; see the options of the command."""

    connections: int
    seconds: float
    pace: float
    stay: float
    away: float
    talks_per_agent: int
    connects_per_second: float
    generators: int
    seed: int

    @property
    def talks(self) -> int:
        """Conversations, so that visitors and agents together make the connections."""
        return max(1, round(self.connections * self.talks_per_agent / (self.talks_per_agent + 1)))


@dataclass
class Seen:
    """What the generators have seen so far, all together."""

    tally: Tally = field(default_factory=Tally)
    acks: Histogram = field(default_factory=Histogram)
    deliveries: Histogram = field(default_factory=Histogram)
    returns: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)


@dataclass
class Result:
    """What one step showed. Times in ms; ``cpu`` is the share of one processor, by what used it."""

    setup: str
    nodes: int
    connections: int
    offered: float
    """Messages a second that the schedule holds."""
    delivered: float
    """Messages a second that reached the other side while the schedule ran."""
    ack_p50: float
    ack_p99: float
    p50: float
    """From the moment a message was to be sent until the other side had it."""
    p99: float
    return_p50: float
    return_p99: float
    lag_p99: float
    """How late the generator itself was."""
    others: float
    """How much of the machine was used by what has nothing to do with it, 0 to 1."""
    cpu: dict[str, float]
    resident_mib: float
    """Of all nodes, when everybody was in; 0 where they are elsewhere."""
    kib_each: float
    """Resident memory of the nodes for each connection."""
    tally: dict[str, int]

    @property
    def is_late(self) -> bool:
        """Whether the generator was too late for its latencies to be the server's."""
        return self.lag_p99 > max(5.0, self.p99 / 5)


async def run_step(target: Target, plan: Plan, tell: Callable[[str], None]) -> Result:
    """Bring everybody in, let them do what their schedules say, and return what was seen.

    Args:
        target: a running installation.
        plan: how much.
        tell: called with one line of progress now and then.

    Raises:
        RuntimeError: a generator ended; the text is what it said.
    """
    empty = _resident_kib(target)
    async with AsyncExitStack() as exits:
        generators = [
            await exits.enter_async_context(_generator(target, plan, number)) for number in range(plan.generators)
        ]
        tell(f"{target.name}: {plan.connections} connections are coming")
        came = await asyncio.gather(*(generator.until("in") for generator in generators))
        resident, watch = _resident_kib(target), machine.Watch()
        before, begin = _cpu_ns(target), time.monotonic()
        # One of them sets the pace of telling, for all.
        generators[0].told = lambda: tell(_progress(target, plan, [each.last for each in generators if each.last]))
        for generator in generators:
            generator.go()
        done = await asyncio.gather(*(generator.until("done") for generator in generators))
        after, seconds = _cpu_ns(target), time.monotonic() - begin
        others = watch.others()
    seen = _together(done)
    connections = sum(line["connections"] for line in came)
    return Result(
        setup=target.name,
        nodes=len(target.nodes),
        connections=connections,
        offered=sum(line["offered"] for line in came),
        delivered=sum(line["delivered_per_second"] for line in done),
        ack_p50=seen.acks.percentile(0.5) * 1000,
        ack_p99=seen.acks.percentile(0.99) * 1000,
        p50=seen.deliveries.percentile(0.5) * 1000,
        p99=seen.deliveries.percentile(0.99) * 1000,
        return_p50=seen.returns.percentile(0.5) * 1000,
        return_p99=seen.returns.percentile(0.99) * 1000,
        lag_p99=seen.lag.percentile(0.99) * 1000,
        others=others,
        cpu={name: (after[name] - before[name]) / 1e9 / seconds for name in after},
        resident_mib=resident / 1024,
        kib_each=(resident - empty) / connections,
        tally=seen.tally.as_json(),
    )


def _cpu_ns(target: Target) -> dict[str, int]:
    """Processor time so far, by what used it."""
    return {name: sum(map(machine.tree_cpu_ns, pids)) for name, pids in target.processes.items()}


def _resident_kib(target: Target) -> int:
    """Resident memory of all nodes."""
    return sum(map(machine.resident_kib, target.processes.get("node", [])))


def _together(lines: list[dict[str, Any]]) -> Seen:
    seen = Seen()
    for line in lines:
        seen.tally.add(Tally(**line["tally"]))
        for name in _HISTOGRAMS:
            getattr(seen, name).merge(Histogram(dict(line[name])))
    return seen


def _progress(target: Target, plan: Plan, lines: list[dict[str, Any]]) -> str:
    seen = _together(lines)
    return (
        f"{target.name}: {plan.connections} connections  {lines[0]['seconds']:3.0f} of {plan.seconds:.0f} s"
        f"  {seen.tally.delivered} delivered  p50 {seen.deliveries.percentile(0.5) * 1000:.1f} ms"
        f"  p99 {seen.deliveries.percentile(0.99) * 1000:.1f} ms  {seen.tally.returns} returns"
    )


class Generator:
    """A generator's process, as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.last: dict[str, Any] = {}
        """The newest line of progress."""
        self.told: Callable[[], None] = _nobody
        """Called with every line of progress."""

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")

    async def until(self, kind: str) -> dict[str, Any]:
        """Read up to a line of this kind, and return it.

        Raises:
            RuntimeError: it ended before.
        """
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line: dict[str, Any] = orjson.loads(raw)
            if line["t"] == kind:
                return line
            self.last = line
            self.told()
        raise RuntimeError("a generator ended; what it said stands above")


@asynccontextmanager
async def _generator(target: Target, plan: Plan, number: int) -> AsyncGenerator[Generator]:
    first = plan.talks * number // plan.generators
    task = Task(
        nodes=target.nodes,
        tls=target.tls,
        site_key=target.site_key,
        site_origin=target.site_origin,
        own_origin=target.own_origin,
        cookie=target.cookie,
        talks=plan.talks * (number + 1) // plan.generators - first,
        first_talk=first,
        talks_per_agent=plan.talks_per_agent,
        connects_per_second=plan.connects_per_second / plan.generators,
        seconds=plan.seconds,
        pace=plan.pace,
        stay=plan.stay,
        away=plan.away,
        seed=plan.seed * _SEEDS_APART + number,
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.generator"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(asdict(task)) + b"\n")
    try:
        yield Generator(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _nobody() -> None:
    """Nobody wants to know."""
