"""Browsers that want to be woken."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import push_line, session

_b = bindparam


def _open(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    given: dict[str, Any] = {
        "person_id": _b("person_id"),
        "session_id": _b("session_id"),
        "sealed_keys": _b("sealed_keys"),
        "browser": _b("browser"),
        "created_at": _b("now"),
    }
    row = dialect_insert(push_line).values(endpoint=_b("endpoint"), **given)
    return row.on_conflict_do_update(
        index_elements=[push_line.c.endpoint],
        set_={name: row.excluded[name] for name in given} | {"failures": 0, "used_at": None},
    )


OPEN = Statement(sqlite=_open(sqlite.Insert), postgresql=_open(postgresql.Insert))
"""A browser has one line: whoever is signed in there last has it."""

COUNT = Statement(
    select(func.count()).select_from(
        select(push_line.c.id)
        .where(push_line.c.person_id == _b("person_id"), push_line.c.endpoint != _b("but"))
        .subquery()
    )
)

_HOLDS = (session.c.id == push_line.c.session_id) & session.c.ended_at.is_(None) & (session.c.expires_at > _b("now"))

OF_PERSON = Statement(
    select(
        push_line.c.id,
        push_line.c.endpoint,
        push_line.c.sealed_keys,
        push_line.c.browser,
        push_line.c.created_at,
        push_line.c.used_at,
        push_line.c.session_id,
    )
    .select_from(push_line.join(session, _HOLDS))
    .where(push_line.c.person_id == _b("owner"))
    .order_by(push_line.c.id)
)
"""Those whose session holds."""

CLOSE = Statement(delete(push_line).where(push_line.c.id == _b("key"), push_line.c.person_id == _b("owner")))

GONE = Statement(delete(push_line).where(push_line.c.id == _b("key"), push_line.c.endpoint == _b("which")))

USED = Statement(update(push_line).where(push_line.c.id == _b("key")).values(used_at=_b("now"), failures=0))

FAILED = Statement(
    update(push_line)
    .where(push_line.c.id == _b("key"))
    .values(failures=push_line.c.failures + 1)
    .returning(push_line.c.failures)
)

DROP_ENDED = Statement(
    delete(push_line).where(
        push_line.c.person_id == _b("owner"),
        ~select(session.c.id).where(_HOLDS).exists(),
    )
)
"""Those of sessions that have ended."""
