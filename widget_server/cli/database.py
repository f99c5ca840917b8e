"""`widget-server migrate`, and what other verbs ask about the database and its schema."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager

import click
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from widget_server.ops.listening import is_answered
from widget_server.ops.start import make_data_dir
from widget_server.settings import OperatorError, Settings, load_settings, variable_name
from widget_server.store import migrate as revisions
from widget_server.store import unfinished
from widget_server.store.database import StoreUnavailable

BETWEEN_TRIES_S = 2.0

wait_option = click.option(
    "--wait",
    "patience_s",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="How long to wait for a database that does not answer yet.",
)


class _Unreached(OperatorError):
    """The database does not answer; it may when it is asked later."""


def check_schema(settings: Settings) -> str | None:
    """Return the revision of the database, or None where there is no database yet.

    Raises:
        OperatorError: the database is older than this program or was not filled to its end; or the file is none, or
            cannot be opened; or the server does not answer.
        NewerSchema: it is newer.
    """
    at = check_known(settings)
    if at is not None and at != revisions.head():
        raise OperatorError(
            f"{settings.database_place} is at revision {at}, older than this program; run: widget-server migrate"
        )
    return at


def check_known(settings: Settings) -> str | None:
    """Return the revision of the database, also an older one, or None where there is no database yet.

    Raises:
        OperatorError: as `check_schema`, but for an older one.
        NewerSchema: it is newer than this program.
    """
    at = _revision(settings)
    if at is None:
        return None
    if not revisions.known(at):
        raise revisions.NewerSchema(at)
    with told_plainly(settings):
        how = unfinished.how_to_go_on(settings.database_url)
    if how is not None:
        raise OperatorError(f"{settings.database_place} is not complete; {how}")
    return at


def upgrade(settings: Settings) -> None:
    """Create the database or bring it to the newest revision; what it holds is kept.

    Raises:
        OperatorError: the file is no database, or cannot be opened or written; or the server does not answer.
        NewerSchema: it is newer than this program.
    """
    make_data_dir(settings.data_dir)
    with told_plainly(settings):
        revisions.upgrade(settings.database_url)


def refuse_in_use(settings: Settings) -> None:
    """See that no server uses the database.

    Raises:
        OperatorError: one does.
    """
    if settings.on_sqlite:
        in_use = settings.database_path.exists() and _is_locked(settings)
    else:
        with told_plainly(settings):
            in_use = revisions.connected(settings.database_url, _has_servers)
    if in_use:
        raise OperatorError(f"a server uses {settings.database_place}; stop it first")


def _is_locked(settings: Settings) -> bool:
    try:
        with revisions.file_lock(settings.database_path):
            return False
    except revisions.InUse:
        return True


def _has_servers(connection: Connection) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'widget-server'"
        " AND pid <> pg_backend_pid() LIMIT 1"
    )
    return found.first() is not None


def await_database(settings: Settings, patience_s: float) -> str | None:
    """Return the revision of the database once it answers; a line on standard error tells of each try that failed.

    Args:
        settings: of the installation.
        patience_s: seconds after which it is given up.

    Raises:
        OperatorError: it did not answer in time, or the file is none.
    """
    ends = time.monotonic() + patience_s
    while True:
        try:
            return _revision(settings)
        except _Unreached as error:
            left = ends - time.monotonic()
            if left <= 0:
                raise
            click.echo(f"Waiting: {error}", err=True)
            time.sleep(min(BETWEEN_TRIES_S, left))


def _revision(settings: Settings) -> str | None:
    if settings.on_sqlite and not settings.database_path.exists():
        return None
    with told_plainly(settings):
        return revisions.current(settings.database_url)


@contextmanager
def told_plainly(settings: Settings) -> Generator[None]:
    """Turn what the database says of itself into an `OperatorError` for whoever runs the server."""
    try:
        yield
    except StoreUnavailable as error:
        if settings.on_sqlite:
            raise
        name = variable_name("database_url")
        raise _Unreached(f"{settings.database_place} does not answer ({error}); start it, or check {name}") from error
    except (DatabaseError, sqlite3.Error) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error
        raise OperatorError(f"{settings.database_place} cannot be used: {reason}") from error


@click.command()
@click.option("--back", is_flag=True, help="Undo the last revision instead.")
@wait_option
def migrate(*, back: bool, patience_s: float) -> None:
    """Create the database, or bring it to this program's schema.

    Harmless to repeat; what the database holds is kept. With SQLite stop the server first; with PostgreSQL servers of
    the release before may go on.
    """
    settings = load_settings()
    if (settings.on_sqlite or back) and is_answered(settings.control_socket):
        raise OperatorError("a server uses the database; stop it first")
    at = await_database(settings, patience_s)
    if back:
        if at is None:
            raise OperatorError("there is no database to step back in")
        check_schema(settings)
        with told_plainly(settings):
            revisions.downgrade(settings.database_url)
    else:
        upgrade(settings)
    click.echo(f"The database is at revision {revisions.current(settings.database_url) or 'none'}.")
