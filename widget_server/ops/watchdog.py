"""Notices that the event loop hangs, from outside of it: says where, and keeps the server from being called ready.

A loop that hangs answers nothing, ``/livez`` included. What it hangs in is known only while it does, so a thread looks.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from widget_server.ops.health import HEALTH
from widget_server.ops.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

_log = logging.getLogger(__name__)

LIMIT_SECONDS: Final = 5.0
"""Longer than this no loop may be away."""
_BEAT_SECONDS: Final = 1.0
_PROBATION_SECONDS: Final = 10.0
"""So long after it has hung, a server is not called ready."""
_FRAMES: Final = 12


class Watchdog:
    """Watches the loop and thread it is made in.

    Args:
        limit_seconds: how long the loop may be away.
        probation_seconds: how long after that it is not trusted.
    """

    def __init__(self, *, limit_seconds: float = LIMIT_SECONDS, probation_seconds: float = _PROBATION_SECONDS) -> None:
        self._limit = limit_seconds
        self._probation = probation_seconds
        self._loop_thread = threading.get_ident()
        self._turned = time.monotonic()
        self._hung_until: float | None = None
        self._is_told = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self.hangs = 0
        """How often the loop was away for too long."""

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def turned(self) -> None:
        """The loop turns; to be called from it, more often than the limit."""
        now = time.monotonic()
        if now - self._turned > self._limit:
            self._hung_until = now
        self._turned = now
        self._is_told = False

    async def check(self) -> str | None:
        """For readiness: what is wrong with the loop."""
        if self._hung_until is not None and time.monotonic() - self._hung_until < self._probation:
            return f"the event loop was stuck for more than {self._limit:g} s; the log says in what"
        return None

    def _watch(self) -> None:
        while not self._stop.wait(self._limit / 5):
            away = time.monotonic() - self._turned
            if away > self._limit and not self._is_told:
                self._is_told = True
                self.hangs += 1
                _log.critical("The event loop is stuck.", extra={"seconds": round(away, 1), "where": self._where()})

    def _where(self) -> str:
        """The innermost lines of code that the loop's thread is in: places, never values."""
        frame = sys._current_frames().get(self._loop_thread)
        lines = traceback.extract_stack(frame)[-_FRAMES:] if frame is not None else []
        return " < ".join(f"{line.name} ({line.filename}:{line.lineno})" for line in reversed(lines))


async def watch_loop(app: web.Application) -> AsyncGenerator[None]:
    """Measure once a second how late the loop is, and watch that it turns; a cleanup context of the application."""
    metrics, watchdog = app[METRICS], Watchdog()
    app[HEALTH].add("loop", watchdog.check)
    metrics.watch_hangs(lambda: watchdog.hangs)

    async def beat() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _BEAT_SECONDS
            await asyncio.sleep(_BEAT_SECONDS)
            metrics.loop_lag_seconds.set(max(0.0, loop.time() - due))
            watchdog.turned()

    watchdog.start()
    task = asyncio.create_task(beat(), name="loop lag")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await asyncio.to_thread(watchdog.stop)
