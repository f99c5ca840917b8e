"""The mark of a database that is being filled from elsewhere: until all of it is there, nobody may serve from it.

It is a table of its own, made by a move or a restore and dropped by its last transaction; no revision knows it.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, Table, Text, bindparam, delete, insert, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store import migrate
from widget_server.store.database import Transaction
from widget_server.store.statement import Statement

_unfinished = Table(
    "unfinished", MetaData(), Column("name", Text, primary_key=True), Column("value", Text, nullable=False)
)
_HOW = "how to go on"

_TABLE = "CREATE TABLE IF NOT EXISTS unfinished (name TEXT PRIMARY KEY, value TEXT NOT NULL)"

_MAKE = Statement(text(_TABLE))
_DROP = Statement(text("DROP TABLE IF EXISTS unfinished"))
_ALL = Statement(select(_unfinished.c.name, _unfinished.c.value))
_FORGET = Statement(delete(_unfinished))


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(_unfinished).values(name=bindparam("name"), value=bindparam("value"))
    return row.on_conflict_do_update(index_elements=[_unfinished.c.name], set_={"value": row.excluded.value})


_PUT = Statement(sqlite=_put(sqlite.Insert), postgresql=_put(postgresql.Insert))


def how_to_go_on(url: str) -> str | None:
    """What whoever runs the server must do to finish the database at ``url``; None where it is whole. Blocking.

    :raises StoreUnavailable: when the database does not answer.
    """

    def look(connection: Connection) -> str | None:
        if not inspect(connection).has_table(_unfinished.name):
            return None
        how = connection.execute(select(_unfinished.c.value).where(_unfinished.c.name == _HOW)).scalar()
        return str(how)

    return migrate.connected(url, look)


def mark(connection: Connection, how: str) -> None:
    """Mark the database through a connection of SQLAlchemy's; :func:`begin` without notes."""
    connection.exec_driver_sql(_TABLE)
    connection.execute(delete(_unfinished))
    connection.execute(insert(_unfinished).values(name=_HOW, value=how))
    connection.commit()


def unmark(connection: Connection) -> None:
    """Take the mark away; the caller commits."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS unfinished")


async def begin(tx: Transaction, how: str) -> dict[str, str]:
    """Mark the database, and return what was noted in it by one who did not come to the end.

    :param how: what must be done to finish, as in "run again: …".
    """
    await tx.run(_MAKE)
    noted = {row[0]: row[1] for row in await tx.all(_ALL) if row[0] != _HOW}
    await note(tx, _HOW, how)
    return noted


async def note(tx: Transaction, name: str, value: str) -> None:
    """Keep how far the filling is, in the transaction that brought it there."""
    await tx.run(_PUT, name=name, value=value)


async def forget(tx: Transaction) -> None:
    """Drop all notes: the filling begins anew."""
    await tx.run(_FORGET)


async def end(tx: Transaction) -> None:
    """Take the mark away: all is there."""
    await tx.run(_DROP)
