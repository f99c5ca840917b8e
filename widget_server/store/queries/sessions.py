"""Sessions of signed-in people, found by the hash of their token."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import person, session

_b = bindparam

INSERT = Statement(
    insert(session).values(
        token_hash=_b("token_hash"),
        person_id=_b("person_id"),
        created_at=_b("now"),
        seen_at=_b("now"),
        expires_at=_b("expires_at"),
        browser=_b("browser"),
        stamp=_b("new_stamp"),
    )
)

BY_HASH = Statement(
    select(session.c.id, session.c.person_id, person.c.public_id, session.c.seen_at)
    .select_from(session.join(person, person.c.id == session.c.person_id))
    .where(session.c.token_hash == _b("token_hash"), session.c.ended_at.is_(None), session.c.expires_at > _b("now"))
)

TOUCH = Statement(update(session).where(session.c.id == _b("key")).values(seen_at=_b("now")))

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
