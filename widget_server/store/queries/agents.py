"""Agents: people with a mail address, a password and rights."""

from __future__ import annotations

from sqlalchemy import Select, bindparam, func, insert, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import identity, person, role_grant

_b = bindparam

INSERT_PERSON = Statement(
    insert(person)
    .values(
        public_id=_b("public_id"), kind="agent", name=_b("name"), created_at=_b("created_at"), stamp=_b("new_stamp")
    )
    .returning(person.c.id)
)

INSERT_MAIL = Statement(
    insert(identity).values(
        person_id=_b("person_id"), kind="mail", value=_b("mail"), secret=_b("secret"), created_at=_b("created_at")
    )
)

INSERT_GRANT = Statement(
    insert(role_grant).values(
        person_id=_b("person_id"), site_id=_b("site_id"), role=_b("role"), stamp=_b("new_stamp"), ended_at=None
    )
)

COUNT = Statement(select(func.count()).select_from(person).where(person.c.kind == "agent"))


def _agents() -> Select[tuple[int, str, str | None, str | None, str, str, str | None]]:
    return (
        select(
            person.c.id,
            person.c.public_id,
            person.c.name,
            person.c.picture,
            person.c.availability,
            identity.c.value,
            identity.c.secret,
        )
        .select_from(person.join(identity, identity.c.person_id == person.c.id))
        .where(identity.c.kind == "mail", identity.c.scope == 0, identity.c.ended_at.is_(None))
    )


BY_MAIL = Statement(_agents().where(identity.c.value == _b("mail")))

BY_PERSON = Statement(_agents().where(person.c.id == _b("person_id")))

ALL = Statement(_agents().where(person.c.kind == "agent").order_by(person.c.id))

GRANTS = Statement(
    select(role_grant.c.role, role_grant.c.site_id).where(
        role_grant.c.person_id == _b("person_id"), role_grant.c.ended_at.is_(None)
    )
)

ALL_GRANTS = Statement(
    select(role_grant.c.person_id, role_grant.c.role, role_grant.c.site_id).where(role_grant.c.ended_at.is_(None))
)

SET_SECRET = Statement(
    update(identity)
    .where(identity.c.person_id == _b("key"), identity.c.kind == "mail", identity.c.scope == 0)
    .values(secret=_b("new_secret"))
)

REPLACE_SECRET = Statement(
    update(identity)
    .where(identity.c.person_id == _b("key"), identity.c.kind == "mail", identity.c.secret == _b("old_secret"))
    .values(secret=_b("new_secret"))
)
"""Only while the old one stands: a password that was changed meanwhile wins."""

SET_NAME = Statement(update(person).where(person.c.id == _b("key")).values(name=_b("new_name"), stamp=_b("new_stamp")))
