"""A request's body has to arrive in time (S40): a byte now and then would hold a handler for as long as one likes.

And what it says of its type has to be short enough to be read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from aiohttp import web

from widget_server.core.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp.typedefs import Handler

T = TypeVar("T")

BODY_SECONDS: Final = 20.0
"""For the largest body, a few hundred kilobytes, over a slow telephone."""
UPLOAD_SECONDS: Final = 120.0
"""For a file of some megabytes, over the same one."""

_PARAMETERS_MAX: Final = 20


@web.middleware
async def check_type(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a type with more parameters than any program writes: reading them takes the square of their number."""
    if request.headers.get("Content-Type", "").count(";") > _PARAMETERS_MAX:
        raise Malformed("bad_request", where="Content-Type")
    return await handler(request)


async def in_time(reading: Awaitable[T], seconds: float | None = None) -> T:
    """Return what ``reading`` a body gives; without ``seconds`` it may take :data:`BODY_SECONDS`.

    Raises:
        Malformed: ``bad_request`` where it takes longer than that, is not packed as it says, or breaks off.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS if seconds is None else seconds):
            return await reading
    except TimeoutError:
        raise Malformed("bad_request", where="the body came too slowly") from None
    except (web.RequestPayloadError, ConnectionError):
        # Sent wrongly, or not to its end: the sender's failure and not ours.
        raise Malformed("bad_request", where="the body") from None
