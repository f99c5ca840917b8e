"""From rounds to the tables of docs/performance.md: ratios are taken inside a round, then min / median / max."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tests.bench.load import Figures

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


class Goal(NamedTuple):
    """One line that says what was to be reached, what was, and whether that is enough."""

    text: str
    reached: str
    met: bool


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours to theirs, round by round, from the least to the greatest."""
    return sorted(mine / other for mine, other in zip(ours, theirs, strict=True))


def spread(values: Iterable[float], form: str = ".2f") -> str:
    """``min / median / max`` of some numbers."""
    ordered = sorted(values)
    return " / ".join(format(value, form) for value in (ordered[0], statistics.median(ordered), ordered[-1]))


def figures_table(runs: dict[str, list[Figures]], base: str) -> str:
    """One row for each server, with the ratio of its processor time to the base's."""
    lines = [
        f"| server | messages/s | CPU µs/message | p50 ms | p99 ms | server busy | CPU ratio to {base} |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, figures in runs.items():
        cells = [
            name,
            f"{_median(figures, lambda run: run.per_second):,.0f}",
            spread((run.cpu_us for run in figures), ".1f"),
            spread(run.p50_ms for run in figures),
            spread(run.p99_ms for run in figures),
            f"{_median(figures, lambda run: run.busy):.0%}",
            spread(ratios([run.cpu_us for run in figures], [run.cpu_us for run in runs[base]])),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def costs_table(rounds: dict[str, list[float]], base: str, unit: str) -> str:
    """One row for each way of doing something, with its ratio to the base's."""
    lines = [f"| what | {unit} | ratio to {base} |", "| --- | ---: | ---: |"]
    for name, costs in rounds.items():
        lines.append(f"| {name} | {spread(costs, '.1f')} | {spread(ratios(costs, rounds[base]))} |")
    return "\n".join(lines)


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


def _median(figures: Sequence[Figures], value: Callable[[Figures], float]) -> float:
    return statistics.median(value(run) for run in figures)
