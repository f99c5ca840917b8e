"""A conversation of many pairs, beside a bare relay and beside two servers as their users write them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from tests.bench import load
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_talk import Own, own_on_sqlite
from tests.bench.peer_talks import Relay, SocketIO
from tests.bench.served import Served, Server
from tests.bench.table import (
    Column,
    Found,
    Goal,
    at_least,
    at_most,
    median_of,
    ratio_to,
    ratios,
    section,
    spread_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.bench.bench import Bench
    from tests.bench.load import Drive
    from tests.bench.pairs import Pair
    from tests.bench.record import Record


class Measured(Server, Protocol):
    """A server whose processor time is measured."""

    def cpu_ns(self) -> int:
        """What it has used so far, in ns."""
        ...


M = TypeVar("M", bound=Measured)


class Talk(Protocol[M]):
    """How one kind of server is started and spoken to."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    def serve(self, folder: Path) -> AbstractAsyncContextManager[M]:
        """Start it afresh."""
        ...

    async def join(self, server: M, number: int, *, receipts: bool) -> Pair:
        """Connect a visitor and an agent."""
        ...

    def check(self, pairs: list[Pair], folder: Path) -> None:
        """Whether all that was acked is stored."""
        ...


RELAY = Relay.name
OURS = Own.name
SOCKETIO = "python-socketio + aiosqlite"
FLASK = "Flask-SocketIO + Flask-SQLAlchemy"
SECONDS = 4.0
PACED_SECONDS = 8.0


async def talk_once(
    talk: Talk[M], drive: Drive, seconds: float, *, receipts: bool = False, beside: Callable[[], int] | None = None
) -> dict[str, float]:
    """One run of one server, fresh and with an empty database; every message is checked.

    Args:
        talk: the server, and how to speak with it.
        drive: the regime.
        seconds: how long.
        receipts: whether both sides send them.
        beside: processor time in ns of what works for the server beside it, such as a database.
    """
    spent_beside: list[int] = []

    def cpu_ns() -> int:
        if beside is not None:
            spent_beside.append(beside())
        return server.cpu_ns()

    with fresh_folder() as folder:
        async with talk.serve(folder) as server:
            pairs = [await talk.join(server, number, receipts=receipts) for number in range(load.PAIRS)]
            try:
                figures = await drive(pairs, cpu_ns, seconds)
            finally:
                for pair in pairs:
                    pair.drop()
            await asyncio.to_thread(talk.check, pairs, folder)
    found: dict[str, float] = asdict(figures)
    if beside is not None:
        found["beside_us"] = (spent_beside[-1] - spent_beside[0]) / 1000 / figures.messages
    return found


def talk_columns(base: str) -> list[Column]:
    """What is told of every server that carries messages."""
    return [
        median_of("messages/s", "per_second"),
        spread_of("CPU µs/message", "cpu_us", ".1f"),
        spread_of("p50 ms", "p50_ms"),
        spread_of("p99 ms", "p99_ms"),
        median_of("server busy", "busy", ".0%"),
        ratio_to(base, "cpu_us", "CPU ratio"),
    ]


async def _beside_peers(drive: Drive, seconds: float, bench: Bench, *, receipts: bool = False) -> None:
    async with own_on_sqlite() as own:
        talks: list[Talk[Served]] = [
            Relay(),
            own,
            SocketIO(SOCKETIO, "socketio_aiosqlite"),
            SocketIO(FLASK, "flask_threads"),
        ]
        async for _ in bench.rounds():
            for talk in talks:
                await bench.case(talk.name, talk_once(talk, drive, seconds * bench.scale, receipts=receipts))


def _tell_saturated(record: Record) -> Found:
    ours, relay, socketio, flask = (record.values(case, "cpu_us") for case in (OURS, RELAY, SOCKETIO, FLASK))
    goals = [
        at_most("saturated: CPU ≤ 2.5 times the bare relay's", ratios(ours, relay), 2.5),
        at_least("saturated: ≥ 3 times less CPU than python-socketio", ratios(socketio, ours), 3),
        at_least("saturated: ≥ 35 times less CPU than Flask-SocketIO", ratios(flask, ours), 35),
    ]
    return _section(record, f"Saturated: {load.PAIRS} pairs, {load.IN_FLIGHT} messages under way in each"), goals


def _tell_receipts(record: Record) -> Found:
    return _section(record, "Saturated, with a receipt of both sides for every message"), []


def _tell_paced(record: Record) -> Found:
    goals: list[Goal] = [
        at_most("400 messages/s: p50 ≤ 1 ms", record.values(OURS, "p50_ms"), 1.0),
        at_most("400 messages/s: p99 ≤ 5 ms", record.values(OURS, "p99_ms"), 5.0),
    ]
    title = f"Paced: {load.PACE_PER_SECOND} messages/s over {load.PAIRS} pairs, one under way in each"
    return _section(record, title), goals


def _section(record: Record, title: str) -> str:
    return section(record, title, "server", talk_columns(RELAY))


PARTS = [
    Part("saturated", partial(_beside_peers, load.saturated, SECONDS), _tell_saturated),
    Part("receipts", partial(_beside_peers, load.saturated, SECONDS, receipts=True), _tell_receipts),
    Part("paced", partial(_beside_peers, load.paced, PACED_SECONDS), _tell_paced),
]
