"""How long a test waits for what must happen, and the waiting where nothing tells of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 30.0
"""Longest wait for something that must happen; far above what it takes, so that a slow machine fails no test."""
START_SECONDS = 120.0
"""The same for a process of its own to come up or to end."""
_PAUSE_SECONDS = 0.01

T = TypeVar("T")


async def eventually(holds: Callable[[], bool]) -> None:
    """Return when ``holds()``; looks a hundred times a second.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for is told by no event of this loop
            await asyncio.sleep(_PAUSE_SECONDS)


async def until_read(read: Callable[[], Awaitable[T]], holds: Callable[[T], object] = bool) -> T:
    """Read again and again until what was read ``holds``, and return it.

    Raises:
        TimeoutError: it never did; the message has what was read last.
    """
    last: object = None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await read()
                if holds(found):
                    return found
                last = found
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError as error:
        raise TimeoutError(f"never came; read last: {last!r}") from error
