"""From a made application to a served one, and back.

Three listeners: the public one, the internal one (measures and health, never public) and the control socket in the
data directory, through which the command line speaks to a running server. A stop signal turns readiness off, stops the
public listener, lets the application's own hooks finish what was promised, and ends within ``drain_seconds``; a second
signal ends at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import threading
from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.ops.health import HEALTH, show_livez, show_readyz
from widget_server.ops.listening import BACKLOG, bind, bind_control
from widget_server.ops.logging import AccessLogger
from widget_server.ops.metrics import METRICS, show_metrics
from widget_server.ops.unread import answer_unread
from widget_server.settings import OperatorError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from widget_server.ops.supervisor import Worker
    from widget_server.settings import Settings

_log = logging.getLogger(__name__)

# Of the whole drain time, what is kept back for closing the store after the last handler was given up.
_RESERVE_SECONDS = 2.0

# How long a connection may stay without a whole request (S40): longer than proxies keep theirs, which is a minute.
_SILENCE_SECONDS = 75.0

# Sockets need a file each, and a shell gives a process no more than 1024 unless it asks.
_OPEN_FILES = 65_536


class Listeners:
    """The three listeners of one application. ``open`` them once, ``close`` them always, also when ``open`` failed.

    One of several workers shares the public listener; its internal port and control socket are counted on from those of
    the first.
    """

    def __init__(
        self, app: web.Application, control: web.Application, settings: Settings, worker: Worker | None = None
    ) -> None:
        self._settings = settings
        self._worker = worker
        number = worker.number if worker is not None else 0
        self._internal_port = settings.internal_port and settings.internal_port + number
        first = settings.control_socket
        self._control_socket = first.with_name(f"{first.stem}.{number}{first.suffix}") if number else first
        self._health = app[HEALTH]
        self._has_control_socket = False
        patience = max(0.0, settings.drain_seconds - _RESERVE_SECONDS)
        self._public = web.AppRunner(
            app, access_log_class=AccessLogger, shutdown_timeout=patience, keepalive_timeout=_SILENCE_SECONDS
        )
        self._internal = web.AppRunner(_make_internal(app), access_log=None, shutdown_timeout=0.5)
        self._control = web.AppRunner(control, access_log=None, shutdown_timeout=0.5)

    async def open(self) -> None:
        """Start the application and listen.

        Raises:
            OperatorError: a port is taken, the data directory is in use or cannot be used, or the application refused.
        """
        settings = self._settings
        make_data_dir(settings.data_dir)
        await self._internal.setup()
        await _listen(self._internal, bind(settings.internal_host, self._internal_port, "internal_port"))
        await self._public.setup()
        answer_unread(self._public)
        await self._control.setup()
        await web.SockSite(self._control, bind_control(self._control_socket)).start()
        self._has_control_socket = True
        shared = self._worker.sockets if self._worker is not None else None
        await _listen(self._public, shared or bind(settings.host, settings.port, "port"))

    @property
    def port(self) -> int:
        """The port of the public listener, also when the settings left the choice to the system."""
        return _port_of(self._public)

    @property
    def internal_port(self) -> int:
        """The port of the internal listener."""
        return _port_of(self._internal)

    async def close(self) -> None:
        """Drain and stop; readiness stays to be seen as false on the internal listener until the end."""
        self._health.drain()
        for site in self._public.sites:
            await site.stop()
        await self._control.cleanup()
        if self._has_control_socket:
            self._control_socket.unlink(missing_ok=True)
        await self._public.cleanup()
        await self._internal.cleanup()


async def serve(
    app: web.Application,
    control: web.Application,
    settings: Settings,
    *,
    on_ready: Callable[[Listeners], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
    worker: Worker | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then drain and return.

    One of several workers leaves SIGINT, and to end at once by a second signal, to its parent; when that is gone, it
    drains too.

    Args:
        app: the application, which carries its ``Health`` and ``Metrics``.
        control: what answers on the control socket.
        settings: where to listen and how long to drain.
        on_ready: called once all three listeners are open.
        on_stopping: called when the first stop signal came.
        worker: what makes this process one of several.

    Raises:
        OperatorError: the server could not start.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def stop_or_leave(name: str) -> None:
        if stop.is_set() and worker is None:
            _log.warning("Stopped at once by a second signal.", extra={"signal": name})
            os._exit(1)
        stop.set()

    listeners = Listeners(app, control, settings, worker)
    if worker is None:
        signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    else:
        signals = (signal.SIGTERM,)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _stop_with_parent(loop, worker.lifeline, stop)
    for number in signals:
        loop.add_signal_handler(number, stop_or_leave, number.name)
    try:
        allow_open_files()
        await listeners.open()
        quiet_garbage_collector()
        _log.info(
            "Ready." if worker is None else "Worker ready.", extra={"host": settings.host, "port": listeners.port}
        )
        if on_ready is not None:
            on_ready(listeners)
        if worker is not None:
            worker.tell_ready()
        await stop.wait()
        _log.info("Stopping; what is in flight is finished first.")
        if on_stopping is not None:
            on_stopping()
    finally:
        await listeners.close()
        for number in signals:
            loop.remove_signal_handler(number)
    _log.info("Stopped.")


def _stop_with_parent(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    def orphaned() -> None:
        loop.remove_reader(lifeline)
        _log.warning("The parent process is gone.")
        stop.set()

    loop.add_reader(lifeline, orphaned)


def allow_open_files() -> None:
    """Take as many open files as the system grants, up to what sockets can need; a limit that is higher stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))


def quiet_garbage_collector() -> None:
    """Look for cycles seldom, and never again among what was made at the start.

    A message makes hundreds of objects and not one cycle: with Python's own thresholds nearly a tenth of the time at
    full load went into looking for some (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run(main: Coroutine[None, None, None]) -> None:
    """Run ``main`` to its end on uvloop where that is installed, else on asyncio's own loop."""
    try:
        import uvloop  # noqa: PLC0415 - an extra; without it the standard loop serves as well
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def leave_within(seconds: float) -> None:
    """End this process after so many seconds even if something in it hangs: a stop signal is a promise."""

    def leave() -> None:
        _log.error("Not stopped in time; leaving what is left.", extra={"seconds": seconds})
        os._exit(1)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()


def _make_internal(app: web.Application) -> web.Application:
    internal = web.Application()
    internal[HEALTH] = app[HEALTH]
    internal[METRICS] = app[METRICS]
    internal.router.add_get("/livez", show_livez)
    internal.router.add_get("/readyz", show_readyz)
    internal.router.add_get("/metrics", show_metrics)
    return internal


async def _listen(runner: web.AppRunner, sockets: Sequence[socket.socket]) -> None:
    for listener in sockets:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()


def make_data_dir(path: Path) -> None:
    """Make the data directory, for its owner alone, where it does not exist.

    Raises:
        OperatorError: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"{path} cannot be made: {error.strerror}; set WIDGET_DATA_DIR to another place") from None


def _port_of(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])
