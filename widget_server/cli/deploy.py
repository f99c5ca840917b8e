"""`widget-server deploy`: all that stands between a new program and serving."""

from __future__ import annotations

import time

import click

from widget_server.cli.database import BETWEEN_TRIES_S, await_database, upgrade
from widget_server.cli.means import run_verb
from widget_server.ops.verbs import Values
from widget_server.settings import Settings, load_settings
from widget_server.store import migrate
from widget_server.store.database import StoreUnavailable


@click.command()
@click.option(
    "--wait",
    "patience_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a database that does not answer yet.",
)
def deploy(patience_s: float) -> None:
    """Wait for the database, bring it to this program's schema, and insert the roles that are missing.

    Harmless to repeat, and several may run at once. What an administrator has changed of a role stays.
    """
    settings = load_settings()
    ends = time.monotonic() + patience_s
    await_database(settings, patience_s)
    upgrade(settings)
    made = _ensure_roles(settings, ends)["made"]
    click.echo(f"The database is at revision {migrate.current(settings.database_url)}; roles inserted: {made}.")


def _ensure_roles(settings: Settings, ends: float) -> Values:
    """Have the roles inserted, by the server where one runs; who has the file for a moment is waited for."""
    while True:
        try:
            return run_verb(settings, "ensure-roles", {})
        except StoreUnavailable:
            if time.monotonic() >= ends:
                raise
            time.sleep(BETWEEN_TRIES_S / 10)
