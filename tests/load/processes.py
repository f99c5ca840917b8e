"""What the processes of an installation use: processor time and resident memory, by what they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tests.bench.machine import resident_kib

_TICKS = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """Of some processes together, so far."""

    cpu_seconds: float
    resident_mib: float


def usage(roots: list[int]) -> Usage:
    """What these processes and all their descendants use, with the time of those that have ended."""
    stats = dict(_stats())
    known = set(roots)
    # Parents are listed before children only by habit: look until nobody new is found.
    while fresh := {pid for pid, (parent, _) in stats.items() if parent in known and pid not in known}:
        known |= fresh
    there = [pid for pid in known if pid in stats]
    return Usage(sum(stats[pid][1] for pid in there), sum(map(_resident, there)) / 1024)


def _stats() -> list[tuple[int, tuple[int, float]]]:
    """Every process with its parent and the processor time of it and its children that have ended."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has ended meanwhile
            fields = text.rpartition(")")[2].split()
            found.append((int(folder.name), (int(fields[1]), sum(map(int, fields[11:15])) / _TICKS)))
    return found


def _resident(pid: int) -> int:
    try:
        return resident_kib(pid)
    except OSError:
        return 0
