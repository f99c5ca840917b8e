"""Reading what changed since a cursor: how lists come back, and how a node finds what no hint told it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import bindparam, or_, select

from widget_server.store.database import Database, Transaction
from widget_server.store.queries.receipts import TOLD_SEEN
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    ban,
    board,
    channel,
    conversation,
    identity,
    installation,
    person,
    role,
    role_grant,
    session,
)

PAGE: Final = 5_000

_b = bindparam
_CHANNELS = Statement(
    select(channel.c.public_id, channel.c.version, channel.c.stamp, channel.c.id)
    # Over a page's edge one transaction may go on: its stamp alone is no place to begin again.
    .where(channel.c.stamp >= _b("stamp"), or_(channel.c.stamp > _b("stamp"), channel.c.id > _b("after")))
    .order_by(channel.c.stamp, channel.c.id)
    .limit(_b("limit"))
)
_CONVERSATIONS = Statement(
    select(
        conversation.c.site_id,
        channel.c.public_id,
        conversation.c.visitor_delivered,
        TOLD_SEEN,
        conversation.c.agents_delivered,
        conversation.c.agents_seen,
    )
    .select_from(conversation.join(channel, channel.c.id == conversation.c.channel_id))
    .where(conversation.c.stamp >= _b("cursor"))
)
_SESSIONS = Statement(select(session.c.person_id).where(session.c.stamp >= _b("cursor")).distinct())
_ROLES = Statement(
    select(role_grant.c.person_id)
    .select_from(role_grant.join(role, role.c.key == role_grant.c.role))
    .where(role.c.stamp >= _b("cursor"), role_grant.c.ended_at.is_(None))
    .distinct()
)
_DEFAULT_ROLE = Statement(select(role.c.id).where(role.c.stamp >= _b("cursor"), role.c.is_default == 1).limit(1))
_BANS = Statement(select(ban.c.id).where(ban.c.stamp >= _b("cursor")).limit(1))
_MERGED = Statement(
    select(person.c.id, person.c.merged_into).where(person.c.merged_into.is_not(None), person.c.stamp >= _b("cursor"))
)
_GRANTS = Statement(select(role_grant.c.person_id).where(role_grant.c.stamp >= _b("cursor")).distinct())
_TOKENS = Statement(
    # Not DISTINCT: SQLite would take the index of persons for that, and go through all of them.
    select(identity.c.person_id).where(identity.c.ended_at.is_not(None), identity.c.stamp >= _b("cursor"))
)
_BOARDS = Statement(select(board.c.public_id).where(board.c.stamp >= _b("cursor")))
_EPOCH = Statement(select(installation.c.value).where(installation.c.name == "epoch"))


class Changes(NamedTuple):
    """What was touched since a cursor. The next reading goes on from ``cursor``."""

    channels: list[tuple[str, int]]
    """(public name, version)"""
    marks: list[tuple[str, tuple[int, int, int, int]]]
    """(public name of a conversation, its marks as everybody may know them): a receipt raises no version."""
    sites: set[int]
    boards: set[str]
    """By public id."""
    people: set[int]
    """Whose session, role, token or identity changed."""
    concerns_everybody: bool
    """Whether what everybody with an account may do has changed."""
    concerns_bans: bool
    """Whether somebody was banned, or is no longer, or became one person with somebody else."""
    cursor: int
    epoch: str | None
    """The installation's now; None where nobody else can have begun another one."""


async def changes_since(
    database: Database, cursor: int, *, listens: Callable[[str], bool] = lambda _: True, page: int = PAGE
) -> Changes:
    """What was committed since ``cursor`` (0: nothing, but where to begin). Repeats are possible and harmless.

    :param listens: whether somebody wants to hear of the channel with this public name; the others are left out.
    :param page: how many channels are read at a time.
    """

    async def read(tx: Transaction) -> Changes:
        upto = await database.cursor(tx)
        # With several writers an older transaction may hold the cursor where it is while younger ones commit.
        if cursor == 0 or (database.one_writer and cursor == upto):
            return Changes([], [], set(), set(), set(), False, False, upto, None)
        channels: list[tuple[str, int]] = []
        stamp, after = cursor, 0
        while True:
            rows = await tx.all(_CHANNELS, stamp=stamp, after=after, limit=page)
            channels += [(row[0], row[1]) for row in rows if listens(row[0])]
            if len(rows) < page:
                break
            stamp, after = rows[-1][2], rows[-1][3]
        conversations = await tx.all(_CONVERSATIONS, cursor=cursor)
        marks = [(row[1], (row[2], row[3], row[4], row[5])) for row in conversations if listens(row[1])]
        people = {row[0] for row in await tx.all(_SESSIONS, cursor=cursor)}
        people |= {row[0] for row in await tx.all(_GRANTS, cursor=cursor)}
        people |= {row[0] for row in await tx.all(_TOKENS, cursor=cursor)}
        people |= {row[0] for row in await tx.all(_ROLES, cursor=cursor)}
        merged = await tx.all(_MERGED, cursor=cursor)
        people |= {person_id for pair in merged for person_id in pair}
        epoch = await tx.one(_EPOCH)
        return Changes(
            channels,
            marks,
            {row[0] for row in conversations},
            {row[0] for row in await tx.all(_BOARDS, cursor=cursor)},
            people,
            await tx.one(_DEFAULT_ROLE, cursor=cursor) is not None,
            bool(merged) or await tx.one(_BANS, cursor=cursor) is not None,
            upto,
            epoch[0] if epoch else None,
        )

    return await database.read(read)
