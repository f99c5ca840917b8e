"""The polls of threads."""

from __future__ import annotations

from sqlalchemy import bindparam, insert

from widget_server.store.statement import Statement
from widget_server.store.tables import poll

_b = bindparam

INSERT = Statement(
    insert(poll).values(
        channel_id=_b("channel_id"),
        question=_b("question"),
        options=_b("options"),
        choices=_b("choices"),
        closes_at=_b("closes_at"),
    )
)
