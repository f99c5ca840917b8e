"""A backup: one consistent copy of the database, made while servers go on, and the list of what is in it.

SQLite's file is copied by its own backup interface from one snapshot that a reading connection holds: nothing that the
server writes meanwhile begins the copy anew, and there is no second writer. PostgreSQL is dumped by ``pg_dump``, and
its rows are counted, on one exported snapshot. Either way the backup holds all that was acknowledged before it began.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from widget_server import __version__
from widget_server.ops import erasures
from widget_server.ops.file_folder import FOLDER, copy_files
from widget_server.ops.manifest import Manifest, describe
from widget_server.ops.pg_programs import run_program
from widget_server.settings import OperatorError
from widget_server.store import migrate
from widget_server.store.contents import Contents, contents_of, erased_in
from widget_server.store.engines import SQLITE
from widget_server.store.search_queries import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from widget_server.ops.manifest import Report

SQLITE_FILE: Final = "database.sqlite"
POSTGRESQL_FILE: Final = "database.dump"
_PAGES_A_STEP: Final = 1024


def make_backup(
    url: str, folder: Path, report: Report, *, erased: Mapping[str, int], files: Path | None = None
) -> Manifest:
    """Back up the database at ``url`` into ``folder``, which is there only once it is complete.

    Args:
        url: of a database that has its tables.
        folder: a place that does not exist yet.
        report: where it is told how far the work is.
        erased: the list of erasures outside the database; it goes along, with whom the copy knows to be erased.
        files: the folder in which files are, if they are in one; it goes along.

    Raises:
        OperatorError: the folder exists, cannot be written, or a program that is needed failed.
    """
    if folder.exists():
        raise OperatorError(f"{folder} exists already; a backup never overwrites, name another folder")
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        manifest = _fill(url, partial, report, erased, files)
        manifest.write(partial)
        for path in (*partial.rglob("*"), partial):
            _sync(path)
        partial.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _fill(url: str, folder: Path, report: Report, erased: Mapping[str, int], files: Path | None) -> Manifest:
    begun_at = _now()
    if url.startswith(SQLITE):
        name = SQLITE_FILE
        contents = _copy_sqlite(Path(url.removeprefix(SQLITE)), folder / name, report)
    else:
        name = POSTGRESQL_FILE
        contents = migrate.connected(url, lambda connection: _dump(connection, url, folder / name, report))
    if contents.revision is None:
        raise OperatorError("the database has no tables yet; there is nothing to back up")
    source = f"{SQLITE}{folder / name}" if name == SQLITE_FILE else url
    (folder / erasures.NAME).touch(mode=0o600)
    erasures.add_to_list(folder, {**erased, **migrate.connected(source, erased_in)})
    carried = [] if files is None else copy_files(files, folder / FOLDER, report)
    return Manifest(
        version=__version__,
        engine="sqlite" if name == SQLITE_FILE else "postgresql",
        revision=contents.revision,
        epoch=contents.epoch,
        begun_at=begun_at,
        rows=contents.rows,
        files=[
            describe(folder, file, report) for file in (name, erasures.NAME, *(f"{FOLDER}/{each}" for each in carried))
        ],
        finished_at=_now(),
    )


def _copy_sqlite(path: Path, copy: Path, report: Report) -> Contents:
    with (
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(copy, isolation_level=None)) as target,
    ):
        source.execute("BEGIN")
        pages = source.execute("PRAGMA page_count").fetchone()[0]
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with report("copying", pages, "pages") as advance:
            done = 0

            def tell(_status: int, left: int, total: int) -> None:
                nonlocal done
                advance(total - left - done)
                done = total - left

            source.backup(target, pages=_PAGES_A_STEP, progress=tell)
        target.execute("PRAGMA journal_mode=DELETE")
        damage = find_damage(target, "PRAGMA quick_check")
    if damage is not None:
        raise OperatorError(f"{path} is damaged ({damage}); restore an earlier backup")
    return migrate.connected(f"{SQLITE}{copy}", contents_of)


def find_damage(connection: sqlite3.Connection, check: str) -> str | None:
    """Return what is wrong with a SQLite file, by one of its pragmas that check, or None."""
    try:
        found = str(connection.execute(check).fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else found


def _dump(connection: Connection, url: str, dump: Path, report: Report) -> Contents:
    connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
    contents = contents_of(connection)
    with report("dumping", sum(contents.rows.values()), "rows") as advance:
        run_program(
            "pg_dump",
            url,
            [
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={dump}",
                # It is made anew from what is dumped.
                *(f"--exclude-table={name}" for name in TABLES),
            ],
            contents.rows,
            advance,
        )
    return contents


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
