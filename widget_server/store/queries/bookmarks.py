"""Posts that members keep."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import bookmark

_b = bindparam


def _keep(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    row = dialect_insert(bookmark).values(
        person_id=_b("person"), channel_id=_b("channel"), seq=_b("at_seq"), created_at=_b("now")
    )
    return row.on_conflict_do_nothing(index_elements=[bookmark.c.person_id, bookmark.c.channel_id, bookmark.c.seq])


KEEP = Statement(sqlite=_keep(sqlite.Insert), postgresql=_keep(postgresql.Insert))
DROP = Statement(
    delete(bookmark).where(
        bookmark.c.person_id == _b("person"), bookmark.c.channel_id == _b("channel"), bookmark.c.seq == _b("at_seq")
    )
)
