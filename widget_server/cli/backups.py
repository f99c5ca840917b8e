"""`widget-server backup` and `widget-server restore`."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from widget_server.cli.database import check_known, refuse_in_use, told_plainly
from widget_server.cli.means import open_means
from widget_server.cli.progress import show_progress
from widget_server.ops import erasures
from widget_server.ops.backup import make_backup
from widget_server.ops.file_folder import FOLDER, copy_files
from widget_server.ops.restore import restore_backup
from widget_server.ops.start import make_data_dir
from widget_server.settings import OperatorError, Settings, load_settings
from widget_server.store import migrate as revisions
from widget_server.store.contents import erased_in
from widget_server.store.database import StoreUnavailable

_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.command()
@_folder
def backup(folder: Path) -> None:
    """Back up the database and the files into FOLDER, which must not exist; servers go on meanwhile.

    FOLDER holds the copies and manifest.json with checksums. All that was acknowledged before the start is in it; files
    in a store that speaks S3 are backed up there.
    """
    settings = load_settings()
    if check_known(settings) is None:
        raise OperatorError(f"there is no database at {settings.database_place}; nothing to back up")
    began = time.monotonic()
    with told_plainly(settings):
        manifest = make_backup(
            settings.database_url,
            folder,
            show_progress,
            erased=erasures.read_list(settings.data_dir),
            files=settings.files_folder if settings.are_files_in_a_folder else None,
        )
    click.echo(
        f"{folder}: {manifest.row_count:,} rows of {manifest.begun_at} in {manifest.size / 1e6:,.1f} MB, "
        f"{time.monotonic() - began:,.1f} s."
    )
    if not settings.are_files_in_a_folder:
        click.echo(f"The files are not in it: they are in {settings.files_url}. Back them up there.", err=True)


@click.command()
@_folder
@click.option("--replace", is_flag=True, help="Give up what the database holds.")
@click.option(
    "--erased",
    "other",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    multiple=True,
    help="A newer backup, or another data directory: whoever is on its list of erasures does not come back.",
)
def restore(folder: Path, *, replace: bool, other: tuple[Path, ...]) -> None:
    """Fill the database with the backup in FOLDER; no server may use it.

    The copy is checked before anything is touched. With SQLite the file before is kept beside the new one. Browsers
    that are ahead of the backup load afresh when they come back. Whoever was erased since, as far as this data
    directory, the backup and the database before know, is erased again.
    """
    settings = load_settings()
    make_data_dir(settings.data_dir)
    refuse_in_use(settings)
    began = time.monotonic()
    erased = _erased(settings, folder, *other)
    with told_plainly(settings):
        manifest = restore_backup(settings.database_url, folder, replace=replace, erased=erased, report=show_progress)
        if settings.are_files_in_a_folder:
            copy_files(folder / FOLDER, settings.files_folder, show_progress)
        erasures.add_to_list(settings.data_dir, erased)
        is_current = manifest.revision == revisions.head()
        back = asyncio.run(_erase_again(settings)) if is_current and erased else 0
    click.echo(
        f"{settings.database_place}: {manifest.row_count:,} rows of {manifest.begun_at}, "
        f"{time.monotonic() - began:,.1f} s."
    )
    if back:
        click.echo(f"{back} people who were erased since are erased again.")
    if not is_current:
        click.echo("The backup is older than this program; run: widget-server migrate", err=True)


def _erased(settings: Settings, *folders: Path) -> dict[str, int]:
    """Return who was erased, as far as the lists outside and the database that is about to be replaced know."""
    erased: dict[str, int] = {}
    for folder in (*folders, settings.data_dir):
        erased |= erasures.read_list(folder)
    # One that is damaged or missing is why somebody restores: the lists outside are there for that.
    with suppress(SQLAlchemyError, StoreUnavailable, OSError):
        if not settings.on_sqlite or settings.database_path.exists():
            erased |= revisions.connected(settings.database_url, erased_in)
    return erased


async def _erase_again(settings: Settings) -> int:
    async with open_means(settings) as means:
        return await erasures.settle(means.db, settings.data_dir, means.clock.now_ms())
