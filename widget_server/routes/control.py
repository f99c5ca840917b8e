"""What answers on the control socket in the data directory: the command line's way to a running server.

Only whoever may open the socket file (mode 0600) speaks here, so that nobody is asked who they are.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from widget_server.actions.actors import Agent
from widget_server.actions.resume import resume
from widget_server.core.errors import ProductError, Refused
from widget_server.core.ids import is_uuid
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.ops.verbs import VERBS, Means
from widget_server.protocol.encode import error_body
from widget_server.routes.desk import Desk
from widget_server.store.records import Author

if TYPE_CHECKING:
    from widget_server.hub.switchboard import Published

MEANS = web.AppKey("means", Means)
CONTROL_DESK: Final = web.AppKey("control_desk", Desk)

_OPERATOR: Final = Agent(
    Author(0, "", "operator"), Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)})), session_id=0
)
_WAITING_MAX = 1_000


async def run_verb(request: web.Request) -> web.Response:
    """``POST /verbs/NAME``: a verb of ``ops.verbs`` with a JSON object of values."""
    verb = VERBS.get(request.match_info["name"])
    if verb is None:
        raise web.HTTPNotFound
    try:
        answer = await verb(request.app[MEANS], orjson.loads(await request.read()))
    except ProductError as error:
        answer = {"error": error_body(error)}
    return web.Response(body=orjson.dumps(answer), content_type="application/json")


class _Follower:
    """A listener that only listens: nobody sees it, and it writes nothing."""

    person_id = None

    def __init__(self) -> None:
        self.lines: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_MAX)

    def _put(self, data: bytes | None) -> None:
        try:
            self.lines.put_nowait(data)
        except asyncio.QueueFull:
            # The terminal does not keep up; it is told to begin again by the end of the stream.
            self.lines.get_nowait()
            self.lines.put_nowait(None)

    def on_event(self, event: Published) -> None:
        self._put(event.data)

    def on_ephemeral(self, _channel: str, data: bytes) -> None:
        self._put(data)

    def on_own(self, _channel: str, _data: bytes) -> None:
        """Nothing is this listener's own."""

    def on_gap(self, _channel: str) -> None:
        self._put(None)


async def follow(request: web.Request) -> web.StreamResponse:
    """``GET /follow/CHANNEL``: a conversation as newline-delimited frames: a resume, then live ones."""
    engine = request.app[CONTROL_DESK].engine
    channel = request.match_info["channel"]
    if not is_uuid(channel):
        return _nothing_there()
    follower = _Follower()
    engine.switchboard.subscribe(channel, follower)
    try:
        found = await engine.database.read(lambda tx: resume(tx, _OPERATOR, engine.epoch, channel, None))
        if found.access is None or found.opened.version is None:
            return _nothing_there()
        engine.switchboard.at(channel, found.opened.version, follower, found.marks)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for data in found.opened.frames:
            await response.write(data + b"\n")
        with suppress(ConnectionError):
            while (line := await follower.lines.get()) is not None:
                await response.write(line + b"\n")
        return response
    finally:
        engine.switchboard.unsubscribe(channel, follower)


def _nothing_there() -> web.Response:
    body = orjson.dumps({"error": error_body(Refused("not_found"))})
    return web.Response(status=404, body=body, content_type="application/json")
