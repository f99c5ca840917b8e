"""What people do on a server that has served for long: send, come back, look through lists and history."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench import load, seeding
from tests.bench.own_talk import Visitor, come_back, frames_until
from tests.bench.pairs import CheckFailed
from tests.bench.wire import Endpoint
from tests.clients.installation import SITE_KEY, SITE_ORIGIN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.bench.load import CpuNs
    from tests.bench.own_talk import Own
    from tests.bench.pairs import Pair
    from tests.bench.seeding import Size
    from tests.bench.served import Served
    from tests.clients.installation import Installation

MISSED = 10
PAGE = 50
_SAMPLE = 200
OLD = 10
"""Of those who write, how many do so in conversations of any age, one of them in a long one."""
_VISITS = 600
_LISTS = 200
_PAGES = 600
_AT_ONCE = 8


def come_and_talk(size: Size) -> tuple[list[int], list[int]]:
    """Whose visitors come back, and whose write: those come from all times, of these most began lately."""
    recent = size.sample(load.PAIRS - OLD, seeding.RECENT)
    # One further on, so that where there are few conversations nobody is taken twice.
    talk = [*recent, *(number + 1 for number in size.sample(OLD - 1)), size.conversations - 1]
    return [number for number in size.sample(_SAMPLE) if number not in talk], talk


def known(size: Size) -> list[int]:
    """The conversations whose visitors come back or write."""
    return sorted({number for numbers in come_and_talk(size) for number in numbers})


async def costs(
    own: Own, folder: Path, size: Size, turn: int, seconds: float, beside: Callable[[], int]
) -> dict[str, float]:
    """µs of processor time, of the server and of what works beside it, for each thing that people do.

    Args:
        own: on a database that `seeding` has filled.
        folder: where it runs.
        size: how it was filled.
        turn: how often this was done before.
        seconds: how long messages are sent.
        beside: processor time of the database's processes so far, in ns.
    """
    async with own.serve(folder) as server:

        def cpu_ns() -> int:
            return server.cpu_ns() + beside()

        come, talk = come_and_talk(size)
        long = range(size.short, size.conversations)
        consoles = [await _console(server.port, own.installation(folder)) for _ in range(_AT_ONCE)]
        free: asyncio.Queue[Endpoint] = asyncio.Queue()
        for console, _ in consoles:
            free.put_nowait(console)

        async def resume(number: int) -> None:
            await _resume(server.port, size, come[number % len(come)], consoles[0][1])

        async def on_console(ask: Callable[[Endpoint], Awaitable[None]]) -> None:
            console = await free.get()
            await ask(console)
            free.put_nowait(console)

        async def page(number: int) -> None:
            channel = seeding.channel_name(long[number % len(long)])
            await on_console(lambda console: _history(console, channel, size.length // 2 + number % 100))

        found = {
            "resume_us": await _each(cpu_ns, _VISITS, resume),
            "open_us": await _each(cpu_ns, _LISTS, lambda _: on_console(partial(_list, "open"))),
            "resolved_us": await _each(cpu_ns, _LISTS, lambda _: on_console(partial(_list, "resolved"))),
            "history_us": await _each(cpu_ns, _PAGES, page),
        }
        for console, _ in consoles:
            console.drop()
        pairs = await _pairs(own, server, talk, turn)
        try:
            found["send_us"] = (await load.saturated(pairs, cpu_ns, seconds)).cpu_us
        finally:
            for pair in pairs:
                pair.drop()
        return found


async def _each(cpu_ns: CpuNs, count: int, do: Callable[[int], Awaitable[None]]) -> float:
    """The cost of one of ``count`` deeds, `_AT_ONCE` under way."""

    async def all_of(numbers: range) -> None:
        turns = iter(numbers)

        async def one_after_another() -> None:
            for turn in turns:
                await do(turn)

        await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))

    await all_of(range(count // 4))
    before = cpu_ns()
    await all_of(range(count))
    return (cpu_ns() - before) / 1000 / count


async def _resume(port: int, size: Size, number: int, epoch: str) -> None:
    """A visitor comes back who has missed some messages."""
    visitor = Visitor(seeding.token_of(number))
    visitor.channel, visitor.epoch = seeding.channel_name(number), epoch
    visitor.version = visitor.last_seq = size.last_seq(number) - MISSED
    endpoint = await Endpoint.connect(port, f"/ws/{SITE_KEY}", {"Origin": SITE_ORIGIN})
    endpoint.say(orjson.dumps(visitor.hello()))
    frames = await frames_until(endpoint, "synced")
    _check("resume", sum(len(frame["messages"]) for frame in frames if frame["t"] == "messages"), MISSED)
    endpoint.drop()


async def _console(port: int, installation: Installation) -> tuple[Endpoint, str]:
    """An agent's socket, and the epoch."""
    endpoint = await Endpoint.connect(port, "/ws/console", installation.agent_headers)
    endpoint.say(orjson.dumps({"t": "hello", "v": 1}))
    return endpoint, (await frames_until(endpoint, "welcome"))[-1]["epoch"]


async def _list(status: str, console: Endpoint) -> None:
    """The first page of a list with the counts beside it."""
    console.say(orjson.dumps({"t": "inbox", "ref": 1, "view": {"status": status, "who": "all"}, "limit": PAGE}))
    _check("list", len((await _answer(console, "rows"))["rows"]), PAGE)


async def _history(console: Endpoint, channel: str, before: int) -> None:
    """A page from the middle of a long conversation."""
    console.say(orjson.dumps({"t": "history", "ref": 1, "channel": channel, "before": before, "limit": PAGE}))
    _check("history", len((await _answer(console, "page"))["messages"]), PAGE)


async def _answer(console: Endpoint, kind: str) -> dict[str, Any]:
    """The answer to what was asked; what comes unasked is passed over."""
    while True:
        for frame in await frames_until(console, kind):
            if frame["t"] == kind and frame.get("ref") == 1:
                return frame


def _check(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise CheckFailed(f"{what}: {found} came where {expected} were asked for")


async def _pairs(own: Own, server: Served, numbers: list[int], turn: int) -> list[Pair]:
    """Visitors who come back to these conversations, each with an agent; every turn has messages of its own."""
    pairs: list[Pair] = []
    for number in numbers:
        visitor = Visitor(seeding.token_of(number))
        visitor.channel = seeding.channel_name(number)
        await come_back(server.port, visitor)
        pairs.append(await own.pair(server, visitor, turn * len(numbers) + len(pairs)))
    return pairs
