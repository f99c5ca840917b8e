"""The WebSockets: ``/ws/SITE_KEY`` for visitors, ``/ws/console`` for agents, ``/ws/pages`` for readers."""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import TYPE_CHECKING, Final

from aiohttp import WSCloseCode, WSMsgType, web

from widget_server.core.errors import Malformed
from widget_server.hub.outbound import Outbound
from widget_server.protocol import encode
from widget_server.routes.connection import Connection
from widget_server.routes.desk import DESK, Desk
from widget_server.routes.entrance import Caller, agent_calling, reader_calling, visitor_calling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_WRITER_LIMIT = 64 * 1024
"""Bytes after which a write waits for the transport: what waits longer is counted by ``Outbound``."""
_TURN = 32
"""Frames of one socket after which the others have their turn."""


async def visitor_socket(request: web.Request) -> web.StreamResponse:
    """``GET /ws/SITE_KEY``: the Origin is checked against that site's list before the 101 (S01)."""
    return await _serve(request, await visitor_calling(request))


async def console_socket(request: web.Request) -> web.StreamResponse:
    """``GET /ws/console``: only our own origin, only somebody who is signed in."""
    return await _serve(request, await agent_calling(request))


async def pages_socket(request: web.Request) -> web.StreamResponse:
    """``GET /ws/pages``: only our own origin; a member by their session, or a guest."""
    return await _serve(request, await reader_calling(request))


async def _serve(request: web.Request, caller: Caller) -> web.StreamResponse:
    desk = request.app[DESK]
    desk.check_room(caller.address)
    settings = desk.settings
    ws = web.WebSocketResponse(
        heartbeat=settings.heartbeat_seconds,
        compress=False,
        max_msg_size=settings.frame_max_bytes + 1,
        writer_limit=_WRITER_LIMIT,
        decode_text=False,
        timeout=1.0,
        autoclose=False,
    )
    await ws.prepare(request)
    ended = asyncio.Event()
    connection = _connect(desk, caller, request, ws, ended)
    try:
        await _read(ws, connection)
    finally:
        ended.set()
        connection.gone()
        desk.connections.remove(connection)
        desk.sockets[caller.kind].dec()
        _let_go(request, ws)
    await connection.outbound.finished()
    if connection.outbound.closing:
        # Its close frame has been sent: a second one, which aiohttp would send now, is a fault (RFC 6455 §5.5.1), and a
        # browser then tells its page nothing of the code in the first.
        ws._set_closed()
    return ws


def _let_go(request: web.Request, ws: web.WebSocketResponse) -> None:
    """Cut what aiohttp leaves tied around an ended line, so that its memory goes with it (G11).

    The collector looks seldom (``ops.start.quiet_garbage_collector``): 12 KiB of every line would wait for it.
    """
    # Nothing public stops the heartbeat of a line that broke, or takes its callback away.
    ws._cancel_heartbeat()
    request.protocol._data_received_cb = None
    error = ws.exception()
    if error is not None:
        # Its frames hold the socket that holds it.
        error.__traceback__ = error.__context__ = None


def _connect(
    desk: Desk, caller: Caller, request: web.Request, ws: web.WebSocketResponse, ended: asyncio.Event
) -> Connection:
    def abort() -> None:
        if request.transport is not None:
            request.transport.abort()

    outbound = Outbound(
        desk.turn,
        _writer_now(request.transport),
        _writer(ws),
        _closer(ws, ended),
        abort,
        frames_max=desk.settings.outbound_frames_max,
        bytes_max=desk.settings.outbound_bytes_max,
        slow=desk.metrics.slow_readers.inc,
    )
    limits = desk.limits_of(caller.site_key, caller.address)
    session = desk.session(limits, speaker=caller.speaker)
    connection = Connection(desk, session, outbound, limits, caller.actor, caller.address, caller.site, caller.client)
    desk.connections.add(connection)
    desk.sockets[caller.kind].inc()
    return connection


def _writer_now(transport: asyncio.Transport | None) -> Callable[[bytes], bool]:
    """Writes a message as one frame where the transport holds nothing back.

    That is nearly always, and costs a third of the way through aiohttp's writer, which is what counts where one event
    goes to a thousand sockets. Everything else is left to that writer: waiting, and what has been closed.
    """

    def write_now(data: bytes) -> bool:
        if transport is None or transport.get_write_buffer_size() or transport.is_closing():
            return False
        transport.write(_FRAMED.of(data))
        return True

    return write_now


class _Framed:
    """A message as one text frame (RFC 6455 §5.2). The last one is kept: what a thousand sockets get is framed once."""

    __slots__ = ("_data", "_frame")

    def __init__(self) -> None:
        self._data: bytes | None = None
        self._frame = b""

    def of(self, data: bytes) -> bytes:
        if data is not self._data:
            size = len(data)
            if size < 126:
                head = bytes((0x81, size))
            elif size < 65536:
                head = b"\x81\x7e" + size.to_bytes(2, "big")
            else:
                head = b"\x81\x7f" + size.to_bytes(8, "big")
            self._data, self._frame = data, head + data
        return self._frame


_FRAMED: Final = _Framed()


def _writer(ws: web.WebSocketResponse) -> Callable[[bytes], Awaitable[None]]:
    async def write(data: bytes) -> None:
        await ws.send_frame(data, WSMsgType.TEXT)

    return write


def _closer(ws: web.WebSocketResponse, ended: asyncio.Event) -> Callable[[int, bytes], Awaitable[None]]:
    async def close(code: int, reason: bytes) -> None:
        """Send the close frame, and read on until the client has answered it or is gone.

        aiohttp's own ``close`` drops the line at once where a task reads from it; what the client has sent meanwhile
        then makes the system reset the connection, and the client loses the code and the hint.
        """
        await ws.send_frame(struct.pack("!H", code) + reason, WSMsgType.CLOSE)
        await ended.wait()

    return close


async def _read(ws: web.WebSocketResponse, connection: Connection) -> None:
    turn = 0
    async for message in ws:
        if connection.outbound.closing:
            continue
        turn += 1
        if turn % _TURN == 0:
            # What a socket has sent at once can be thousands of frames, and none of them waits for anything.
            await asyncio.sleep(0)
        if message.type is WSMsgType.TEXT:
            await connection.receive(message.data)
        elif message.type is WSMsgType.BINARY:
            connection.outbound.push(encode.error(Malformed("malformed", where="frames are text")))
            connection.outbound.end(WSCloseCode.UNSUPPORTED_DATA)
        elif message.type is WSMsgType.ERROR:
            log.debug("a socket broke: %s", ws.exception())
