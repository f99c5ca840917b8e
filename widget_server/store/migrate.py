"""Bring a database's schema to the newest revision, or back. Blocking: call it from the command line or in a thread."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, create_engine, pool, select, table, text

from widget_server.store.database import Transaction
from widget_server.store.statement import Statement

FOLDER = Path(__file__).parent / "migrations"

_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version")))
_HAS_REVISIONS = Statement(
    sqlite=text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"),
    postgresql=text("SELECT 1 FROM information_schema.tables WHERE table_name = 'alembic_version'"),
)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision this program knows."""
    found = ScriptDirectory.from_config(_config("")).get_current_head()
    if found is None:
        raise RuntimeError("the program carries no revisions")
    return found


def known(revision: str) -> bool:
    """Whether this program knows ``revision``; if not, a newer program has been at the database."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config("")).walk_revisions())


def current(url: str) -> str | None:
    """The revision the database is at, or None where nothing has been created yet."""
    engine = create_engine(url, poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def upgrade(url: str, revision: str = "head") -> None:
    """Apply revisions up to ``revision``. Harmless to repeat; existing data is kept (S1.11).

    :raises NewerSchema: when the database was made by a newer program.
    """
    at = current(url)
    if at is not None and not known(at):
        raise NewerSchema(at)
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str = "-1") -> None:
    """Step back, by default the last revision (S2.30)."""
    command.downgrade(_config(url), revision)


class NewerSchema(Exception):
    """The database is at a revision that this program does not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at revision {revision}, which this version does not know; install a newer one"
        )


async def revision_of(tx: Transaction) -> str | None:
    """The revision as seen by an open database; None where nothing was created."""
    if not await tx.one(_HAS_REVISIONS):
        return None
    row = await tx.one(_REVISION)
    return str(row[0]) if row else None
