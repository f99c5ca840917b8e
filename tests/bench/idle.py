"""What a joined visitor costs who says nothing: resident memory for each of many sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.bench import machine
from tests.bench.own_talk import Own, Visitor, begin_conversation, come_back
from tests.bench.peer_talks import Relay, send_payload
from tests.bench.wire import Endpoint

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

SOCKETS = 5_000
_AT_ONCE = 50
_WARM_UP = 50


async def bare(folder: Path) -> float:
    """KiB for each socket of the bare server, after one message and its answer."""
    async with Relay().serve(folder) as server:
        endpoints: list[Endpoint] = []

        async def join(number: int) -> None:
            endpoint = await Endpoint.connect(server.port, "/hold", {}, source=_source(number))
            endpoints.append(endpoint)
            endpoint.say(send_payload(0, number))
            await endpoint.next()

        await _all(join(number) for number in range(_WARM_UP))
        before = machine.resident_kib(server.pid)
        await _all(join(number) for number in range(SOCKETS))
        grown = machine.resident_kib(server.pid) - before
        for endpoint in endpoints:
            endpoint.drop()
        return grown / SOCKETS


async def seed(own: Own, folder: Path) -> list[Visitor]:
    """Visitors with a conversation each, stored in ``folder``; their sockets are gone."""
    visitors: list[Visitor] = []
    async with own.serve(folder) as server:

        async def begin(number: int) -> None:
            visitor = await begin_conversation(server.port, source=_source(number))
            visitors.append(visitor)
            visitor.endpoint.drop()

        await _all(begin(number) for number in range(SOCKETS + _WARM_UP))
    return visitors


async def joined(own: Own, seeded: Path, visitors: list[Visitor], folder: Path) -> float:
    """KiB for each visitor who came back to a fresh server and resumed their conversation."""
    own.copy(seeded, folder)
    async with own.serve(folder) as server:

        async def join(number: int, visitor: Visitor) -> None:
            await come_back(server.port, visitor, source=_source(number))

        await _all(join(number, visitor) for number, visitor in enumerate(visitors[:_WARM_UP]))
        before = machine.resident_kib(server.pid)
        await _all(join(number, visitor) for number, visitor in enumerate(visitors[_WARM_UP:]))
        grown = machine.resident_kib(server.pid) - before
        for visitor in visitors:
            visitor.endpoint.drop()
        return grown / SOCKETS


def _source(number: int) -> str:
    """One of some loopback addresses: no address has so many ports, nor would so many visitors share one."""
    return f"127.0.{1 + number // 250 % 200}.{1 + number % 250}"


async def _all(work: Any) -> None:
    """Run coroutines, `_AT_ONCE` at a time."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(coroutine: Coroutine[None, None, None]) -> None:
        async with room:
            await coroutine

    await asyncio.gather(*(one(coroutine) for coroutine in work))
