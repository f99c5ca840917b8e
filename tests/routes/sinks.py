"""A receiver of webhooks, as somebody else would write one: it checks the signature, and fails as it is told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

LOCAL = "127.0.0.0/8"
PATIENCE_SECONDS = 80.0


class Sink:
    """What arrived, and how it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.arrived = 0
        """How many came, also those that are not answered yet."""
        self.tried: list[dict[str, Any]] = []
        """Everything that came, also what was not taken."""
        self.taken: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 200
        self.held: asyncio.Event | None = None
        """Where it is set: no answer before."""
        self._news = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        """Take one event."""
        body = await request.read()
        async with self._news:
            self.arrived += 1
            self._news.notify_all()
        if self.held is not None:
            await self.held.wait()
        if self.secret:
            signed = request.headers["Support-Chat-Timestamp"].encode() + b"." + body
            expected = "v1=" + hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(expected, request.headers["Support-Chat-Signature"])
        event = json.loads(body)
        assert event["id"] == request.headers["Support-Chat-Event"]
        status = self.answer(event)
        async with self._news:
            self.tried.append(event)
            self.headers.append(dict(request.headers))
            if status == 200:
                self.taken.append(event)
            self._news.notify_all()
        return web.Response(status=status)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it to hold, looked at with every event."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(holds)

    async def until_tried(self, count: int) -> None:
        """Wait until so many came, taken or not."""
        await self.until(lambda: len(self.tried) >= count)


@asynccontextmanager
async def sink() -> AsyncGenerator[Sink]:
    """A sink that is served."""
    sink = Sink()
    app = web.Application()
    app.router.add_post("/hook", sink.take)
    async with TestServer(app) as server:
        sink.url = str(server.make_url("/hook"))
        yield sink
