"""The client over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import random
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Self

import aiohttp
import orjson

from tests.clients.base import Carrier
from widget_server.protocol.codes import may_reconnect

if TYPE_CHECKING:
    from tests.clients.state import ClientState, Frame
    from tests.clients.truth import TruthFile

_ABNORMAL = 1006
"""What a client notes when a line ends without a close frame (RFC 6455 §7.4.1); never sent."""


class SocketClient(Carrier):
    """A client that keeps its socket: after a cut it connects again and resumes. Use as an async context manager.

    Args:
        session: the HTTP session to connect with; an agent's carries the cookie of the sign-in.
        url: ``http://host:port/ws/SITE_KEY`` or ``…/ws/console``.
        origin: the page's origin.
        state: as in `Carrier`.
        truth: as in `Carrier`.
        validate: as in `Carrier`.
        backoff: seconds; the wait before the n-th attempt is drawn from 0 to ``backoff`` · 2ⁿ, at most 2 s.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        origin: str,
        state: ClientState,
        *,
        truth: TruthFile | None = None,
        validate: bool = True,
        backoff: float = 0.05,
    ) -> None:
        super().__init__(state, truth=truth, validate=validate)
        self._session = session
        self.url = url
        self._origin = origin
        self._backoff = backoff
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._running: asyncio.Task[None] | None = None
        self._reading = asyncio.Event()
        self._reading.set()
        self.welcomes = 0
        self._greeted = False
        self.closes: list[tuple[int, str]] = []
        self.received = 0

    async def __aenter__(self) -> Self:
        self.connect()
        await self.until(lambda: self.welcomes > 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    def connect(self) -> None:
        """Start connecting, and go on doing so after every cut that allows it."""
        self._running = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """Close the socket and stay away."""
        self._stop_timers()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if self._socket is not None:
            await self._socket.close()

    def cut(self) -> None:
        """Drop the line without a word, as a lost network does."""
        if self._socket is not None and (line := self._socket.get_extra_info("socket")) is not None:
            line.shutdown(SHUT_RDWR)

    def stop_reading(self) -> None:
        """Leave what the server sends in the socket's buffers from now on."""
        self._reading.clear()

    def read_on(self) -> None:
        """Read again."""
        self._reading.set()

    async def connected(self) -> None:
        """Wait until it is greeted on the line of now."""
        await self.until(lambda: self._greeted)

    async def resumed(self) -> None:
        """Wait for the next welcome and until every channel shown is synced."""
        before = self.welcomes
        await self.until(
            lambda: (
                self.welcomes > before
                and all(channel.is_settled or channel.gone for channel in self.state.channels.values())
            )
        )

    async def _transmit(self, frames: list[Frame]) -> None:
        if self._socket is None:
            return
        if not self._greeted:
            # What is written now waits for the welcome, with what was written before it.
            frames = [frame for frame in frames if frame["t"] != "send"]
        # A line that breaks here loses the frames; the outbox brings them again after the next welcome.
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            for frame in frames:
                await self._socket.send_str(orjson.dumps(frame).decode())

    async def _run(self) -> None:
        attempt = 0
        while True:
            code, reason = _ABNORMAL, ""
            with contextlib.suppress(OSError, aiohttp.ClientError):
                code, reason = await self._visit()
                attempt = 0
            self.state.disconnected()
            self.closes.append((code, reason))
            self._changed.set()
            if not may_reconnect(code):
                return
            await asyncio.sleep(random.uniform(0, min(2.0, self._backoff * 2**attempt)))
            attempt += 1

    async def _visit(self) -> tuple[int, str]:
        """One connection from hello to its end; the close code and reason."""
        headers = {"Origin": self._origin}
        async with self._session.ws_connect(self.url, headers=headers, max_msg_size=0) as socket:
            self._socket = socket
            reason = ""
            try:
                await self._transmit([self.state.hello()])
                while True:
                    await self._reading.wait()
                    message = await socket.receive()
                    if message.type is aiohttp.WSMsgType.CLOSE:
                        reason = str(message.extra)
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        break
                    self.received += 1
                    received = orjson.loads(message.data)
                    self._count_welcome(received)
                    await self._take(received)
            finally:
                self._socket = None
                self._greeted = False
            return socket.close_code or _ABNORMAL, reason

    def _count_welcome(self, received: Frame | list[Frame]) -> None:
        frames = received if isinstance(received, list) else [received]
        if any(frame["t"] == "welcome" for frame in frames):
            self.welcomes += 1
            self._greeted = True
