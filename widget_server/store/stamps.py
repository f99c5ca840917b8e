"""Reading what changed since a cursor: how lists come back, and how a node finds what no hint told it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, select

from widget_server.store.database import Database, Transaction
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, role_grant, session

_b = bindparam
_CHANNELS = Statement(
    select(channel.c.public_id, channel.c.version, channel.c.stamp)
    .where(channel.c.stamp >= _b("cursor"))
    .order_by(channel.c.stamp)
    .limit(_b("limit"))
)
_CONVERSATIONS = Statement(
    select(conversation.c.site_id).where(conversation.c.stamp >= _b("cursor")).distinct().limit(_b("limit"))
)
_SESSIONS = Statement(select(session.c.person_id).where(session.c.stamp >= _b("cursor")).limit(_b("limit")))
_GRANTS = Statement(select(role_grant.c.person_id).where(role_grant.c.stamp >= _b("cursor")).limit(_b("limit")))


class Changes(NamedTuple):
    """What was touched since a cursor. The next reading goes on from ``cursor``, also where there was more to read."""

    channels: list[tuple[str, int]]
    """(public name, version)"""
    sites: set[int]
    people: set[int]
    cursor: int


async def changes_since(database: Database, cursor: int, limit: int = 5000) -> Changes:
    """What was committed since ``cursor`` (0: nothing, but where to begin). Repeats are possible and harmless."""

    async def read(tx: Transaction) -> Changes:
        upto = await database.cursor(tx)
        if cursor in (0, upto):
            return Changes([], set(), set(), upto)
        rows = await tx.all(_CHANNELS, cursor=cursor, limit=limit)
        if len(rows) == limit:
            upto = min(upto, rows[-1][2])
        sites = {row[0] for row in await tx.all(_CONVERSATIONS, cursor=cursor, limit=limit)}
        people = {row[0] for row in await tx.all(_SESSIONS, cursor=cursor, limit=limit)}
        people |= {row[0] for row in await tx.all(_GRANTS, cursor=cursor, limit=limit)}
        return Changes([(row[0], row[1]) for row in rows], sites, people, upto)

    return await database.read(read)
