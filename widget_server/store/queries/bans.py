"""Bans, and whom they concern."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.sql import and_

from widget_server.store.statement import Statement
from widget_server.store.tables import ban, channel, conversation, identity, person

_b = bindparam

_holds = and_(ban.c.ended_at.is_(None), or_(ban.c.ends_at.is_(None), ban.c.ends_at > _b("now")))
_COLUMNS = (
    ban.c.id,
    ban.c.kind,
    ban.c.person_id,
    ban.c.token_hash,
    ban.c.network,
    ban.c.site_id,
    ban.c.reason,
    ban.c.ends_at,
)

HOLDING = Statement(select(*_COLUMNS).where(_holds).order_by(ban.c.id))

_up = (
    select(ban.c.id.label("ban_id"), ban.c.person_id.label("person_id"))
    .where(ban.c.kind == "account", _holds)
    .cte("up", recursive=True)
)
_up = _up.union(
    select(_up.c.ban_id, person.c.merged_into)
    .select_from(_up.join(person, person.c.id == _up.c.person_id))
    .where(person.c.merged_into.is_not(None))
)
_down = select(_up.c.ban_id, _up.c.person_id).cte("down", recursive=True)
_down = _down.union(
    select(_down.c.ban_id, person.c.id).select_from(_down.join(person, person.c.merged_into == _down.c.person_id))
)
MERGED = Statement(select(_down.c.ban_id, _down.c.person_id))
"""(key of a ban of an account, everybody who is that person): who they became, and all who became them."""

BY_ID = Statement(select(*_COLUMNS, ban.c.ended_at, ban.c.made_by).where(ban.c.id == _b("key")))

INSERT = Statement(
    insert(ban)
    .values(
        kind=_b("kind"),
        person_id=_b("person_id"),
        token_hash=_b("token_hash"),
        network=_b("network"),
        site_id=_b("site_id"),
        reason=_b("reason"),
        made_by=_b("made_by"),
        created_at=_b("now"),
        ends_at=_b("ends_at"),
        stamp=_b("new_stamp"),
    )
    .returning(ban.c.id)
)

END = Statement(
    update(ban)
    .where(ban.c.id == _b("key"), ban.c.ended_at.is_(None))
    .values(ended_at=_b("now"), ended_by=_b("by"), stamp=_b("new_stamp"))
)

FOLLOW_VISITOR = Statement(
    update(ban)
    .where(ban.c.kind == "session", ban.c.person_id == _b("key"))
    .values(person_id=_b("to"), stamp=_b("new_stamp"))
)
"""A visitor was found to be another one of the same site: who is banned there stays so."""

_maker = person.alias("maker")
PAGE = Statement(
    select(
        *_COLUMNS,
        ban.c.created_at,
        ban.c.ended_at,
        person.c.public_id,
        person.c.name,
        _maker.c.public_id,
        _maker.c.name,
    )
    .select_from(ban.outerjoin(person, person.c.id == ban.c.person_id).outerjoin(_maker, _maker.c.id == ban.c.made_by))
    .where(ban.c.id < _b("before"))
    .order_by(ban.c.id.desc())
    .limit(_b("limit"))
)

OF_PERSON = Statement(select(*_COLUMNS).where(ban.c.person_id == _b("owner"), _holds).order_by(ban.c.id))

_face = person.alias("face")
_whose = func.coalesce(_face.c.id, conversation.c.visitor_id)
VISITOR = Statement(
    select(
        _whose,
        conversation.c.site_id,
        person.c.public_id,
        select(identity.c.value)
        .where(
            identity.c.person_id == _whose,
            identity.c.kind == "visitor_token",
            identity.c.scope == conversation.c.site_id,
            identity.c.ended_at.is_(None),
        )
        .order_by(identity.c.id.desc())
        .limit(literal_column("1"))
        .scalar_subquery(),
    )
    .select_from(
        channel.join(conversation, conversation.c.channel_id == channel.c.id)
        .join(person, person.c.id == conversation.c.visitor_id)
        .outerjoin(_face, and_(_face.c.id == person.c.merged_into, _face.c.kind == "visitor"))
    )
    .where(channel.c.public_id == _b("channel"))
)
"""The visitor of a conversation, its site, and the hash of the token that they last had there."""
