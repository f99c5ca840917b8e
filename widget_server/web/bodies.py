"""A request's body has to arrive in time (S40): a byte now and then would hold a handler for as long as one likes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from widget_server.core.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")

BODY_SECONDS: Final = 20.0
"""For the largest body, a few hundred kilobytes, over a slow telephone."""


async def in_time(reading: Awaitable[T]) -> T:
    """Return what ``reading`` a body gives.

    Raises:
        Malformed: ``bad_request`` where it takes longer than :data:`BODY_SECONDS`.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await reading
    except TimeoutError:
        raise Malformed("bad_request", where="the body came too slowly") from None
