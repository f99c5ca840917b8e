"""One who writes and a thousand who read: each message goes out when all have the one before."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench.own_talk import Own, begin_conversation, open_as_agent
from tests.bench.pairs import CheckFailed, body_of, client_id_of
from tests.bench.peer_talks import send_payload
from tests.bench.served import Served, free_port, peer_command
from tests.bench.wire import Endpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

READERS = 1_000
_AT_ONCE = 25
_WARM_UP_MESSAGES = 20


class Crowd:
    """The readers of one channel, who must all get each message once.

    Args:
        writer: the socket of the one who writes.
        readers: the sockets of those who read.
        send: sends message ``number`` through the writer's socket.
        is_message: whether these bytes bring message ``number``; False for what does not matter here.
    """

    def __init__(
        self,
        writer: Endpoint,
        readers: list[Endpoint],
        send: Callable[[int], None],
        is_message: Callable[[bytes, int], bool],
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._send = send
        self._is_message = is_message
        self._number = -1
        self._payload = b""
        self._missing = 0
        self._all: asyncio.Future[None] | None = None
        writer.on_message = _ignore
        for reader in readers:
            reader.on_message = self._take

    async def tell(self, number: int) -> None:
        """Send a message and return when everybody has it."""
        self._number, self._payload, self._missing = number, b"", len(self._readers)
        self._all = asyncio.get_running_loop().create_future()
        self._send(number)
        async with asyncio.timeout(20):
            await self._all

    def drop(self) -> None:
        """End all connections without a close frame."""
        for endpoint in [self._writer, *self._readers]:
            endpoint.drop()

    def _take(self, payload: bytes) -> None:
        if payload != self._payload:
            if not self._is_message(payload, self._number):
                return
            self._payload = payload
        self._missing -= 1
        if not self._missing and self._all is not None:
            self._all.set_result(None)


async def measure(crowd: Crowd, cpu_ns: Callable[[], int], seconds: float) -> dict[str, float]:
    """Tell the crowd one message after the other: µs of the server's processor for each delivery."""
    for number in range(_WARM_UP_MESSAGES):
        await crowd.tell(number)
    told, begin_cpu, begin = 0, cpu_ns(), time.perf_counter()
    while time.perf_counter() - begin < seconds:
        await crowd.tell(_WARM_UP_MESSAGES + told)
        told += 1
    spent, took = cpu_ns() - begin_cpu, time.perf_counter() - begin
    deliveries = told * READERS
    return {"cpu_us": spent / 1000 / deliveries, "per_second": deliveries / took, "message_ms": took / told * 1000}


async def bare(folder: Path, seconds: float) -> dict[str, float]:
    """The bare server."""
    port = free_port()
    async with Served(peer_command("crowd", port), port, folder) as server:

        async def read(_number: int) -> Endpoint:
            endpoint = await Endpoint.connect(port, "/read", {})
            endpoint.say(b"here")
            await endpoint.next()
            return endpoint

        readers = await together(read)
        writer = await Endpoint.connect(port, "/write", {})
        crowd = Crowd(
            writer,
            readers,
            lambda number: writer.say(_as_event(number)),
            lambda payload, number: payload == _as_event(number),
        )
        try:
            return await measure(crowd, server.cpu_ns, seconds)
        finally:
            crowd.drop()


async def ours(own: Own, folder: Path, seconds: float) -> dict[str, float]:
    """This server: a visitor writes, and a thousand consoles have the conversation open."""
    async with own.serve(folder) as server:
        visitor = await begin_conversation(server.port)
        readers = await together(lambda _: open_as_agent(server.port, own.installation(folder), visitor.channel))
        crowd = Crowd(
            visitor.endpoint,
            readers,
            lambda number: visitor.endpoint.say(send_of(visitor.channel, number)),
            is_event,
        )
        try:
            return await measure(crowd, server.cpu_ns, seconds)
        finally:
            crowd.drop()


def send_of(channel: str, number: int) -> bytes:
    """The frame that sends message ``number``."""
    frame: dict[str, Any] = {"t": "send", "ref": number, "client_id": client_id_of(0, number), "channel": channel}
    return orjson.dumps(frame | {"body": body_of(number)})


def _as_event(number: int) -> bytes:
    """A message that is as long as this server's event."""
    return send_payload(0, number).ljust(480, b" ")


def is_event(payload: bytes, number: int) -> bool:
    """Whether a frame brings message ``number``; raises ``CheckFailed`` where it brings another one."""
    received = orjson.loads(payload)
    frames = received if type(received) is list else [received]
    bodies = [message["body"] for frame in frames if frame["t"] == "event" for message in frame["messages"]]
    if not bodies and all(
        frame["t"] in {"presence", "typing", "rows", "rooms", "readers", "marks", "site", "notices"} for frame in frames
    ):
        return False
    if bodies != [body_of(number)]:
        raise CheckFailed(f"instead of message {number}: {payload!r}")
    return True


async def together(join: Callable[[int], Awaitable[Endpoint]]) -> list[Endpoint]:
    """The sockets of all readers."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> Endpoint:
        async with room:
            return await join(number)

    return await asyncio.gather(*(one(number) for number in range(READERS)))


def _ignore(_payload: bytes) -> None:
    """What the writer is told: it waits for the readers."""
