"""``make load``: how many connections and messages an installation carries, and how long they take."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from tests.bench import machine
from tests.bench.table import write_between_marks
from tests.load.chart import chart
from tests.load.setups import SETUPS, installed
from tests.load.step import Plan, Result, Target, run_step
from tests.load.table import from_lines, table, to_lines, wrongs

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "operating.md"
PICTURE = ROOT / "docs" / "load.svg"
_TITLE = "Connections, throughput and latency"
_FILES = 65_536
_COOKIE = "LOAD_COOKIE"


@click.command()
@click.option("--setup", "setups", multiple=True, type=click.Choice(SETUPS), help="Only this one; may be given again.")
@click.option("--connections", default="500,1000,2000,3000,4000", show_default=True, help="The steps.")
@click.option("--seconds", default=20.0, show_default=True, help="Length of a step, after everybody has come.")
@click.option("--pace", default=5.0, show_default=True, help="Mean seconds between two messages of one conversation.")
@click.option("--stay", default=60.0, show_default=True, help="Mean seconds until a visitor's line is gone.")
@click.option("--away", default=3.0, show_default=True, help="Mean seconds until the visitor is back.")
@click.option("--talks-per-agent", default=10, show_default=True, help="Conversations that one agent has open.")
@click.option("--connects", default=100.0, show_default=True, help="Visitors who come each second, before a step.")
@click.option("--generators", default=1, show_default=True, help="Processes that make the load.")
@click.option("--rounds", default=1, show_default=True, help="Of so many, the one counts that others disturbed least.")
@click.option("--seed", default=1, show_default=True, help="Of everything that is drawn.")
@click.option("--url", help="Measure the installation that runs at this address instead of starting any.")
@click.option("--site", default="", help="With --url: the key of a site there.")
@click.option("--origin", default="", help="With --url: one of the site's allowed origins.")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Keep the results as lines of JSON.")
@click.option("--load", "known", type=click.Path(path_type=Path, exists=True), help="Show kept results instead.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Where the picture goes.")
@click.option("--write", is_flag=True, help="Write docs/operating.md and docs/load.svg.")
def main(
    *,
    setups: tuple[str, ...],
    connections: str,
    seconds: float,
    pace: float,
    stay: float,
    away: float,
    talks_per_agent: int,
    connects: float,
    generators: int,
    rounds: int,
    seed: int,
    url: str | None,
    site: str,
    origin: str,
    save: Path | None,
    known: Path | None,
    svg: Path | None,
    write: bool,
) -> None:
    """Let visitors and agents connect, talk, type, lose their lines and come back, as a schedule made beforehand says.

    Latencies run from the moment a thing was to happen. Every message is checked on both sides.

    With --url the agents' cookie ("session=…" from a browser that is signed in to the console) is read from the
    environment variable LOAD_COOKIE. That installation must have its limits raised, or it rightly refuses the load.
    """
    machine.allow_files(_FILES)
    plan = Plan(0, seconds, pace, stay, away, talks_per_agent, connects, generators, seed)
    steps = [replace(plan, connections=int(count)) for count in connections.split(",")]
    targets: list[Callable[[], AbstractAsyncContextManager[Target]]]
    if url is not None:
        targets = [lambda: nullcontext(_running(url, site, origin))]
    else:
        targets = [lambda setup=setup: installed(setup) for setup in setups or SETUPS]  # type: ignore[misc]

    def keep(results: list[Result]) -> None:
        if save is not None:
            save.write_bytes(to_lines(results))

    results = from_lines(known.read_bytes()) if known else asyncio.run(_measure(targets, steps, rounds, keep))
    disturbed = [result.others for result in results]
    notes = (
        f"{datetime.now(UTC).date().isoformat()}, {machine.describe()}",
        f"Other programs used {min(disturbed):.0%} to {max(disturbed):.0%} of the machine meanwhile.",
    )
    click.echo(f"\n{table(results)}")
    picture = svg or (PICTURE if write else None)
    if picture is not None:
        picture.write_text(chart(results, _TITLE, notes), encoding="utf-8")
    if write:
        write_between_marks(PAGE, f"Measured {'. '.join(notes)}\n\n{table(results)}")
    sys.exit(any(wrongs(result) for result in results))


async def _measure(
    targets: list[Callable[[], AbstractAsyncContextManager[Target]]],
    steps: list[Plan],
    rounds: int,
    keep: Callable[[list[Result]], None],
) -> list[Result]:
    """Every step on a fresh installation, one after the other; ``keep`` is given what there is after each."""
    results: list[Result] = []
    for target in targets:
        for plan in steps:
            tries = []
            for _ in range(rounds):
                async with target() as running:
                    tries.append(await run_step(running, plan, _tell))
                _say(table(tries[-1:]).splitlines()[-1])
            # What is chosen by says nothing about the server: how busy the rest of the machine was.
            results.append(min(tries, key=lambda result: result.others))
            keep(results)
    return results


def _running(url: str, site: str, origin: str) -> Target:
    parts = urlsplit(url)
    cookie = os.environ.get(_COOKIE, "")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not site or not origin or not cookie:
        raise click.UsageError(f"--url needs http:// or https:// and a host, --site, --origin, and {_COOKIE}=session=…")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    own = f"{parts.scheme}://{parts.netloc}"
    return Target(parts.netloc, [(parts.hostname, port)], site, origin, own, cookie, tls, {})


def _tell(line: str) -> None:
    """One line that is written over on a terminal, and a line of its own elsewhere."""
    click.echo(f"\r\x1b[2K{line}" if sys.stdout.isatty() else line, nl=not sys.stdout.isatty())


def _say(line: str) -> None:
    """A line that stays."""
    click.echo(f"\r\x1b[2K{line}" if sys.stdout.isatty() else line)


if __name__ == "__main__":
    main()
