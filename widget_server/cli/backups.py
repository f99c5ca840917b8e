"""`widget-server backup` and `widget-server restore`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from widget_server.cli.database import check_known, refuse_in_use, told_plainly
from widget_server.cli.progress import show_progress
from widget_server.ops.backup import make_backup
from widget_server.ops.restore import restore_backup
from widget_server.ops.start import make_data_dir
from widget_server.settings import OperatorError, load_settings
from widget_server.store import migrate as revisions

_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.command()
@_folder
def backup(folder: Path) -> None:
    """Back up the database into FOLDER, which must not exist; servers go on meanwhile.

    FOLDER holds the copy and manifest.json with checksums. All that was acknowledged before the start is in it.
    """
    settings = load_settings()
    if check_known(settings) is None:
        raise OperatorError(f"there is no database at {settings.database_place}; nothing to back up")
    began = time.monotonic()
    with told_plainly(settings):
        manifest = make_backup(settings.database_url, folder, show_progress)
    click.echo(
        f"{folder}: {manifest.row_count:,} rows of {manifest.begun_at} in {manifest.size / 1e6:,.1f} MB, "
        f"{time.monotonic() - began:,.1f} s."
    )


@click.command()
@_folder
@click.option("--replace", is_flag=True, help="Give up what the database holds.")
def restore(folder: Path, *, replace: bool) -> None:
    """Fill the database with the backup in FOLDER; no server may use it.

    The copy is checked before anything is touched. With SQLite the file before is kept beside the new one. Browsers
    that are ahead of the backup load afresh when they come back.
    """
    settings = load_settings()
    if settings.on_sqlite:
        make_data_dir(settings.data_dir)
    refuse_in_use(settings)
    began = time.monotonic()
    with told_plainly(settings):
        manifest = restore_backup(settings.database_url, folder, replace=replace, report=show_progress)
    click.echo(
        f"{settings.database_place}: {manifest.row_count:,} rows of {manifest.begun_at}, "
        f"{time.monotonic() - began:,.1f} s."
    )
    if manifest.revision != revisions.head():
        click.echo("The backup is older than this program; run: widget-server migrate", err=True)
