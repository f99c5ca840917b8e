"""`widget-server migrate`, and what other verbs ask about the schema."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import click
from sqlalchemy.exc import DatabaseError

from widget_server.ops.start import is_answered, make_data_dir
from widget_server.settings import OperatorError, Settings, load_settings
from widget_server.store import migrate as revisions


def check_schema(settings: Settings) -> str | None:
    """Return the revision of the database, or None where there is no database yet.

    Raises:
        OperatorError: the database is older than this program, or the file is none or cannot be opened.
        NewerSchema: it is newer.
    """
    if not settings.database_path.exists():
        return None
    with _told_plainly(settings):
        at = revisions.current(settings.database_url)
    if at is None:
        return None
    if not revisions.known(at):
        raise revisions.NewerSchema(at)
    if at != revisions.head():
        raise OperatorError(f"the database is at revision {at}, older than this program; run: widget-server migrate")
    return at


def upgrade(settings: Settings) -> None:
    """Create the database or bring it to the newest revision; what it holds is kept.

    Raises:
        OperatorError: the file is no database, or cannot be opened or written.
        NewerSchema: it is newer than this program.
    """
    make_data_dir(settings.data_dir)
    with _told_plainly(settings):
        revisions.upgrade(settings.database_url)


@contextmanager
def _told_plainly(settings: Settings) -> Generator[None]:
    """Turn what the database says of itself into a line for whoever runs the server."""
    try:
        yield
    except DatabaseError as error:
        raise OperatorError(f"{settings.database_path} cannot be used: {error.orig}") from error


@click.command()
@click.option("--back", is_flag=True, help="Undo the last revision instead.")
def migrate(*, back: bool) -> None:
    """Create the database, or bring it to this program's schema.

    Harmless to repeat; what the database holds is kept. Stop the server first.
    """
    settings = load_settings()
    if is_answered(settings.control_socket):
        raise OperatorError("a server uses the database; stop it first")
    if back:
        if check_schema(settings) is None:
            raise OperatorError("there is no database to step back in")
        with _told_plainly(settings):
            revisions.downgrade(settings.database_url)
    else:
        upgrade(settings)
    click.echo(f"The database is at revision {revisions.current(settings.database_url) or 'none'}.")
