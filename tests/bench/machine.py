"""What the measurement asks of the machine: pinned processors, exact processor time, resident memory, open files."""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import sys
import time
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LOAD_CPU = 0
SERVER_CPU = 1

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
"""What the kernel counts in where it does not count in ns."""

_VERSIONS = (
    "aiohttp",
    "uvloop",
    "aiosqlite",
    "asyncpg",
    "redis",
    "orjson",
    "pydantic",
    "sqlalchemy",
    "python-socketio",
    "flask-socketio",
    "flask-sqlalchemy",
)


CAN_PIN = {LOAD_CPU, SERVER_CPU} <= os.sched_getaffinity(0)
"""Whether load and server can each have a processor of their own."""


def pin(cpu: int) -> None:
    """Bind this process, and every thread and child it starts from now on, to one processor, where there are two."""
    if CAN_PIN:
        os.sched_setaffinity(0, {cpu})


@contextmanager
def anywhere() -> Generator[None]:
    """Let what is started meanwhile run on any processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_ns(pid: int) -> int:
    """User and system time in ns that the process has used so far, over all its threads, also those that ended.

    The number of the clock is made of the process's id as Linux' `clock_getcpuclockid` does.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def tree_cpu_ns(pid: int) -> int:
    """Like `cpu_ns`, of a process with everything it has started, also what has ended (that to 10 ms)."""
    parents: dict[int, list[int]] = {}
    reaped: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            reaped[int(entry.name)] = (int(fields[13]) + int(fields[14])) * _TICK_NS
    total, waiting = 0, [pid]
    while waiting:
        each = waiting.pop()
        waiting += parents.get(each, [])
        total += reaped.get(each, 0)
        with suppress(OSError):  # it has just ended, and is in its parent's next sum
            total += cpu_ns(each)
    return total


def _stat(pid: int) -> list[str]:
    """The fields of a process from its state on, or none where it has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


class Watch:
    """How much of the machine others use (and the host takes), while something of ours is measured."""

    def __init__(self) -> None:
        self._begin = self._now()

    def others(self) -> float:
        """Their share of all processors since the watch was made, 0 to 1."""
        begin, end = self._begin, self._now()
        possible = (end[0] - begin[0]) * (os.cpu_count() or 1)
        return max(0.0, (end[1] - begin[1]) - (end[2] - begin[2])) / possible

    @staticmethod
    def _now() -> tuple[int, int, int]:
        """Time, the machine's busy time, and ours, in ns."""
        first_line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
        user, nice, system, _idle, _io, irq, soft_irq, steal = (int(field) for field in first_line.split()[1:9])
        busy = (user + nice + system + irq + soft_irq + steal) * _TICK_NS
        return time.perf_counter_ns(), busy, tree_cpu_ns(os.getpid())


def resident_kib(pid: int) -> int:
    """Resident memory of a process in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def allow_files(count: int) -> int:
    """Raise the limit of open files, for children too, to ``count`` as far as that is allowed; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def describe() -> str:
    """One line about the machine."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = " ".join(line.partition(":")[2].split())
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB, Linux {platform.release()}"


def versions() -> str:
    """One line about the versions that were measured."""
    found = [f"Python {sys.version.split()[0]}", f"SQLite {sqlite3.sqlite_version}"]
    for name in _VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return ", ".join(found)
