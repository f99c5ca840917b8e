"""From a database's address to the engine that serves it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from widget_server.store.database import Database
from widget_server.store.search import Index
from widget_server.store.search_postgresql import PostgreSQLIndex
from widget_server.store.search_sqlite import FILE, SQLiteIndex
from widget_server.store.sqlite import SQLiteDatabase

SQLITE = "sqlite:///"


class MissingDriver(Exception):
    """The package that speaks to this kind of database is not installed; the text says how to get it."""


def database_of(
    url: str, *, connections: int = 10, transaction_pooling: bool = False, slow_query_ms: int = 0
) -> Database:
    """A database that is not open yet.

    :param url: ``sqlite:///path`` or ``postgresql://user:password@host:port/name``.
    :param connections: most connections to a PostgreSQL server.
    :param transaction_pooling: whether a transaction-pooling PgBouncer (or the like) stands before it.
    :param slow_query_ms: from how many milliseconds on a query is logged; 0 logs none.
    :raises MissingDriver: for PostgreSQL without asyncpg.
    """
    slow_s = slow_query_ms / 1000
    if url.startswith(SQLITE):
        return SQLiteDatabase(Path(url.removeprefix(SQLITE)), slow_s=slow_s)
    check_driver(url)
    from widget_server.store.postgresql import PostgreSQLDatabase  # noqa: PLC0415 - an extra: SQLite runs without it

    return PostgreSQLDatabase(url, connections=connections, transaction_pooling=transaction_pooling, slow_s=slow_s)


def check_driver(url: str) -> None:
    """See that this kind of database can be spoken to.

    :raises MissingDriver: for PostgreSQL without asyncpg.
    """
    if not url.startswith(SQLITE) and find_spec("asyncpg") is None:
        raise MissingDriver("PostgreSQL needs the driver asyncpg; run: pip install 'widget-server[postgres]'")


def index_of(database: Database, data_dir: Path, *, slow_query_ms: int = 0) -> Index:
    """The index of words beside a database, not open yet.

    :param data_dir: where its file is, beside SQLite.
    :param slow_query_ms: from how many milliseconds on a question to the file is logged; 0 logs none.
    """
    if database.dialect == "sqlite":
        return SQLiteIndex(data_dir / FILE, slow_s=slow_query_ms / 1000)
    return PostgreSQLIndex(database)
