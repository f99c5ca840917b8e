"""`widget-server serve`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

import click
from aiohttp import web

from widget_server.cli.database import await_database, check_schema, upgrade, wait_option
from widget_server.cli.modes import HOOKS
from widget_server.ops import start
from widget_server.ops.listening import bind
from widget_server.ops.logging import LogFile, configure_logging, log_facts
from widget_server.ops.supervisor import Supervisor, Worker
from widget_server.settings import OperatorError, Settings, load_settings, variable_name

_log = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What the top of the program hands down: how to make the application and what answers on its control socket."""

    make_app: Callable[[Settings], web.Application]
    make_control: Callable[[web.Application], web.Application]
    begin: Callable[[web.Application], Awaitable[None]]
    """What one process of an installation does once the application runs, before it listens."""


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Processes that share the port, each a node of its own; more than one needs PostgreSQL and a broker.",
)
@click.option("--migrate", is_flag=True, help="Bring an older database to this program's schema first.")
@wait_option
@click.option("--require-mode", is_flag=True, help="Refuse to start unless WIDGET_MODE is set, as images do.")
@click.pass_obj
def serve(parts: Parts, *, workers: int, migrate: bool, patience_s: float, require_mode: bool) -> None:
    """Serve the widget, the console and their sockets until a stop signal.

    An empty data directory or database gets its tables; a database that is older than this program is refused until
    `migrate` has run.
    """
    settings = load_settings()
    _configure_logging(settings)
    if require_mode and "mode" not in settings.model_fields_set:
        raise OperatorError(f"{variable_name('mode')} is not set; set it to production, or say what else this is")
    if workers > 1:
        _check_shared(settings, workers)
    mode = HOOKS[settings.mode]
    mode.prepare(settings)
    if await_database(settings, patience_s) is None or migrate:
        upgrade(settings)
    check_schema(settings)
    mode.begin(settings)
    if workers == 1:
        _serve(parts, settings, on_ready=lambda listeners: _say_ready(settings, listeners.port))
    else:
        _serve_as_several(parts, settings, workers)


def _configure_logging(settings: Settings, worker: int | None = None) -> None:
    """Log as the settings say; each of several workers has a file for itself.

    Raises:
        OperatorError: the file cannot be written.
    """
    path, file = settings.log_file, None
    if path is not None:
        own = path if worker is None else path.with_name(f"{path.stem}.worker-{worker}{path.suffix}")
        file = LogFile(own, settings.log_file_max_bytes, settings.log_file_keep)
    stream = sys.stdout if settings.log_stream == "stdout" else None
    try:
        configure_logging(settings.log_level, settings.log_format, stream, file)
    except OSError as error:
        raise OperatorError(f"{variable_name('log_file')}: {path} cannot be written: {error.strerror}") from None


def _check_shared(settings: Settings, workers: int) -> None:
    """Refuse several processes on what belongs to one.

    Raises:
        OperatorError: what is missing, and what to set.
    """
    missing = []
    if settings.on_sqlite:
        missing.append(f"a PostgreSQL database ({variable_name('database_url')}=postgresql://…): SQLite has one writer")
    if settings.broker_url is None:
        missing.append(
            f"a broker ({variable_name('broker_url')}=redis://…): it tells each process what happened in another"
        )
    if missing:
        raise OperatorError(f"--workers {workers} needs {', and '.join(missing)}")


def _serve_as_several(parts: Parts, settings: Settings, workers: int) -> None:
    sockets = bind(settings.host, settings.port, "port")
    port = sockets[0].getsockname()[1]

    def on_ready() -> None:
        _log.info("Ready.", extra={"host": settings.host, "port": port, "workers": workers})
        _say_ready(settings, port)

    worker = Supervisor(workers, sockets, settings.drain_seconds, on_ready).run()
    if worker is not None:
        _configure_logging(settings, worker.number)
        with log_facts(worker=worker.number):
            _serve(parts, settings, worker=worker)


def _serve(
    parts: Parts,
    settings: Settings,
    *,
    on_ready: Callable[[start.Listeners], None] | None = None,
    worker: Worker | None = None,
) -> None:
    app = parts.make_app(settings)
    if worker is None or worker.number == 0:
        app.on_startup.append(parts.begin)
    serving = start.serve(
        app,
        parts.make_control(app),
        settings,
        on_ready=on_ready,
        on_stopping=partial(start.leave_within, settings.drain_seconds),
        worker=worker,
    )
    start.run(serving)


def _say_ready(settings: Settings, port: int) -> None:
    where = f"{settings.host}:{port}"
    told = f"Serving {settings.public_url} on {where}; the console is at {settings.public_url}/console"
    click.echo(told, err=settings.log_stream == "stdout")
