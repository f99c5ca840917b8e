"""What every part of the measurement works with: rounds, the machine's load, and where the figures are kept."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from tests.bench import machine
from tests.bench.record import NOISY, Record, Row
from tests.bench.served import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping

    from tests.bench.table import Found

RESULTS = ROOT / "build" / "bench"
"""One file for each part, of the last time it was measured."""
_LOOK_SECONDS = 0.5


class Part(NamedTuple):
    """A part of the measurement: how it is measured, and how its record is told."""

    name: str
    measure: Callable[[Bench], Coroutine[None, None, None]]
    tell: Callable[[Record], Found]


class Bench:
    """One part's run.

    Args:
        part: its name.
        rounds: how often each case is measured.
        scale: what every length of time is multiplied by.
    """

    def __init__(self, part: str, *, rounds: int, scale: float = 1.0) -> None:
        self.part = part
        self.count = rounds
        self.scale = scale
        self.record = Record(result_path(part), _facts(rounds))
        self._begin = time.perf_counter()
        self._turn = 0

    async def rounds(self) -> AsyncIterator[int]:
        """The numbers of the rounds; before each, how busy others keep the machine is told."""
        for turn in range(self.count):
            self._turn = turn
            watch = machine.Watch()
            time.sleep(_LOOK_SECONDS)  # noqa: ASYNC251 - nothing else is to run while the machine is looked at
            others = watch.others()
            self._say(f"round {turn + 1}/{self.count}: others use {others:.0%} of the machine{_marked(others)}")
            yield turn

    async def case(self, name: str, work: Awaitable[Mapping[str, float]]) -> None:
        """Measure one case of this round, keep its figures, and tell them to the person who waits."""
        watch = machine.Watch()
        figures = await work
        others = watch.others()
        self.record.keep(Row(self._turn, name, figures, others))
        shown = "  ".join(f"{figure} {value:,.2f}" for figure, value in figures.items())
        self._say(f"  {name}: {shown}  (others {others:.0%}{_marked(others)})")

    def _say(self, text: str) -> None:
        click.echo(f"{time.perf_counter() - self._begin:5.0f} s  {self.part}  {text}")


def result_path(part: str) -> Path:
    """Where a part's figures are kept."""
    return RESULTS / f"{part}.json"


@contextmanager
def fresh_folder() -> Generator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _marked(others: float) -> str:
    return ", NOISY" if others >= NOISY else ""


def _facts(rounds: int) -> dict[str, str | int]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": rounds,
        "machine": machine.describe(),
        "versions": machine.versions(),
    }
