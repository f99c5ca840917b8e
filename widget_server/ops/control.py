"""The control socket: HTTP over a unix socket that only the server's own user can open.

``POST /verbs/NAME`` runs a verb in the server's process, so that there is never a second writer beside it. Answers are
JSON; an error has the one shape that all errors have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from widget_server.core.errors import Malformed, ProductError, Refused
from widget_server.ops.verbs import VERBS, Means
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.encode import error_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler

_MEANS: web.AppKey[Callable[[], Means]] = web.AppKey("means")


def make_control(means: Callable[[], Means]) -> web.Application:
    """Return the application of the control socket.

    Args:
        means: called for each verb; the store may be opened after this application was made.
    """
    control = web.Application(middlewares=[_answer_errors])
    control[_MEANS] = means
    control.router.add_post("/verbs/{name}", _run_verb)
    return control


async def _run_verb(request: web.Request) -> web.Response:
    verb = VERBS.get(request.match_info["name"])
    if verb is None:
        raise Refused("not_found")
    try:
        values = orjson.loads(await request.read())
        answer = await verb(request.app[_MEANS](), values)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Malformed("malformed", where=type(error).__name__) from error
    return _json(answer)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProductError as error:
        return _json({"error": error_body(error)}, status=ERRORS[error.name].http)


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
