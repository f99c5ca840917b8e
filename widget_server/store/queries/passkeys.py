"""Passkeys: credentials by which a browser signs in, found by their own id."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import passkey, person

_b = bindparam

OF_PERSON = Statement(
    select(
        passkey.c.id,
        passkey.c.name,
        passkey.c.created_at,
        passkey.c.used_at,
        passkey.c.credential_id,
        passkey.c.transports,
    )
    .where(passkey.c.person_id == _b("owner"))
    .order_by(passkey.c.id)
)

BY_CREDENTIAL = Statement(
    select(passkey.c.id, passkey.c.public_key, passkey.c.sign_count, person.c.id, person.c.public_id)
    .select_from(passkey.join(person, person.c.id == passkey.c.person_id))
    .where(passkey.c.credential_id == _b("credential_id"))
)

_NEW: Final[dict[str, Any]] = {
    "person_id": _b("owner"),
    "credential_id": _b("credential_id"),
    "public_key": _b("public_key"),
    "sign_count": _b("sign_count"),
    "transports": _b("transports"),
    "name": _b("name"),
    "created_at": _b("now"),
}
INSERT = Statement(
    sqlite=sqlite.insert(passkey).values(**_NEW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(passkey).values(**_NEW).on_conflict_do_nothing(),
)
"""It touches no row where the credential is known already, whosever it is."""

USE = Statement(
    update(passkey)
    .where(
        passkey.c.id == _b("key"),
        or_(passkey.c.sign_count < _b("new_count"), and_(passkey.c.sign_count == 0, _b("new_count") == 0)),
    )
    .values(sign_count=_b("new_count"), used_at=_b("now"))
)
"""A count that does not grow is a copy's; one that stays 0 is not kept by its authenticator (WebAuthn §6.1.1)."""

REMOVE = Statement(
    delete(passkey).where(passkey.c.id == _b("key"), passkey.c.person_id == _b("owner")).returning(passkey.c.name)
)
