"""The client over HTTP alone: an event stream down, posts up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

import aiohttp
import orjson

from tests.clients.base import Carrier
from widget_server.protocol.codes import RETRIABLE_FROM

if TYPE_CHECKING:
    from tests.clients.state import ClientState, Frame
    from tests.clients.truth import TruthFile

_POST_MAX_FRAMES = 50
_STREAM_ONLY = frozenset({"hello", "open", "close"})


class FallbackClient(Carrier):
    """A client without a WebSocket. Use as an async context manager.

    To show another channel it ends the stream and begins one with the new positions, as the protocol asks.

    Args:
        session: the HTTP session; an agent's carries the cookie of the sign-in.
        base: ``http://host:port``.
        key: the site's key, or ``console``.
        origin: the page's origin.
        state: as in `Carrier`.
        truth: as in `Carrier`.
        validate: as in `Carrier`.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: str,
        key: str,
        origin: str,
        state: ClientState,
        *,
        truth: TruthFile | None = None,
        validate: bool = True,
    ) -> None:
        super().__init__(state, truth=truth, validate=validate)
        self._session = session
        self._base = base
        self._key = key
        self._origin = origin
        self._running: asyncio.Task[None] | None = None
        self._response: aiohttp.ClientResponse | None = None
        self._leaving = False
        self.welcomes = 0
        self.streams = 0

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        await self.until(lambda: self.welcomes > 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving = True
        self._stop_timers()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    def end_stream(self) -> None:
        """End the stream; the next one begins at once, with the positions of now."""
        if self._response is not None:
            self._response.close()

    async def _transmit(self, frames: list[Frame]) -> None:
        up = [frame for frame in frames if frame["t"] not in _STREAM_ONLY]
        for start in range(0, len(up), _POST_MAX_FRAMES):
            await self._post(up[start : start + _POST_MAX_FRAMES])
        if len(up) < len(frames):
            self.end_stream()

    async def _post(self, frames: list[Frame]) -> None:
        headers = {"Origin": self._origin, "Content-Type": "application/json"}
        if self.state.token is not None:
            headers["Authorization"] = f"Bearer {self.state.token}"
        body = orjson.dumps({"frames": frames})
        url = f"{self._base}/frames/{self._key}"
        # A post that breaks off loses its frames; the outbox brings them again with the next stream.
        with contextlib.suppress(OSError, aiohttp.ClientError):
            async with self._session.post(url, data=body, headers=headers) as response:
                answer = orjson.loads(await response.read())
            if response.ok:
                await self._take_answers(answer["frames"])
            else:
                self._take_refusal(answer["error"])

    async def _take_answers(self, frames: list[Frame]) -> None:
        known = set(self.state.channels)
        await self._take(frames)
        if self.state.channels.keys() - known:
            self.end_stream()

    def _take_refusal(self, error: Frame) -> None:
        """The whole post was refused: its messages stay in the outbox."""
        self.state.errors.append(error)
        if error["code"] >= RETRIABLE_FROM:
            self._resend_in(error.get("retry_after", 0) / 1000)
        self._changed.set()

    async def _run(self) -> None:
        while not self._leaving:
            with contextlib.suppress(OSError, aiohttp.ClientError):
                await self._stream()
            self.state.disconnected()
            self._changed.set()
            await asyncio.sleep(0.05)

    async def _stream(self) -> None:
        headers = {"Origin": self._origin, "Content-Type": "application/json"}
        url = f"{self._base}/stream/{self._key}"
        timeout = aiohttp.ClientTimeout(total=None)
        hello = orjson.dumps(self.state.hello())
        async with self._session.post(url, data=hello, headers=headers, timeout=timeout) as response:
            self._response = response
            self.streams += 1
            try:
                async for line in response.content:
                    if line.strip():
                        await self._take_line(line)
            finally:
                self._response = None

    async def _take_line(self, line: bytes) -> None:
        received = orjson.loads(line)
        frames = received if isinstance(received, list) else [received]
        self.welcomes += sum(frame["t"] == "welcome" for frame in frames)
        await self._take(received)
