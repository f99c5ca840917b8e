"""Whether a session still holds."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from widget_server.store.statement import Statement
from widget_server.store.tables import session

_b = bindparam
HOLDS = Statement(
    select(session.c.id).where(
        session.c.id == _b("key"), session.c.ended_at.is_(None), session.c.expires_at > _b("now")
    )
)
