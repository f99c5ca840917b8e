"""`widget-server serve`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import click
from aiohttp import web

from widget_server.cli.database import check_schema, upgrade
from widget_server.ops import start
from widget_server.ops.logging import configure_logging
from widget_server.settings import Settings, load_settings


class Parts(NamedTuple):
    """What the top of the program hands down: how to make the application and what answers on its control socket."""

    make_app: Callable[[Settings], web.Application]
    make_control: Callable[[web.Application], web.Application]


@click.command()
@click.pass_obj
def serve(parts: Parts) -> None:
    """Serve the widget, the console and their sockets until a stop signal.

    An empty data directory gets its database; one that is older than this program is refused until `migrate` has run.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if check_schema(settings) is None:
        upgrade(settings)
    app = parts.make_app(settings)
    serving = start.serve(
        app,
        parts.make_control(app),
        settings,
        on_ready=partial(_say_ready, settings),
        on_stopping=partial(start.leave_within, settings.drain_seconds),
    )
    start.run(serving)


def _say_ready(settings: Settings, listeners: start.Listeners) -> None:
    where = f"{settings.host}:{listeners.port}"
    click.echo(f"Serving {settings.public_url} on {where}; the console is at {settings.public_url}/console")
