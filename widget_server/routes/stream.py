"""The HTTP fallback, with the session's rules: a stream of frames down, posts up.

The stream is the answer to a POST whose body is ``hello``; each post is authorised by itself, performed by a session of
its own and answered in its own response, so that any node can take it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from widget_server.actions.access import access_visitor
from widget_server.actions.actors import Visitor
from widget_server.core.errors import Malformed, Refused, TryLater
from widget_server.hub.outbound import Outbound
from widget_server.routes.connection import Connection
from widget_server.routes.desk import DESK, Desk
from widget_server.routes.entrance import Caller, agent_calling, visitor_calling
from widget_server.web.bodies import in_time
from widget_server.web.origins import cors, preflight_headers

if TYPE_CHECKING:
    from widget_server.protocol.session import Session

log = logging.getLogger(__name__)

POSTED_MAX: Final = 50
_ANSWER_S: Final = 10.0
_POSTED: TypeAdapter[dict[str, list[Any]]] = TypeAdapter(dict[str, list[Any]])


async def visitor_stream(request: web.Request) -> web.StreamResponse:
    """``POST /stream/SITE_KEY``."""
    return await _stream(request, await visitor_calling(request))


async def console_stream(request: web.Request) -> web.StreamResponse:
    """``POST /stream/console``."""
    return await _stream(request, await agent_calling(request))


async def visitor_frames(request: web.Request) -> web.StreamResponse:
    """``POST /frames/SITE_KEY`` with ``Authorization: Bearer TOKEN``."""
    caller = await visitor_calling(request)
    desk = request.app[DESK]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not isinstance(caller.actor, Visitor):
        raise Refused("signed_out")
    visitor = caller.actor
    desk.take_token(visitor, token.strip())
    visitor.author = await desk.engine.database.read(lambda tx: access_visitor(tx, visitor))
    return await _frames(request, caller)


async def console_frames(request: web.Request) -> web.StreamResponse:
    """``POST /frames/console``. The Origin check stands in for a token: the frames are JSON, which no form can post."""
    if request.content_type != "application/json":
        raise Refused("forged")
    return await _frames(request, await agent_calling(request))


async def preflight(request: web.Request) -> web.Response:
    """``OPTIONS`` of a visitor's stream and posts."""
    caller = await visitor_calling(request)
    return web.Response(status=204, headers=preflight_headers(caller.origin))


async def _stream(request: web.Request, caller: Caller) -> web.StreamResponse:
    desk = request.app[DESK]
    desk.check_room(caller.address)
    body = await in_time(_body(request, desk))
    response = web.StreamResponse(headers=_headers(caller) | {"Content-Type": "application/x-ndjson"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    line = _StreamLine(request, response)
    connection = line.connect(desk, caller)
    try:
        await connection.receive(body)
        await line.closed(desk.settings.heartbeat_seconds)
    finally:
        connection.gone()
        desk.connections.remove(connection)
        desk.sockets[caller.kind].dec()
    return response


def _headers(caller: Caller) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
    if caller.is_agent:
        return headers
    return headers | cors(caller.origin)


async def _body(request: web.Request, desk: Desk) -> bytes:
    limit = desk.settings.frame_max_bytes
    body = await request.content.read(limit + 1)
    while len(body) <= limit and (more := await request.content.read(limit + 1 - len(body))):
        body += more
    if len(body) > limit:
        raise Malformed("too_large", limit=limit)
    return body


class _StreamLine:
    """A response that never ends, as a line."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._request = request
        self._response = response
        self._closed = asyncio.Event()
        self._beat = asyncio.Lock()
        self._session: Session | None = None

    def connect(self, desk: Desk, caller: Caller) -> Connection:
        outbound = Outbound(
            desk.turn,
            _never,
            self._write,
            self._close,
            self._abort,
            frames_max=desk.settings.outbound_frames_max,
            bytes_max=desk.settings.outbound_bytes_max,
            slow=desk.metrics.slow_readers.inc,
        )
        limits = desk.limits_of(caller.site_key, caller.address)
        session = desk.session(limits, speaker=caller.speaker)
        connection = Connection(
            desk, session, outbound, limits, caller.actor, caller.address, caller.site, caller.client
        )
        desk.connections.add(connection)
        desk.sockets[caller.kind].inc()
        self._session = session
        return connection

    async def _write(self, data: bytes) -> None:
        async with self._beat:
            await self._response.write(data + b"\n")

    async def _close(self, code: int, reason: bytes) -> None:
        told = {"t": "closed", "code": code} | (orjson.loads(reason) if reason else {})
        await self._response.write(orjson.dumps(told) + b"\n")
        self._closed.set()

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
        self._closed.set()

    async def closed(self, heartbeat_s: float) -> None:
        """Return when the line was closed or has broken; an empty line now and then tells that it is alive."""
        while not self._closed.is_set():
            try:
                await asyncio.wait_for(self._closed.wait(), heartbeat_s)
            except TimeoutError:
                try:
                    # The peer's page is alive as long as the stream is read: it has no other way to say so.
                    await self._write(b"")
                except (ConnectionError, RuntimeError):
                    return
                if self._session is not None:
                    self._session.alive_at = self._request.app[DESK].now()


async def _frames(request: web.Request, caller: Caller) -> web.Response:
    desk = request.app[DESK]
    frames = _posted(await in_time(_body(request, desk)))
    answers: list[bytes] = []

    async def collect(data: bytes) -> None:
        answers.append(data)

    outbound = Outbound(
        desk.turn, _never, collect, _nothing, _nothing_more,
        frames_max=10_000, bytes_max=64 * 1024 * 1024, slow=desk.metrics.slow_readers.inc,
    )  # fmt: skip
    limits = desk.limits_of(caller.site_key, caller.address)
    if isinstance(caller.actor, Visitor):
        limits.know_visitor(caller.actor.token_hash)
        limits.share_frames(caller.actor.token_hash)
    elif caller.actor.author is not None:
        limits.share_frames(caller.actor.author.public_id)
    session = desk.session(limits, speaker=caller.speaker, posting=True)
    connection = Connection(desk, session, outbound, limits, caller.actor, caller.address, caller.site, caller.client)
    for frame in frames:
        await connection.receive(json.dumps(frame, ensure_ascii=False))
    try:
        async with asyncio.timeout(_ANSWER_S):
            await connection.settled()
            await outbound.finished()
    except TimeoutError:
        log.warning("a post was not answered in time", extra={"frames": len(frames)})
        raise TryLater("unavailable", 1_000) from None
    finally:
        connection.gone()
    body = b'{"frames":[' + b",".join(_flat(answers)) + b"]}"
    return web.Response(body=body, content_type="application/json", headers=_headers(caller))


def _posted(body: bytes) -> list[Any]:
    try:
        frames = _POSTED.validate_json(body, strict=True)["frames"]
    except (ValidationError, KeyError):
        raise Malformed("malformed", where="a post is an object with frames") from None
    if len(frames) > POSTED_MAX:
        raise Malformed("malformed", where=f"a post takes {POSTED_MAX} frames")
    return frames


def _flat(answers: list[bytes]) -> list[bytes]:
    """Messages of one frame or an array of frames, as frames."""
    return [data[1:-1] if data.startswith(b"[") else data for data in answers]


def _never(_data: bytes) -> bool:
    """A chunk of a response always goes through aiohttp's own writer."""
    return False


async def _nothing(_code: int, _reason: bytes) -> None:
    """A post has no line to close."""


def _nothing_more() -> None:
    """Nor one to drop."""
