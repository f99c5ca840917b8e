"""What an installation knows of itself: its epoch, and the mark by which a swapped database is noticed.

The epoch is one random value. A restore or a move makes a new one, and so does a start that finds another mark in
the data directory than the database last knew: clients that hold positions of another past then load afresh instead
of skipping.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.database import Database, Transaction
from widget_server.store.statement import Statement
from widget_server.store.tables import installation

_b = bindparam
_VALUE = Statement(select(installation.c.value).where(installation.c.name == _b("name")))


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(installation).values(name=_b("name"), value=_b("value"))
    return row.on_conflict_do_update(index_elements=[installation.c.name], set_={"value": row.excluded.value})


_PUT = Statement(sqlite=_put(sqlite.Insert), postgresql=_put(postgresql.Insert))


async def load_epoch(database: Database, mark: str, fresh: str) -> str:
    """The installation's epoch; ``fresh`` becomes it at the first start, and under another mark of the directory."""

    async def work(tx: Transaction) -> str:
        known_mark = await tx.one(_VALUE, name="mark")
        epoch = await tx.one(_VALUE, name="epoch")
        if epoch is not None and known_mark is not None and known_mark[0] == mark:
            return str(epoch[0])
        await tx.run(_PUT, name="mark", value=mark)
        await tx.run(_PUT, name="epoch", value=fresh)
        return fresh

    return await database.write(work)


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
