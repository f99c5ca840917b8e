"""`widget-server move`: an installation's data from one database into another."""

from __future__ import annotations

import asyncio
import time

import click

from widget_server.actions.engine import Clock
from widget_server.cli.database import check_schema, refuse_in_use, upgrade
from widget_server.cli.progress import show_progress
from widget_server.ops.secret import read_secret_file
from widget_server.settings import OperatorError, Settings, load_settings
from widget_server.store.copying import Moved, MoveRefused, move
from widget_server.store.engines import database_of
from widget_server.store.installation import keep_secret


@click.command("move")
@click.option("--from", "source_url", required=True, metavar="URL", help="The database that is read, and left alone.")
@click.option("--to", "target_url", metavar="URL", help="The one that is filled; that of the settings when left out.")
@click.option("--restart", is_flag=True, help="Drop what an interrupted move has brought, and begin anew.")
def move_data(source_url: str, target_url: str | None, *, restart: bool) -> None:
    """Copy all data from one database into another, between SQLite and PostgreSQL too.

    No server may use either. The target must be empty; its tables are made. Afterwards both sides are read and
    compared. An interrupted move goes on where it was when the same command runs again.
    """
    settings = load_settings()
    source = _on(settings, source_url)
    target = _on(settings, target_url) if target_url is not None else settings
    if source.database_url == target.database_url:
        raise OperatorError("both sides are the same database; name another one with --to")
    if check_schema(source) is None:
        raise OperatorError(f"there is no database at {source.database_place}")
    refuse_in_use(source)
    upgrade(target)
    refuse_in_use(target)
    began = time.monotonic()
    moved = asyncio.run(_move(source, target, restart=restart))
    seconds = time.monotonic() - began
    click.echo(
        f"{moved.rows:,} rows are in {target.database_place} and compared, {moved.copied:,} of them copied now, in "
        f"{seconds:,.1f} s ({moved.copied / max(0.001, seconds):,.0f}/s). Start the server on it."
    )


def _on(settings: Settings, url: str) -> Settings:
    """Return the settings with another database.

    Raises:
        OperatorError: the address cannot be taken.
    """
    checked = load_settings({"WIDGET_DATABASE_URL": url}, None)
    return settings.model_copy(update={"database_url": checked.database_url, "database_host": None})


async def _move(source: Settings, target: Settings, *, restart: bool) -> Moved:
    reading, writing = (
        database_of(
            side.database_url,
            connections=side.database_connections,
            transaction_pooling=side.database_transaction_pooling,
        )
        for side in (source, target)
    )
    how = "finish the move into it, run again: widget-server move --from … (docs/operating.md)"
    try:
        await reading.open()
        await writing.open()
        moved = await move(reading, writing, fresh=Clock().uuid(), how=how, restart=restart, report=show_progress)
        key = read_secret_file(source)
        if key is not None and not target.on_sqlite:
            # What was signed before, such as the forms on open pages, holds afterwards.
            await keep_secret(writing, key)
    except MoveRefused as error:
        raise OperatorError(f"{target.database_place}: {error}") from error
    finally:
        await reading.close()
        await writing.close()
    return moved
