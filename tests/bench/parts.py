"""The parts of the measurement: each runs its servers in turn, round after round, and says what it found."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tests.bench import idle, load, resume, statements
from tests.bench.own_talk import Own
from tests.bench.pairs import Pair
from tests.bench.peer_talks import Relay, SocketIO
from tests.bench.served import ROOT
from tests.bench.table import Goal, at_least, at_most, costs_table, figures_table, ratios

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.bench.load import Figures

Talk = Relay | SocketIO | Own
Found = tuple[str, list[Goal]]
"""A section of the page, and its goals."""

RELAY = Relay.name
OURS = Own.name
SOCKETIO = "python-socketio + aiosqlite"
FLASK = "Flask-SocketIO + Flask-SQLAlchemy"
_NOTES = ROOT / "build" / "bench" / "rounds.jsonl"


class Bench:
    """One measurement.

    Args:
        own: this server.
        rounds: how often each server is measured in each part.
        saturated_seconds: length of a run at full load.
        paced_seconds: length of a run at a steady pace.
    """

    def __init__(self, own: Own, *, rounds: int, saturated_seconds: float, paced_seconds: float) -> None:
        self._own = own
        self._rounds = rounds
        self._seconds = {"saturated": saturated_seconds, "paced": paced_seconds}
        self._begin = time.perf_counter()

    async def saturated(self) -> Found:
        """As fast as it goes."""
        runs = await self._load("saturated", receipts=False)
        cpu = {name: [run.cpu_us for run in figures] for name, figures in runs.items()}
        goals = [
            at_most("saturated: CPU ≤ 2.5 times the bare relay's", ratios(cpu[OURS], cpu[RELAY]), 2.5),
            at_least("saturated: ≥ 3 times less CPU than python-socketio", ratios(cpu[SOCKETIO], cpu[OURS]), 3),
            at_least("saturated: ≥ 35 times less CPU than Flask-SocketIO", ratios(cpu[FLASK], cpu[OURS]), 35),
        ]
        return self._section("Saturated: 50 pairs, 4 messages under way in each", runs), goals

    async def saturated_with_receipts(self) -> Found:
        """The same, and both sides send a receipt for every message."""
        runs = await self._load("saturated", receipts=True)
        return self._section("Saturated, with a receipt of both sides for every message", runs), []

    async def paced(self) -> Found:
        """At a steady pace, where every message is its own commit."""
        runs = await self._load("paced", receipts=False)
        goals = [
            at_most("400 messages/s: p50 ≤ 1 ms", [run.p50_ms for run in runs[OURS]], 1.0),
            at_most("400 messages/s: p99 ≤ 5 ms", [run.p99_ms for run in runs[OURS]], 5.0),
        ]
        return self._section("Paced: 400 messages/s over 50 pairs, one under way in each", runs), goals

    async def idle(self) -> Found:
        """Memory of joined visitors who say nothing."""
        costs: dict[str, list[float]] = {"bare aiohttp": [], OURS: []}
        with _folder() as seeded:
            visitors = await idle.seed(self._own, seeded)
            for turn in range(self._rounds):
                with _folder() as folder:
                    costs["bare aiohttp"].append(await idle.bare(folder))
                self._say("idle", turn, "bare aiohttp", {"kib": costs["bare aiohttp"][-1]})
                with _folder() as folder:
                    costs[OURS].append(await idle.joined(self._own, seeded, visitors, folder))
                self._say("idle", turn, OURS, {"kib": costs[OURS][-1]})
        text = f"### Idle: {idle.SOCKETS:,} joined visitors\n\n" + costs_table(
            costs, "bare aiohttp", "resident KiB each"
        )
        goal = at_most(
            "idle visitor: memory ≤ 1.75 times bare aiohttp's", ratios(costs[OURS], costs["bare aiohttp"]), 1.75
        )
        return text, [goal]

    async def resume(self) -> Found:
        """Connect and resume."""
        costs: dict[str, list[float]] = {"bare connect + raw read": [], OURS: []}
        bare = costs["bare connect + raw read"]
        with _folder() as seeded:
            visitors = await resume.seed(self._own, seeded)
            for turn in range(self._rounds):
                with _folder() as folder:
                    bare.append(await resume.bare(folder))
                self._say("resume", turn, "bare connect + raw read", {"cpu_us": bare[-1]})
                with _folder() as folder:
                    costs[OURS].append(await resume.resumed(self._own, seeded, visitors, folder))
                self._say("resume", turn, OURS, {"cpu_us": costs[OURS][-1]})
        text = f"### Connect and resume with {resume.MISSED} missed messages\n\n"
        goal = at_most("connect + resume: CPU ≤ 2.5 times bare connect + raw read", ratios(costs[OURS], bare), 2.5)
        return text + costs_table(costs, "bare connect + raw read", "CPU µs each"), [goal]

    async def statements(self) -> Found:
        """One statement through `Database`, and on the bare drivers."""
        costs: dict[str, list[float]] = {"sqlite3": [], "aiosqlite": [], "Database": []}
        with _folder() as seeded:
            await resume.seed(self._own, seeded)
            path = self._own.installation(seeded).data_dir / "widget.db"
            for turn in range(self._rounds):
                found = await statements.measure(path)
                costs["sqlite3"].append(found.sqlite3)
                costs["aiosqlite"].append(found.aiosqlite)
                costs["Database"].append(found.database)
                self._say("statements", turn, "all", found._asdict())
        text = f"### One statement that reads {statements.ROWS} rows\n\n" + costs_table(
            costs, "aiosqlite", "CPU µs each"
        )
        return text, [
            at_most("a statement: CPU ≤ 1.3 times bare aiosqlite", ratios(costs["Database"], costs["aiosqlite"]), 1.3)
        ]

    async def _load(self, regime: Literal["saturated", "paced"], *, receipts: bool) -> dict[str, list[Figures]]:
        talks: tuple[Talk, ...] = (
            Relay(),
            self._own,
            SocketIO(SOCKETIO, "socketio_aiosqlite"),
            SocketIO(FLASK, "flask_threads"),
        )
        runs: dict[str, list[Figures]] = {talk.name: [] for talk in talks}
        for turn in range(self._rounds):
            for talk in talks:
                figures = await self._one(talk, regime, receipts=receipts)
                runs[talk.name].append(figures)
                self._say(regime + (" with receipts" if receipts else ""), turn, talk.name, asdict(figures))
        return runs

    async def _one(self, talk: Talk, regime: Literal["saturated", "paced"], *, receipts: bool) -> Figures:
        with _folder() as folder:
            async with talk.serve(folder) as server:
                pairs = [await talk.join(server, number, receipts=receipts) for number in range(load.PAIRS)]
                drive = load.saturated if regime == "saturated" else load.paced
                try:
                    figures = await drive(pairs, server.pid, self._seconds[regime])
                finally:
                    _part(pairs)
                await asyncio.to_thread(talk.check, pairs, folder)
            return figures

    def _section(self, title: str, runs: dict[str, list[Figures]]) -> str:
        return f"### {title}\n\n{figures_table(runs, RELAY)}"

    def _say(self, part: str, turn: int, server: str, figures: dict[str, Any]) -> None:
        """Tell the person who waits, and keep the line for whoever wants to compute further."""
        seconds = time.perf_counter() - self._begin
        shown = "  ".join(f"{name} {value:,.2f}" for name, value in figures.items())
        click.echo(f"{seconds:5.0f} s  round {turn + 1}/{self._rounds}  {part}  {server}: {shown}")
        _NOTES.parent.mkdir(parents=True, exist_ok=True)
        with _NOTES.open("a", encoding="utf-8") as notes:
            notes.write(json.dumps({"part": part, "round": turn, "server": server, **figures}) + "\n")


def _part(pairs: list[Pair]) -> None:
    for pair in pairs:
        pair.visitor.drop()
        pair.agent.drop()


@contextmanager
def _folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
