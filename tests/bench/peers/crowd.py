"""The limit of telling many: bare aiohttp sockets that are all sent the same bytes, encoded once."""

from __future__ import annotations

import sys

from aiohttp import WSMsgType, web

from tests.bench.peers.listening import serve
from tests.bench.peers.relay import ACK

_readers: list[web.WebSocketResponse] = []


async def read(request: web.Request) -> web.WebSocketResponse:
    """Serve one who reads: answer the first message, so that it knows that it is among them."""
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for _message in ws:
        _readers.append(ws)
        await ws.send_str(ACK)
    return ws


async def write(request: web.Request) -> web.WebSocketResponse:
    """Serve the one who writes: each message is acked, and goes to all readers as it is."""
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        data = message.data.encode()
        await ws.send_str(ACK)
        for reader in _readers:
            await reader.send_frame(data, WSMsgType.TEXT)
    return ws


async def make() -> web.Application:
    """The application with both kinds of sockets."""
    app = web.Application()
    app.router.add_get("/read", read)
    app.router.add_get("/write", write)
    return app


if __name__ == "__main__":
    serve(make, int(sys.argv[1]))
