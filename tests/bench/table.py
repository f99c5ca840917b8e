"""From rounds to the tables of docs/performance.md: ratios are taken inside a round, then min / median / max."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tests.bench.record import Record

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


class Goal(NamedTuple):
    """One line that says what was to be reached, what was, and whether that is enough."""

    text: str
    reached: str
    met: bool


Found = tuple[str, list[Goal]]
"""A section of the page, and its goals."""


class Column(NamedTuple):
    """A column of a part's table: what its head says, and what it says of a case."""

    title: str
    cell: Callable[[Record, str], str]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours to theirs, round by round, from the least to the greatest."""
    return sorted(mine / other for mine, other in zip(ours, theirs, strict=True))


def spread(values: Iterable[float], form: str = ".2f") -> str:
    """``min / median / max`` of some numbers."""
    ordered = sorted(values)
    return " / ".join(format(value, form) for value in (ordered[0], statistics.median(ordered), ordered[-1]))


def spread_of(title: str, figure: str, form: str = ".2f") -> Column:
    """A column with a figure's spread."""
    return Column(title, lambda record, case: spread(record.values(case, figure), form))


def median_of(title: str, figure: str, form: str = ",.0f") -> Column:
    """A column with a figure's median."""
    return Column(title, lambda record, case: format(statistics.median(record.values(case, figure)), form))


def ratio_to(base: str, figure: str, title: str) -> Column:
    """A column with the spread of a figure's ratio to that of another case."""
    return Column(
        f"{title} to {base}",
        lambda record, case: spread(ratios(record.values(case, figure), record.values(base, figure))),
    )


def table(record: Record, first: str, columns: Sequence[Column]) -> str:
    """One row for each case."""
    lines = [
        "| " + " | ".join([first, *(column.title for column in columns)]) + " |",
        "| --- |" + " ---: |" * len(columns),
    ]
    lines += [
        "| " + " | ".join([case, *(column.cell(record, case) for column in columns)]) + " |" for case in record.cases
    ]
    return "\n".join(lines)


def section(record: Record, title: str, first: str, columns: Sequence[Column], *notes: str) -> str:
    """A part of the page: what was measured, the table, and how quiet the machine was."""
    return "\n\n".join([f"### {title}", table(record, first, columns), *notes, record.noise])


def goals_table(goals: Sequence[Goal]) -> str:
    """What was to be reached, and what was."""
    lines = ["| to reach | reached (min / median / max) | met |", "| --- | --- | --- |"]
    lines += [f"| {goal.text} | {goal.reached} | {'yes' if goal.met else '**no**'} |" for goal in goals]
    return "\n".join(lines)


def at_most(text: str, values: Sequence[float], limit: float, form: str = ".2f") -> Goal:
    """A goal that the median must not exceed."""
    return Goal(text, spread(values, form), statistics.median(values) <= limit)


def at_least(text: str, values: Sequence[float], limit: float, form: str = ".1f") -> Goal:
    """A goal that the median must reach."""
    return Goal(text, spread(values, form), statistics.median(values) >= limit)


def write_between_marks(page: Path, measured: str) -> None:
    """Put the measured part into the page; what people wrote around it stays.

    Raises:
        ValueError: the page has lost its marks.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}", encoding="utf-8")
