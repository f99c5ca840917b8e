"""What a database of any revision holds, asked through a connection of ``migrate.connected``.

Also how a copy is made to begin another past: without an epoch, so that the next start makes a new one and clients that
are ahead of the copy load afresh instead of skipping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from sqlalchemy import Connection, column, delete, func, insert, inspect, literal_column, select, table, update

from widget_server.store.migrate import revision_seen
from widget_server.store.search_queries import TABLES
from widget_server.store.tables import installation

if TYPE_CHECKING:
    from collections.abc import Collection

_OWN_ACCOUNT = frozenset({"alembic_version", "installation", "unfinished", *TABLES})
"""Tables in which a database speaks of itself, also by an index that is made anew from the others."""


ERASURES_DUE: Final = "erasures_due"
"""Where a restored database says whom it must forget."""


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


def erased_in(connection: Connection) -> dict[str, int]:
    """Return who was erased (public names) and when, as far as a database of any revision knows."""
    inspector = inspect(connection)
    if "person" not in inspector.get_table_names():
        return {}
    if not any(found["name"] == "deleted_at" for found in inspector.get_columns("person")):
        return {}
    people = table("person", column("public_id"), column("deleted_at"))
    rows = connection.execute(select(people).where(people.c.deleted_at.is_not(None)))
    return {str(row[0]): int(row[1]) for row in rows}


def put_erasures_due(connection: Connection, names: Collection[str]) -> None:
    """Leave word whom the next start has to erase: they came back with a backup."""
    connection.execute(delete(installation).where(installation.c.name == ERASURES_DUE))
    value = orjson.dumps(sorted(names)).decode()
    connection.execute(insert(installation).values(name=ERASURES_DUE, value=value))


def _count(connection: Connection, name: str) -> int:
    return int(connection.execute(select(func.count()).select_from(table(name))).scalar() or 0)
