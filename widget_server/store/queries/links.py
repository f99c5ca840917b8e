"""One-time links, found by the hash of their token."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import link, person

_b = bindparam

INSERT = Statement(
    insert(link)
    .values(
        token_hash=_b("token_hash"),
        purpose=_b("purpose"),
        person_id=_b("person_id"),
        address=_b("address"),
        site_id=_b("site_id"),
        details=_b("details"),
        made_by=_b("made_by"),
        created_at=_b("now"),
        expires_at=_b("expires_at"),
    )
    .returning(link.c.id)
)

SET_TOKEN = Statement(
    update(link)
    .where(link.c.id == _b("key"), link.c.used_at.is_(None), link.c.ended_at.is_(None))
    .values(token_hash=_b("new_hash"), expires_at=_b("new_end"))
)

PURPOSE = Statement(select(link.c.purpose).where(link.c.id == _b("key")))

COUNT_TO_ADDRESS = Statement(
    select(func.count())
    .select_from(link)
    .where(link.c.address == _b("address"), link.c.purpose == _b("purpose"), link.c.created_at > _b("since"))
)

BY_HASH = Statement(
    select(
        link.c.id,
        link.c.purpose,
        link.c.person_id,
        link.c.address,
        link.c.site_id,
        link.c.details,
        link.c.made_by,
        link.c.expires_at,
    ).where(
        link.c.token_hash == _b("token_hash"),
        link.c.used_at.is_(None),
        link.c.ended_at.is_(None),
        link.c.expires_at > _b("now"),
    )
)

USE = Statement(
    update(link)
    .where(link.c.id == _b("key"), link.c.used_at.is_(None), link.c.ended_at.is_(None), link.c.expires_at > _b("now"))
    .values(used_at=_b("now"))
)
"""It touches one row for exactly one of those who try at once."""

HOLD_PERSON = Statement(select(person.c.id).where(person.c.id == _b("owner")).with_for_update())
"""Nobody else makes a link of this person before the transaction ends; SQLite has one writer anyway."""

END_OF_PERSON = Statement(
    update(link)
    .where(
        link.c.person_id == _b("owner"),
        link.c.purpose == _b("for_purpose"),
        link.c.used_at.is_(None),
        link.c.ended_at.is_(None),
    )
    .values(ended_at=_b("now"))
)
END_ALL_OF_PERSON = Statement(
    update(link)
    .where(link.c.person_id == _b("owner"), link.c.used_at.is_(None), link.c.ended_at.is_(None))
    .values(ended_at=_b("now"))
)
END_OF_ADDRESS = Statement(
    update(link)
    .where(
        link.c.address == _b("for_address"),
        link.c.purpose == _b("for_purpose"),
        link.c.site_id == _b("for_site"),
        link.c.used_at.is_(None),
        link.c.ended_at.is_(None),
    )
    .values(ended_at=_b("now"))
)

_INVITED = (
    select(
        link.c.id,
        link.c.address,
        link.c.site_id,
        link.c.details,
        link.c.created_at,
        link.c.expires_at,
        person.c.public_id,
        person.c.name,
    )
    .select_from(link.outerjoin(person, person.c.id == link.c.made_by))
    .where(link.c.purpose == "invitation", link.c.used_at.is_(None), link.c.ended_at.is_(None))
)
INVITATIONS = Statement(_INVITED.order_by(link.c.id.desc()).limit(_b("limit")))
INVITATION = Statement(_INVITED.where(link.c.id == _b("key")))
"""Those that were neither used nor withdrawn; some may have expired."""

END = Statement(
    update(link)
    .where(link.c.id == _b("key"), link.c.used_at.is_(None), link.c.ended_at.is_(None))
    .values(ended_at=_b("now"))
)
