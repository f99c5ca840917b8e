"""From a backup to a database that servers may use: checked before anything is touched, and of another epoch.

A SQLite file is made ready beside the old one and put in its place; the old one is kept. PostgreSQL's tables come in
one transaction, under a mark that keeps servers away until the last step is done.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from widget_server.ops.backup import POSTGRESQL_FILE, SQLITE_FILE, find_damage
from widget_server.ops.manifest import check_files, read_manifest
from widget_server.ops.pg_programs import run_program
from widget_server.settings import OperatorError
from widget_server.store import migrate, unfinished
from widget_server.store.contents import begin_another_past, contents_of, is_empty, put_erasures_due
from widget_server.store.engines import SQLITE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from widget_server.ops.manifest import Manifest, Report

_BLOCK = 1 << 20
_HOW = "finish the restore into it, run again: widget-server restore --replace FOLDER"


def restore_backup(url: str, folder: Path, *, replace: bool, erased: Collection[str], report: Report) -> Manifest:
    """Fill the database at ``url`` with the backup in ``folder``. No server may use it.

    Args:
        url: of the database, of the kind that was backed up.
        folder: of the backup.
        replace: whether what the database holds is given up.
        erased: who must not come back with it; :func:`erasures.settle` sees to it, at the next start at the latest.
        report: where it is told how far the work is.

    Raises:
        OperatorError: the backup is not whole or not of this kind, the database holds something, or a step failed.
        NewerSchema: the backup was made by a newer program.
    """
    manifest = read_manifest(folder)
    engine = "sqlite" if url.startswith(SQLITE) else "postgresql"
    if manifest.engine != engine:
        raise OperatorError(
            f"this backup is of {manifest.engine}, the database is {engine}; restore it into one of its own kind, then"
            " use: widget-server move"
        )
    if not migrate.known(manifest.revision):
        raise migrate.NewerSchema(manifest.revision)
    check_files(folder, manifest, report)
    if engine == "sqlite":
        _restore_sqlite(
            Path(url.removeprefix(SQLITE)), folder / SQLITE_FILE, manifest, erased, replace=replace, report=report
        )
    else:
        _restore_postgresql(url, folder / POSTGRESQL_FILE, manifest, erased, replace=replace, report=report)
    return manifest


def _restore_sqlite(
    path: Path, backup: Path, manifest: Manifest, erased: Collection[str], *, replace: bool, report: Report
) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with migrate.file_lock(path):
        if path.exists() and not replace and not migrate.connected(f"{SQLITE}{path}", is_empty):
            raise _not_empty(str(path))
        ready = path.with_name(f"{path.name}.restoring")
        try:
            _copy(backup, ready, report)
            _see_that_it_is_sound(ready)
            _see_that_all_came(migrate.connected(f"{SQLITE}{ready}", _counted), manifest.rows)
            migrate.connected(f"{SQLITE}{ready}", lambda connection: _begin_another_past(connection, erased))
            if path.exists():
                _put_aside(path)
            ready.replace(path)
        except OSError as error:
            raise OperatorError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            ready.unlink(missing_ok=True)


def _copy(backup: Path, copy: Path, report: Report) -> None:
    with (
        backup.open("rb") as source,
        copy.open("wb") as target,
        report("copying", backup.stat().st_size, "bytes") as advance,
    ):
        while block := source.read(_BLOCK):
            target.write(block)
            advance(len(block))


def _see_that_it_is_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as copy:
        damage = find_damage(copy, "PRAGMA integrity_check")
        dangling = copy.execute("PRAGMA foreign_key_check").fetchone() if damage is None else None
    if dangling is not None:
        damage = f"rows of {dangling[0]} refer to nothing"
    if damage is not None:
        raise OperatorError(f"the backup is damaged: {damage}")


def _put_aside(path: Path) -> None:
    """Keep the old file under another name, whole and without a log that would be played into the new one."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        old.execute("PRAGMA journal_mode=DELETE")
    path.replace(path.with_name(f"{path.name}.replaced"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _restore_postgresql(
    url: str, dump: Path, manifest: Manifest, erased: Collection[str], *, replace: bool, report: Report
) -> None:
    if shutil.which("pg_restore") is None:
        raise OperatorError("pg_restore is not installed; run: apt-get install postgresql-client")
    if not replace and not migrate.connected(url, is_empty):
        raise _not_empty("the database")
    migrate.connected(url, lambda connection: unfinished.mark(connection, _HOW))
    with report("restoring", manifest.row_count, "rows") as advance:
        run_program(
            "pg_restore",
            url,
            ["--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges", str(dump)],
            manifest.rows,
            advance,
        )
    _see_that_all_came(migrate.connected(url, _counted), manifest.rows)
    migrate.connected(url, lambda connection: _finish(connection, erased))


def _finish(connection: Connection, erased: Collection[str]) -> None:
    begin_another_past(connection)
    put_erasures_due(connection, erased)
    unfinished.unmark(connection)
    connection.exec_driver_sql("ANALYZE")
    connection.commit()


def _begin_another_past(connection: Connection, erased: Collection[str]) -> None:
    begin_another_past(connection)
    put_erasures_due(connection, erased)
    connection.commit()


def _counted(connection: Connection) -> dict[str, int]:
    return contents_of(connection).rows


def _see_that_all_came(found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    for name, rows in expected.items():
        if found.get(name) != rows:
            raise OperatorError(f"{name} has {found.get(name, 0):,} rows, not the {rows:,} that were backed up")


def _not_empty(what: str) -> OperatorError:
    return OperatorError(f"{what} holds data; restore into an empty one, or give that up with --replace")
