"""Sessions of signed-in people, found by the hash of their token."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select, update

from widget_server.core.counts import COUNTED_MAX
from widget_server.store.queries.accounts import accounts
from widget_server.store.queries.notices import IS_LOUD
from widget_server.store.statement import Statement
from widget_server.store.tables import api_token, notice, person, session

_b = bindparam

INSERT = Statement(
    insert(session).values(
        token_hash=_b("token_hash"),
        person_id=_b("person_id"),
        created_at=_b("now"),
        seen_at=_b("now"),
        expires_at=_b("expires_at"),
        browser=_b("browser"),
        network=_b("network"),
        proved_at=_b("now"),
        factor_at=_b("factor_at"),
        stamp=_b("new_stamp"),
    )
)

_UNSEEN = (
    select(func.count())
    .select_from(
        select(notice.c.id)
        .where(notice.c.person_id == session.c.person_id, notice.c.seen_at.is_(None), IS_LOUD)
        .limit(COUNTED_MAX)
        .correlate(session)
        .subquery()
    )
    .scalar_subquery()
)
"""What its person was told and has not seen: one look into an index of nothing else."""

_OPEN = accounts(
    session.c.id,
    session.c.seen_at,
    session.c.created_at,
    session.c.proved_at,
    session.c.factor_at,
    _UNSEEN,
).where(session.c.person_id == person.c.id, session.c.ended_at.is_(None), session.c.expires_at > _b("now"))
BY_HASH = Statement(_OPEN.where(session.c.token_hash == _b("token_hash")))
BY_KEY = Statement(_OPEN.where(session.c.id == _b("key")))
"""A session that has not ended, with the account of its person behind it; none where that is gone."""

TOUCH = Statement(update(session).where(session.c.id == _b("key")).values(seen_at=_b("now")))

TOUCH_PERSON = Statement(update(person).where(person.c.id == _b("key")).values(seen_at=_b("now")))

END = Statement(
    update(session)
    .where(session.c.token_hash == _b("hash"), session.c.ended_at.is_(None))
    .values(ended_at=_b("now"), stamp=_b("new_stamp"))
)

END_OTHERS = Statement(
    update(session)
    .where(session.c.person_id == _b("owner"), session.c.id != _b("kept"), session.c.ended_at.is_(None))
    .values(ended_at=_b("now"), stamp=_b("new_stamp"))
)
"""Keys start at 1: with ``kept`` 0 all of them end."""

END_ONE = Statement(
    update(session)
    .where(session.c.person_id == _b("owner"), session.c.id == _b("key"), session.c.ended_at.is_(None))
    .values(ended_at=_b("now"), stamp=_b("new_stamp"))
)

OF_PERSON = Statement(
    select(session.c.id, session.c.created_at, session.c.seen_at, session.c.browser, session.c.network)
    .where(session.c.person_id == _b("owner"), session.c.ended_at.is_(None), session.c.expires_at > _b("now"))
    .order_by(session.c.seen_at.desc(), session.c.id.desc())
)

PROVE = Statement(update(session).where(session.c.id == _b("key")).values(proved_at=_b("now")))

END_TOKENS = Statement(
    update(api_token)
    .where(api_token.c.person_id == _b("owner"), api_token.c.ended_at.is_(None))
    .values(ended_at=_b("now"))
)
"""Access tokens that act for a person: sessions of programs."""

LOOK_AT_ALONE = Statement(
    update(session).where(session.c.ended_at.is_(None), session.c.factor_at.is_(None)).values(stamp=_b("new_stamp"))
)
"""Of sessions that have shown no second factor: their sockets are looked at again by whoever follows the stamps."""
