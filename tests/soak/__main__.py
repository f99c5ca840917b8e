"""``make soak``: churn for half an hour, and whether memory, files and tasks stayed where they were."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.bench import machine
from tests.clients.installation import make_installation
from tests.soak.churn import Deeds
from tests.soak.readings import Reading, last_third
from tests.soak.soak import Outcome, Plan, soak

_FILES = 20_000


@click.command()
@click.option("--minutes", default=30.0, show_default=True, help="How long.")
@click.option("--visitors", default=60, show_default=True, help="Browsers at a time.")
@click.option("--agents", default=6, show_default=True, help="Consoles at a time.")
@click.option("--pause", default=4.0, show_default=True, help="Mean seconds between two deeds of one person.")
@click.option("--every", default=10.0, show_default=True, help="Seconds between two readings.")
@click.option("--seed", default=1, show_default=True, help="Of all choices.")
def main(*, minutes: float, visitors: int, agents: int, pause: float, every: float, seed: int) -> None:
    """Let visitors and agents come, talk, lose their lines, come back and leave; watch the server's process.

    Ends with 0 when resident memory grew by at most 1 MiB a minute in the last third, files and tasks came back to
    where they were, and no acknowledged message is missing.
    """
    machine.allow_files(_FILES)
    plan = Plan(seconds=minutes * 60, visitors=visitors, agents=agents, pause=pause, every=every, seed=seed)
    outcome = asyncio.run(_soak(plan))
    click.echo(_verdict(outcome))
    sys.exit(bool(outcome.wrongs))


async def _soak(plan: Plan) -> Outcome:
    on_terminal = sys.stdout.isatty()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        installation = await make_installation(Path(folder) / "data")

        def tell(reading: Reading, deeds: Deeds) -> None:
            line = (
                f"{reading.seconds:6.0f} / {plan.seconds:.0f} s  {reading.resident_mib:7.1f} MiB"
                f"  {reading.files:4} files  {reading.tasks:4} tasks  {reading.sockets:4} sockets"
                f"  {deeds.acked} messages  {deeds.visits} visits  {deeds.cuts} cuts  {deeds.opened} opened"
            )
            click.echo(f"\r\x1b[2K{line}" if on_terminal else line, nl=not on_terminal)

        outcome = await soak(installation, plan, tell)
    if on_terminal:
        click.echo()
    return outcome


def _verdict(outcome: Outcome) -> str:
    end, before, after = last_third(outcome.readings), outcome.before, outcome.after
    sizes = [reading.resident_mib for reading in end]
    most_files, most_tasks = max(reading.files for reading in end), max(reading.tasks for reading in end)
    lines = [
        f"growth    {outcome.growth:+.3f} MiB a minute in the last third",
        f"resident  {before.resident_mib:.1f} MiB before, {min(sizes):.1f} to {max(sizes):.1f} then",
        f"          {after.resident_mib:.1f} MiB when everybody had left",
        f"files     {before.files} before, {most_files} at most, {after.files} when everybody had left",
        f"tasks     {before.tasks} before, {most_tasks} at most, {after.tasks} when everybody had left",
        f"messages  {outcome.deeds.acked} acknowledged, {outcome.stored} stored, {outcome.lost} lost",
    ]
    return "\n".join([*lines, *(f"WRONG     {wrong}" for wrong in outcome.wrongs)])


if __name__ == "__main__":
    main()
