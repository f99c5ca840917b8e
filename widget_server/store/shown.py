"""Reading what changed of all that pages of the community show, by its stamps (see ``store.stamps``)."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, literal_column, select

from widget_server.store.database import Database, Transaction
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, person, role, role_grant

_MAX: Final = 1_000
_b = bindparam

_BY_KIND: Final = {
    "thread": Statement(
        select(channel.c.id, channel.c.stamp)
        .where(channel.c.stamp >= _b("cursor"), channel.c.kind == "thread")
        .limit(_MAX)
    ),
    "board": Statement(select(board.c.id, board.c.stamp).where(board.c.stamp >= _b("cursor")).limit(_MAX)),
    "person": Statement(
        select(person.c.id, person.c.stamp)
        # As the index has it: visitors come by the thousand, and no page shows one.
        .where(person.c.stamp >= _b("cursor"), person.c.kind != literal_column("'visitor'"))
        .limit(_MAX)
    ),
    "grant": Statement(
        select(role_grant.c.person_id, role_grant.c.stamp).where(role_grant.c.stamp >= _b("cursor")).limit(_MAX)
    ),
    "role": Statement(select(role.c.id, role.c.stamp).where(role.c.stamp >= _b("cursor")).limit(_MAX)),
}


class Shown(NamedTuple):
    """What was touched since a cursor. The next reading goes on from ``cursor``."""

    touched: list[tuple[str, int, int]]
    """(``thread``, ``board``, ``person``, ``grant`` of a person, or ``role``; its key; its stamp)"""
    is_cut: bool
    """Whether there was more: everything may have changed."""
    cursor: int


async def shown_since(database: Database, cursor: int) -> Shown:
    """What was committed since ``cursor`` (0: nothing, but where to begin). Repeats are possible and harmless."""

    async def read(tx: Transaction) -> Shown:
        upto = await database.cursor(tx)
        if cursor == 0 or (database.one_writer and cursor == upto):
            return Shown([], False, upto)
        touched: list[tuple[str, int, int]] = []
        is_cut = False
        for kind, statement in _BY_KIND.items():
            rows = await tx.all(statement, cursor=cursor)
            is_cut = is_cut or len(rows) >= _MAX
            touched += [(kind, row[0], row[1]) for row in rows]
        return Shown(touched, is_cut, upto)

    return await database.read(read)
