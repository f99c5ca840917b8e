"""What a database of any revision holds, asked through a connection of ``migrate.connected``.

Also how a copy is made to begin another past: without an epoch, so that the next start makes a new one and clients that
are ahead of the copy load afresh instead of skipping.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, column, delete, func, inspect, literal_column, select, table, update

from widget_server.store.migrate import revision_seen
from widget_server.store.tables import installation

_OWN_ACCOUNT = frozenset({"alembic_version", "installation", "unfinished"})
"""Tables in which a database speaks of itself."""


class Contents(NamedTuple):
    """What is in a database at one moment."""

    revision: str | None
    epoch: str | None
    rows: dict[str, int]
    """How many each table has, by its name."""


def contents_of(connection: Connection) -> Contents:
    """Read what the database holds, on the connection's snapshot."""
    names = sorted(inspect(connection).get_table_names())
    epoch = None
    if installation.name in names:
        wanted = select(installation.c.value).where(installation.c.name == "epoch")
        epoch = connection.execute(wanted).scalar()
    rows = {name: _count(connection, name) for name in names if name not in _OWN_ACCOUNT}
    return Contents(revision_seen(connection), epoch, rows)


def is_empty(connection: Connection) -> bool:
    """Whether nobody has written anything yet."""
    names = set(inspect(connection).get_table_names()) - _OWN_ACCOUNT
    return all(
        connection.execute(select(literal_column("1")).select_from(table(name)).limit(1)).first() is None
        for name in names
    )


def begin_another_past(connection: Connection) -> None:
    """Take the epoch away, and on PostgreSQL the stamps, which are numbers of another server's transactions."""
    connection.execute(delete(installation).where(installation.c.name.in_(["epoch", "mark"])))
    if connection.dialect.name != "postgresql":
        return
    inspector = inspect(connection)
    for name in inspector.get_table_names():
        if any(found["name"] == "stamp" for found in inspector.get_columns(name)):
            stamped = table(name, column("stamp"))
            connection.execute(update(stamped).where(stamped.c.stamp != 0).values(stamp=literal_column("0")))


def _count(connection: Connection, name: str) -> int:
    return int(connection.execute(select(func.count()).select_from(table(name))).scalar() or 0)
