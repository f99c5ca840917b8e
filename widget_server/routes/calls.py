"""The bodies of the console's calls, in both directions."""

from __future__ import annotations

import orjson
from aiohttp import web

from widget_server.core.errors import Malformed
from widget_server.web.bodies import in_time


async def read_object(request: web.Request, *fields: str) -> dict[str, object]:
    """Return the JSON object that came; with ``fields``, one that has no others.

    Raises:
        Malformed: ``bad_request`` with what is wrong.
    """
    try:
        body = orjson.loads(await in_time(request.read()))
    except orjson.JSONDecodeError:
        raise Malformed("bad_request", where="the body is not JSON") from None
    if not isinstance(body, dict):
        raise Malformed("bad_request", where="the body is not a JSON object")
    if fields and not set(body) <= set(fields):
        raise Malformed("bad_request", where=f"the body has other fields than {', '.join(fields)}")
    return body


def json_answer(value: dict[str, object], *, status: int = 200) -> web.Response:
    """Return an answer that nobody keeps."""
    return web.Response(
        body=orjson.dumps(value),
        content_type="application/json",
        status=status,
        headers={"Cache-Control": "no-store"},
    )
