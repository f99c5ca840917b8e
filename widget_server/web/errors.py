"""Every error has one shape, whatever raised it: JSON for programs, a page of ours for browsers (S45).

A person is told what to do, and the request's id; the log is told what happened. What nobody foresaw is told as
"internal" and nothing more.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from widget_server.core.errors import Malformed, ProductError, Refused, TryLater
from widget_server.ops.logging import REQUEST_ID
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.encode import error_body
from widget_server.store.database import StoreUnavailable
from widget_server.web.assets import MissingBundle
from widget_server.web.csp import page_policy
from widget_server.web.origins import CHECKED_ORIGIN, cors

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from widget_server.web.templating import Templates

_PATIENCE_MS: Final = 5_000

_log = logging.getLogger(__name__)


def tell_errors(templates: Templates) -> Middleware:
    """Return the middleware that answers with the error's shape instead of letting anything through.

    Args:
        templates: of the page for browsers.
    """

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            if _has_begun(request) or (isinstance(error, web.HTTPException) and error.status < 400):
                raise
            response = _answer(request, _named(request, error), templates)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = error.headers["Allow"]
            return response

    return tell


def _has_begun(request: web.Request) -> bool:
    """Whether an answer is on its way already (a stream, a socket): nothing can be put in its place."""
    return request.writer.output_size > 0


def wants_page(request: web.BaseRequest) -> bool:
    """Return whether a person looks at the answer: browsers name HTML when they open a page, and only then."""
    return "text/html" in request.headers.get("Accept", "")


def error_response(request: web.BaseRequest, error: ProductError) -> web.Response:
    """Return the error's JSON shape: ``{"error": {code, name, message, retry_after?, request}}``."""
    body = error_body(error) | {"request": request.get(REQUEST_ID, "")}
    response = web.Response(
        body=orjson.dumps({"error": body}), content_type="application/json", status=ERRORS[error.name].http
    )
    if CHECKED_ORIGIN in request:
        response.headers.update(cors(request[CHECKED_ORIGIN]))
    return _timed(response, error)


def _answer(request: web.Request, error: ProductError, templates: Templates) -> web.Response:
    if not wants_page(request):
        return error_response(request, error)
    told = error_body(error)
    response = templates.page(
        request,
        "error",
        {"message": told["message"], "code": told["code"], "request_id": request.get(REQUEST_ID, "")},
        policy=page_policy(),
        status=ERRORS[error.name].http,
    )
    return _timed(response, error)


def _timed(response: web.Response, error: ProductError) -> web.Response:
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(max(1, -(-error.retry_after_ms // 1000)))
    return response


def _named(request: web.Request, error: Exception) -> ProductError:
    """Return what is told of an error, and log what is not."""
    match error:
        case Refused():
            _log.info("Refused.", extra={"reason": error.name, "method": request.method, "path": request.path})
            return error
        case ProductError():
            return error
        case web.HTTPException():
            return _named_by_status(request, error)
        case StoreUnavailable():
            _log.error("The store cannot be used.", extra={"reason": str(error)})
            return TryLater("unavailable", _PATIENCE_MS)
        case MissingBundle():
            _log.error("The browser's part was not built; run: make build", extra={"bundle": str(error)})
            return TryLater("not_built", _PATIENCE_MS)
        case _:
            _log.error("A request failed.", exc_info=error, extra={"method": request.method, "path": request.path})
            return TryLater("internal", _PATIENCE_MS)


def _named_by_status(request: web.Request, error: web.HTTPException) -> ProductError:
    """Return our own error for one that aiohttp raised."""
    match error:
        case web.HTTPNotFound():
            return Refused("not_found")
        case web.HTTPForbidden():
            return Refused("not_allowed")
        case web.HTTPMethodNotAllowed():
            return Malformed("wrong_method")
        case web.HTTPRequestEntityTooLarge():
            return Malformed("too_large", limit=request.client_max_size)
        case _ if error.status < 500:
            return Malformed("bad_request", where=error.reason)
        case _:
            return TryLater("internal", _PATIENCE_MS)
