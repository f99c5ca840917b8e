"""``make bench``: measure, and write docs/performance.md."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import uvloop

from tests.bench import machine
from tests.bench.own_talk import Own
from tests.bench.parts import Bench, Found
from tests.bench.served import ROOT
from tests.bench.table import goals_table, write_between_marks
from tests.clients.installation import make_installation

PAGE = ROOT / "docs" / "performance.md"
PARTS = ("saturated", "saturated_with_receipts", "paced", "idle", "resume", "statements")
_FILES = 20_000


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this part; may be given again.")
@click.option("--rounds", default=5, show_default=True, help="How often each server is measured.")
@click.option("--seconds", default=4.0, show_default=True, help="Length of a run at full load.")
@click.option("--paced-seconds", default=8.0, show_default=True, help="Length of a run at a steady pace.")
@click.option("--write/--no-write", default=None, help="Write docs/performance.md (by itself only when all parts run).")
def main(parts: tuple[str, ...], *, rounds: int, seconds: float, paced_seconds: float, write: bool | None) -> None:
    """Measure this server beside others and print ratios as min / median / max."""
    chosen = parts or PARTS
    found = uvloop.run(_measure(chosen, rounds, seconds, paced_seconds))
    goals = [goal for _, part_goals in found for goal in part_goals]
    text = "\n\n".join([_preface(rounds), goals_table(goals), *(section for section, _ in found)])
    click.echo(f"\n{text}")
    if write or (write is None and not parts):
        write_between_marks(PAGE, text)
        click.echo(f"\nWritten to {PAGE.relative_to(ROOT)}.")


async def _measure(parts: tuple[str, ...], rounds: int, seconds: float, paced_seconds: float) -> list[Found]:
    machine.pin(machine.LOAD_CPU)
    machine.allow_files(_FILES)
    if not machine.CAN_PIN:
        click.echo("Only one processor: load and server share it, and throughput says little.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        own = Own(await make_installation(Path(folder) / "data"))
        bench = Bench(own, rounds=rounds, saturated_seconds=seconds, paced_seconds=paced_seconds)
        return [await getattr(bench, part)() for part in parts]


def _preface(rounds: int) -> str:
    today = datetime.now(UTC).date().isoformat()
    return "\n".join(
        [
            f"Measured {today} by `make bench`, {rounds} rounds, on {machine.describe()}.",
            f"{machine.versions()}.",
        ]
    )


if __name__ == "__main__":
    main()
