"""The limit: a bare aiohttp relay that neither parses nor stores.

A visitor's text message is answered by an ack, and copied to the agent of the same pair. A binary message of either
side (a receipt) is copied to the other.
"""

from __future__ import annotations

import sys

from aiohttp import WSMsgType, web

from tests.bench.peers.listening import serve

ACK = '{"t":"ack","ref":10000000,"seq":10000000,"version":10000000,"at":"2026-01-01T00:00:00.000Z"}'

_sockets: dict[tuple[str, str], web.WebSocketResponse] = {}


async def relay(request: web.Request) -> web.WebSocketResponse:
    """Serve one side of one pair, named by the query."""
    pair, side = request.query["pair"], request.query["side"]
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    _sockets[pair, side] = ws
    other = (pair, "agent" if side == "visitor" else "visitor")
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await ws.send_str(ACK)
            await _sockets[other].send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await _sockets[other].send_bytes(message.data)
    return ws


async def hold(request: web.Request) -> web.WebSocketResponse:
    """Serve one side of nothing: answer the first message and stay."""
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for _message in ws:
        await ws.send_str(ACK)
    return ws


async def make() -> web.Application:
    """The application with both kinds of sockets."""
    app = web.Application()
    app.router.add_get("/relay", relay)
    app.router.add_get("/hold", hold)
    return app


if __name__ == "__main__":
    serve(make, int(sys.argv[1]))
