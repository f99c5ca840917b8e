"""What a server's process holds, read while it works, and how that moves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.machine import resident_kib

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiohttp


class Reading(NamedTuple):
    """The process at one moment."""

    seconds: float
    """Since the churn began."""
    resident_mib: float
    files: int
    tasks: int
    sockets: int


async def read(session: aiohttp.ClientSession, internal: str, pid: int, seconds: float) -> Reading:
    """Read the process ``pid`` and its own measures.

    Args:
        session: to ask with.
        internal: ``http://host:port`` of its internal listener.
        pid: the process.
        seconds: to note in the reading.
    """
    async with session.get(f"{internal}/metrics") as response:
        measures = await response.text()
    return Reading(
        seconds=seconds,
        resident_mib=resident_kib(pid) / 1024,
        files=_count_files(pid),
        tasks=_sum_of(measures, "widget_tasks"),
        sockets=_sum_of(measures, "widget_sockets"),
    )


def last_third(readings: Sequence[Reading]) -> list[Reading]:
    """The readings of the last third of the time."""
    begin = readings[0].seconds + (readings[-1].seconds - readings[0].seconds) * 2 / 3
    return [reading for reading in readings if reading.seconds >= begin]


def growth_per_minute(readings: Sequence[Reading]) -> float:
    """MiB of resident memory per minute: the slope of the straight line with the least squares (G11).

    Raises:
        ValueError: fewer than two moments.
    """
    if len({reading.seconds for reading in readings}) < 2:
        raise ValueError("a slope needs two moments")
    count = len(readings)
    mean_time = sum(reading.seconds for reading in readings) / count
    mean_size = sum(reading.resident_mib for reading in readings) / count
    together = sum((reading.seconds - mean_time) * (reading.resident_mib - mean_size) for reading in readings)
    return 60 * together / sum((reading.seconds - mean_time) ** 2 for reading in readings)


def _count_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _sum_of(measures: str, name: str) -> int:
    """The sum over all labels of one measure."""
    return int(sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", measures, flags=re.MULTILINE)))
