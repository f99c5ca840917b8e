"""What a visitor costs who comes back: connect, and read the 50 messages that were missed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from tests.bench import machine
from tests.bench.own_talk import Own, Visitor, begin_conversation, frames_until
from tests.bench.pairs import CheckFailed, body_of, client_id_of
from tests.bench.peers.raw_read import CONVERSATIONS, MESSAGES
from tests.bench.served import Served, free_port, peer_command
from tests.bench.wire import Endpoint
from tests.clients.installation import SITE_KEY, SITE_ORIGIN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

MISSED = 50
_CONNECTIONS = 1_500
_WARM_UP = 100
_AT_ONCE = 16


async def bare(folder: Path) -> float:
    """µs of processor time for a bare socket whose first message is answered by a raw read."""
    port = free_port()
    async with Served(peer_command("raw_read", port, folder / "raw.db"), port, folder) as server:

        async def visit(number: int) -> None:
            endpoint = await Endpoint.connect(server.port, "/resume", {})
            endpoint.say(orjson.dumps({"channel": number % CONVERSATIONS, "last": MESSAGES - MISSED}))
            _check(len(orjson.loads(await endpoint.next())))
            endpoint.drop()

        return await _cost(server.pid, visit)


async def seed(own: Own, folder: Path) -> list[Visitor]:
    """Visitors of whose conversations the first half of the messages is known to them."""
    async with own.serve(folder) as server:
        return [await _seed_one(server.port, number) for number in range(CONVERSATIONS)]


async def _seed_one(port: int, number: int) -> Visitor:
    visitor = await begin_conversation(port)
    for turn in range(1, MESSAGES):
        send = {"t": "send", "ref": turn, "client_id": client_id_of(number, turn), "channel": visitor.channel}
        visitor.endpoint.say(orjson.dumps({**send, "body": body_of(turn)}))
        ack = next(frame for frame in await frames_until(visitor.endpoint, "ack") if frame["t"] == "ack")
        if ack["seq"] == MESSAGES - MISSED:
            visitor.version, visitor.last_seq = ack["version"], ack["seq"]
    visitor.endpoint.drop()
    return visitor


async def resumed(own: Own, seeded: Path, visitors: list[Visitor], folder: Path) -> float:
    """µs of this server's processor time for a connection and its resume up to ``synced``."""
    own.copy(seeded, folder)
    async with own.serve(folder) as server:

        async def visit(number: int) -> None:
            visitor = visitors[number % len(visitors)]
            endpoint = await Endpoint.connect(server.port, f"/ws/{SITE_KEY}", {"Origin": SITE_ORIGIN})
            endpoint.say(orjson.dumps(visitor.hello()))
            frames = await frames_until(endpoint, "synced")
            _check(sum(len(frame["messages"]) for frame in frames if frame["t"] == "messages"))
            endpoint.drop()

        return await _cost(server.pid, visit)


def _check(count: int) -> None:
    if count != MISSED:
        raise CheckFailed(f"{count} messages came where {MISSED} were missed")


async def _cost(pid: int, visit: Callable[[int], Awaitable[None]]) -> float:
    await _visits(visit, _WARM_UP)
    before = machine.cpu_ns(pid)
    await _visits(visit, _CONNECTIONS)
    return (machine.cpu_ns(pid) - before) / 1000 / _CONNECTIONS


async def _visits(visit: Callable[[int], Awaitable[None]], count: int) -> None:
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            await visit(number)

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
