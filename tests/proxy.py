"""Networks that behave badly: a TCP proxy that cuts and swallows, and a WebSocket proxy that mangles single frames."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import orjson
from aiohttp import web

from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 65536
_PASSED_ON = ("Origin", "Cookie")


class TcpProxy:
    """Passes bytes between clients and one port of 127.0.0.1. Use as an async context manager; `port` is its own.

    Args:
        target: the port behind.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        """The port behind."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._flowing.set()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where clients connect."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Break every connection at once, without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    def lead_to(self, target: int) -> None:
        """Lead to another port from now on, as an address does that was moved."""
        self.target = target
        self.cut()

    def swallow(self) -> None:
        """Take what is sent and pass nothing on, on either side, not even an end: the lines look open and are dead."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again what comes from now on."""
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, inner_writer}
        both = (
            asyncio.create_task(self._pass_on(reader, inner_writer)),
            asyncio.create_task(self._pass_on(inner_reader, writer)),
        )
        self._tasks.update(both)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            await self._flowing.wait()
        finally:
            for task in both:
                task.cancel()
            self._tasks.difference_update(both)
            for end in (writer, inner_writer):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                if self._flowing.is_set():
                    writer.write(data)
                    await writer.drain()


class Mangling:
    """What happens to frames, by chance. Only live frames are touched: what a resume brings rests on TCP's order.

    Args:
        seed: of the chance, so that a failure can be repeated.
        drop: how likely a frame vanishes.
        double: how likely it arrives twice.
        delay: how likely it arrives after its successor.
    """

    UP = frozenset({"send", "edit", "remove", "receipt"})
    DOWN = frozenset({"event", "ack", "marks", "error"})

    def __init__(self, seed: int, *, drop: float, double: float, delay: float) -> None:
        self._chance = random.Random(seed)
        self._drop = drop
        self._double = double
        self._delay = delay
        self.active = True
        self.touched = 0

    def mangle(self, frames: list[dict[str, Any]], held: list[dict[str, Any]], kinds: frozenset[str]) -> list[Any]:
        """What leaves now of ``frames``; what is delayed waits in ``held``."""
        leaving: list[dict[str, Any]] = []
        for frame in frames:
            late, held[:] = list(held), []
            if not self.active or frame["t"] not in kinds:
                leaving += [*late, frame]
                continue
            fate = self._chance.random()
            if fate < self._drop:
                self.touched += 1
            elif fate < self._drop + self._double:
                self.touched += 1
                leaving += [frame, frame]
            elif fate < self._drop + self._double + self._delay:
                self.touched += 1
                held.append(frame)
            else:
                leaving.append(frame)
            leaving += late
        return leaving


class FrameProxy:
    """A WebSocket proxy that passes on single frames as its `mangling` lets them. Use as an async context manager.

    Args:
        target: ``http://host:port`` behind.
        mangling: what happens to frames.
    """

    def __init__(self, target: str, mangling: Mangling) -> None:
        self._target = target
        self.mangling = mangling
        self._requests: list[web.Request] = []
        self._came_up = asyncio.Event()
        self.up = 0
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        self.cut()
        await self._runner.cleanup()

    def cut(self) -> None:
        """Break every connection at once."""
        for request in list(self._requests):
            if request.transport is not None:
                request.transport.abort()

    async def came_up(self, count: int) -> None:
        """Wait until clients' frames number ``count``, whatever became of them; `up` is how many there were."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.up < count:
                self._came_up.clear()
                await self._came_up.wait()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        outer = web.WebSocketResponse(max_msg_size=0)
        headers = _passed_on(request.headers)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self._target}{request.path_qs}", headers=headers, max_msg_size=0) as inner,
        ):
            await outer.prepare(request)
            self._requests.append(request)
            both = (
                asyncio.create_task(self._pass_on(outer, inner, Mangling.UP)),
                asyncio.create_task(self._pass_on(inner, outer, Mangling.DOWN)),
            )
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)
                self._requests.remove(request)
                await outer.close()
        return outer

    async def _pass_on(
        self,
        source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        kinds: frozenset[str],
    ) -> None:
        held: list[dict[str, Any]] = []
        async for message in source:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            received = orjson.loads(message.data)
            frames = received if isinstance(received, list) else [received]
            if kinds is Mangling.UP:
                self.up += len(frames)
                self._came_up.set()
            for frame in self.mangling.mangle(frames, held, kinds):
                await sink.send_str(orjson.dumps(frame).decode())


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _PASSED_ON if name in headers}
