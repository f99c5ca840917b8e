"""Access tokens of programs, known by their hash."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, func, insert, or_, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import api_token, person, site

_b = bindparam


def _tokens() -> Select[Any]:
    return select(
        api_token.c.id,
        api_token.c.public_id,
        api_token.c.name,
        api_token.c.scopes,
        api_token.c.person_id,
        api_token.c.site_id,
        site.c.key,
        api_token.c.made_by,
        person.c.name,
        api_token.c.created_at,
        api_token.c.used_at,
        api_token.c.expires_at,
    ).select_from(
        api_token.join(person, person.c.id == api_token.c.made_by).outerjoin(site, site.c.id == api_token.c.site_id)
    )


_HOLDS = and_(api_token.c.ended_at.is_(None), or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > _b("now")))

BY_HASH = Statement(_tokens().where(api_token.c.token_hash == _b("token_hash"), _HOLDS))
BY_PUBLIC_ID = Statement(_tokens().where(api_token.c.public_id == _b("public_id"), api_token.c.ended_at.is_(None)))
OF_PERSON = Statement(
    _tokens()
    .where(api_token.c.person_id == _b("person_id"), api_token.c.ended_at.is_(None))
    .order_by(api_token.c.id.desc())
)
OF_SITES = Statement(
    _tokens()
    .where(api_token.c.site_id.is_not(None), api_token.c.ended_at.is_(None))
    .order_by(api_token.c.site_id, api_token.c.id.desc())
)
COUNT = Statement(
    select(func.count())
    .select_from(api_token)
    .where(api_token.c.made_by == _b("maker"), api_token.c.ended_at.is_(None))
)

INSERT = Statement(
    insert(api_token)
    .values(
        public_id=_b("public_id"),
        token_hash=_b("token_hash"),
        person_id=_b("person_id"),
        site_id=_b("site_id"),
        name=_b("name"),
        scopes=_b("scopes"),
        made_by=_b("made_by"),
        created_at=_b("now"),
        expires_at=_b("expires_at"),
    )
    .returning(api_token.c.id)
)

TOUCH = Statement(update(api_token).where(api_token.c.id == _b("key")).values(used_at=_b("now")))

END = Statement(
    update(api_token).where(api_token.c.id == _b("key"), api_token.c.ended_at.is_(None)).values(ended_at=_b("now"))
)
