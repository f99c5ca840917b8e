"""Whom an OpenID provider knows: identities of the kind ``external`` that hold everywhere."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import identity

_b = bindparam

_OURS: Final = and_(identity.c.kind == "external", identity.c.scope == 0)

OWNER = Statement(select(identity.c.person_id).where(_OURS, identity.c.value == _b("value")))
OF_PERSON = Statement(select(identity.c.value, identity.c.created_at).where(_OURS, identity.c.person_id == _b("owner")))

_NEW: Final[dict[str, Any]] = {
    "person_id": _b("owner"),
    "kind": "external",
    "scope": 0,
    "value": _b("value"),
    "created_at": _b("now"),
}
CONNECT = Statement(
    sqlite=sqlite.insert(identity).values(**_NEW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(identity).values(**_NEW).on_conflict_do_nothing(),
)
"""It touches no row where somebody has it already."""

DISCONNECT = Statement(delete(identity).where(_OURS, identity.c.person_id == _b("owner")))
