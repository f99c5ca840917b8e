"""What cannot be read as a request at all is answered in the one shape of errors too (S45, S41).

aiohttp refuses it before there is a request that a route or a middleware could see, and would tell what it stumbled
over, in its answer and in the log.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override

from widget_server.core.errors import Malformed, ProductError, TryLater
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.encode import error_body

if TYPE_CHECKING:
    from aiohttp.web_runner import BaseRunner

_PATIENCE_MS = 5_000

_log = logging.getLogger(__name__)


class _Handler(RequestHandler):
    """A connection that says of what it cannot read no more than that."""

    __slots__ = ()

    @override
    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        request_id = secrets.token_hex(8)
        facts = {"request": request_id, "reason": type(exc).__name__, "status": status}
        if status < 500:
            # Strangers send anything to an open port.
            _log.info("Not a request.", extra=facts)
        else:
            _log.error("A request failed outside of its handler.", exc_info=exc, extra=facts)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        error: ProductError = TryLater("internal", _PATIENCE_MS)
        if status < 500:
            error = Malformed("bad_request", where="its head or its framing")
        response = web.Response(
            body=orjson.dumps({"error": error_body(error) | {"request": request_id}}),
            content_type="application/json",
            status=status if status < 500 else ERRORS[error.name].http,
            headers={"X-Request-Id": request_id, "Cache-Control": "no-store"},
        )
        response.force_close()
        return response


class _Server(web.Server):
    @override
    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


def answer_unread(runner: BaseRunner) -> None:
    """Have a runner's connections answer so; after its set-up, before it listens.

    aiohttp has no place where another kind of connection could be handed in: the server that a runner has made becomes
    one of ours. A test pins what that stands on.
    """
    server = runner.server
    if type(server) is not web.Server:
        raise RuntimeError("the runner is not set up")
    server.__class__ = _Server
