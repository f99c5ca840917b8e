"""What an installation knows of itself: its epoch, and the mark by which a swapped database is noticed.

The epoch is one random value. A restore or a move makes a new one, and so does a start that finds another mark than
the database last knew (of the data directory on SQLite, of the server and its timeline on PostgreSQL): clients that
hold positions of another past then load afresh instead of skipping.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import bindparam, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.database import Database, Transaction
from widget_server.store.statement import Statement
from widget_server.store.tables import installation, metadata

_b = bindparam
_value = select(installation.c.value).where(installation.c.name == _b("name"))
_VALUE = Statement(_value)
_HELD = Statement(_value.with_for_update())


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(installation).values(name=_b("name"), value=_b("value"))
    return row.on_conflict_do_update(index_elements=[installation.c.name], set_={"value": row.excluded.value})


_PUT = Statement(sqlite=_put(sqlite.Insert), postgresql=_put(postgresql.Insert))


def _keep(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(installation).values(name=_b("name"), value=_b("value"))
    return row.on_conflict_do_nothing(index_elements=[installation.c.name])


_KEEP = Statement(sqlite=_keep(sqlite.Insert), postgresql=_keep(postgresql.Insert))

_STAMPED = [table for table in metadata.sorted_tables if "stamp" in table.c]
_FORGET_STAMPS = [
    Statement(update(table).where(table.c.stamp > _b("above")).values(stamp=literal_column("0"))) for table in _STAMPED
]


async def load_epoch(database: Database, mark: str, fresh: str) -> str:
    """The installation's epoch; ``fresh`` becomes it at the first start, and under another mark.

    :param mark: what tells the database from another one (:meth:`Database.mark`, :func:`read_mark`).
    """

    async def work(tx: Transaction) -> str:
        # Nodes that start at once stand in a line here: the first one makes the epoch, the others find it.
        await tx.run(_KEEP, name="mark", value="")
        known_mark = await tx.one(_HELD, name="mark")
        epoch = await tx.one(_VALUE, name="epoch")
        if epoch is not None and known_mark is not None and known_mark[0] == mark:
            return str(epoch[0])
        await _begin_epoch(tx, mark, fresh)
        return fresh

    return await database.write(work)


async def keep_secret(database: Database, fresh: str) -> str:
    """The key with which all nodes of the installation sign; ``fresh`` becomes it where there is none (one wins)."""

    async def work(tx: Transaction) -> str:
        await tx.run(_KEEP, name="secret", value=fresh)
        row = await tx.one(_VALUE, name="secret")
        return str(row[0]) if row else fresh

    return await database.write(work)


async def renew_epoch(database: Database, mark: str, fresh: str) -> None:
    """Make ``fresh`` the epoch whatever was before: what a restore and a move end with."""
    await database.write(lambda tx: _begin_epoch(tx, mark, fresh))


async def _begin_epoch(tx: Transaction, mark: str, fresh: str) -> None:
    """Stamps of another past would be found by every reading anew until this database has come as far."""
    stamp = await tx.stamp()
    for forget in _FORGET_STAMPS:
        await tx.run(forget, above=stamp)
    await tx.run(_PUT, name="mark", value=mark)
    await tx.run(_PUT, name="epoch", value=fresh)


def read_mark(data_dir: Path, fresh: str) -> str:
    """The mark of a data directory; ``fresh`` is written where there is none."""
    path = data_dir / "mark"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        partial = path.with_suffix(".new")
        partial.write_text(fresh + "\n", encoding="ascii")
        partial.replace(path)
        return fresh


async def read_value(tx: Transaction, name: str) -> str | None:
    """What is kept under ``name``."""
    row = await tx.one(_VALUE, name=name)
    return None if row is None else str(row[0])


async def hold_value(tx: Transaction, name: str) -> str | None:
    """As :func:`read_value`; who else holds the same waits until this transaction is over."""
    await tx.run(_KEEP, name=name, value="")
    row = await tx.one(_HELD, name=name)
    return str(row[0]) or None if row else None


async def put_value(tx: Transaction, name: str, value: str) -> None:
    """Keep ``value`` under ``name``."""
    await tx.run(_PUT, name=name, value=value)
