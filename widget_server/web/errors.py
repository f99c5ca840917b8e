"""Every error has one shape, whatever raised it: JSON for programs, a page of ours for browsers (S45).

A person is told what to do, and the request's id; the log is told what happened. What nobody foresaw is told as
"internal" and nothing more.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from widget_server.core.errors import Malformed, ProductError, Refused, TryLater
from widget_server.core.text import to_translate
from widget_server.ops.logging import REQUEST_ID
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.encode import error_body
from widget_server.store.database import StoreUnavailable
from widget_server.web.assets import MissingBundle
from widget_server.web.csp import page_policy
from widget_server.web.forms import WRITTEN
from widget_server.web.origins import CHECKED_ORIGIN, cors

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from widget_server.web.templating import Templates

_PATIENCE_MS: Final = 5_000
_FOR_PROGRAMS: Final = "/api/v1/"

_PAGES: Final[dict[int, tuple[str, str]]] = {
    400: (
        to_translate("This request cannot be read"),
        to_translate("Go back, load the page again, and try once more."),
    ),
    401: (to_translate("Sign in first"), to_translate("This page is only for people who are signed in.")),
    403: (
        to_translate("You may not do this"),
        to_translate("Sign in with another account, or ask the people who run this site."),
    ),
    404: (
        to_translate("There is nothing here"),
        to_translate("The address may be mistyped, or what was here is gone."),
    ),
    405: (
        to_translate("This address is not used in this way"),
        to_translate("Go back, and use the buttons of the page."),
    ),
    413: (to_translate("This is too large"), to_translate("Go back, and send something smaller.")),
    429: (to_translate("That was a lot at once"), to_translate("Wait a little before you try again.")),
    500: (
        to_translate("Something went wrong on our side"),
        to_translate("It was written down. If it happens again, tell the people who run this site the number below."),
    ),
    503: (
        to_translate("This is not available at the moment"),
        to_translate("What was saved is not lost. Load the page again in a moment."),
    ),
}
"""What a page says by its status: a heading, and what to do. A status without a row takes that of its hundred."""

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
            response = _answer(request, named(request, error), templates)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = error.headers["Allow"]
            return response

    return tell


_FOR_WHO_RUNS_IT: Final = frozenset({"not_built"})
"""Passing states that pass when a person does what their sentence says."""


def _has_begun(request: web.Request) -> bool:
    """Whether an answer is on its way already (a stream, a socket): nothing can be put in its place."""
    return request.writer.output_size > 0


def wants_page(request: web.BaseRequest) -> bool:
    """Return whether a person looks at the answer: browsers name HTML when they open a page, and only then.

    The API answers programs, whatever they say they take.
    """
    return "text/html" in request.headers.get("Accept", "") and _FOR_PROGRAMS not in request.path


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
    code = ERRORS[error.name]
    heading, advice = _PAGES[code.http if code.http in _PAGES else code.http // 100 * 100]
    # What programs do by themselves, a person does: the sentence of a passing state is not meant for them.
    is_passing = isinstance(error, TryLater) and error.name not in _FOR_WHO_RUNS_IT
    message = "" if is_passing else error_body(error, templates.say)["message"]
    response = templates.page(
        "error",
        {
            "heading": templates.say(heading),
            "advice": templates.say(advice),
            "message": message,
            "code": code.number,
            "request_id": request.get(REQUEST_ID, ""),
            "written": request.get(WRITTEN, {}),
            "again_at": int(time.time() * 1000) + error.retry_after_ms if isinstance(error, TryLater) else None,
        },
        policy=page_policy(),
        status=code.http,
    )
    return _timed(response, error)


def _timed(response: web.Response, error: ProductError) -> web.Response:
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(max(1, -(-error.retry_after_ms // 1000)))
    return response


def named(request: web.Request, error: Exception) -> ProductError:
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
