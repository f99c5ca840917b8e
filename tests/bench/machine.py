"""What the measurement asks of the machine: pinned processors, exact processor time, resident memory, open files."""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LOAD_CPU = 0
SERVER_CPU = 1

_VERSIONS = (
    "aiohttp",
    "uvloop",
    "aiosqlite",
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


def cpu_ns(pid: int) -> int:
    """User and system time in ns that the process has used so far, over all its threads, also those that ended.

    The number of the clock is made of the process's id as Linux' `clock_getcpuclockid` does.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


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
