"""``make bench``: measure, and write docs/performance.md."""

from __future__ import annotations

import sys
import traceback

import click
import uvloop

from tests.bench import machine
from tests.bench.bench import Bench, Part, result_path
from tests.bench.parts import community, crowds, databases, disk, growth, hot, nodes, pages, talks, uploads, visits
from tests.bench.record import Record
from tests.bench.served import ROOT
from tests.bench.table import goals_table, write_between_marks

PAGE = ROOT / "docs" / "performance.md"
_MODULES = (talks, visits, pages, community, crowds, uploads, disk, databases, nodes, hot, growth)
PARTS = {part.name: part for module in _MODULES for part in module.PARTS}
_FILES = 20_000


@click.command()
@click.argument("chosen", metavar="[PART]...", nargs=-1, type=click.Choice(list(PARTS)))
@click.option("--rounds", type=click.IntRange(min=1), help="How often each case is measured.  [default: 5]")
@click.option("--quick", is_flag=True, help="Two rounds, and runs of half the length.")
@click.option("--tables", is_flag=True, help="Measure nothing: write docs/performance.md from what was measured last.")
def main(chosen: tuple[str, ...], *, rounds: int | None, quick: bool, tables: bool) -> None:
    """Measure this server beside others and print ratios as min / median / max.

    Figures are kept in build/bench, one file for each PART; docs/performance.md is written when all parts were
    measured, or by --tables.
    """
    broken: list[str] = []
    if not tables:
        broken = _measure(
            [PARTS[name] for name in chosen or PARTS], rounds or (2 if quick else 5), 0.5 if quick else 1.0
        )
    text = _page([PARTS[name] for name in chosen or PARTS])
    click.echo(f"\n{text}")
    if tables or not chosen:
        write_between_marks(PAGE, text)
        click.echo(f"\nWritten to {PAGE.relative_to(ROOT)}.")
    if broken:
        sys.exit(f"These parts broke; the others' figures are kept: {', '.join(broken)}")


def _measure(parts: list[Part], rounds: int, scale: float) -> list[str]:
    """Measure one part after the other, and return the names of those that broke."""
    machine.pin(machine.LOAD_CPU)
    machine.allow_files(_FILES)
    if not machine.CAN_PIN:
        click.echo("Only one processor: load and server share it, and throughput says little.")
    broken = []
    for part in parts:
        try:
            uvloop.run(part.measure(Bench(part.name, rounds=rounds, scale=scale)))
        except Exception:  # noqa: BLE001 - whatever broke one part, the others can still be measured
            traceback.print_exc()
            broken.append(part.name)
    return broken


def _page(parts: list[Part]) -> str:
    """What the kept figures of some parts say."""
    records = {part.name: Record.read(path) for part in parts if (path := result_path(part.name)).exists()}
    found = []
    for part in parts:
        if part.name in records:
            try:
                found.append(part.tell(records[part.name]))
            except LookupError as error:
                click.echo(f"{part.name} is left out: {error}")
    goals = [goal for _, part_goals in found for goal in part_goals]
    return "\n\n".join([_preface(list(records.values())), goals_table(goals), *(section for section, _ in found)])


def _preface(records: list[Record]) -> str:
    machines = dict.fromkeys(f"on {record.facts['machine']}.\n{record.facts['versions']}." for record in records)
    dates = sorted({str(record.facts["date"]) for record in records}) or ["never"]
    return f"Measured {' to '.join(dict.fromkeys((dates[0], dates[-1])))} by `make bench`, " + "\n".join(machines)


if __name__ == "__main__":
    main()
