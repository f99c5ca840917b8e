"""What posts look like."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import message, rendering

_b = bindparam


def _keep(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    found = select(
        message.c.no, message.c.revision, _b("now_renderer", type_=rendering.c.renderer.type), _b("now_html")
    ).where(message.c.channel_id == _b("channel"), message.c.seq == _b("at_seq"), literal_column("1 = 1"))
    row = dialect_insert(rendering).from_select(["message_no", "revision", "renderer", "html"], found)
    return row.on_conflict_do_update(
        index_elements=[rendering.c.message_no],
        set_={name: row.excluded[name] for name in ("revision", "renderer", "html")},
    )


KEEP = Statement(sqlite=_keep(sqlite.Insert), postgresql=_keep(postgresql.Insert))
"""Of the post in one place, at its present revision."""


def _keep_anew(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    found = select(message.c.no, message.c.revision, _b("renderer", type_=rendering.c.renderer.type), _b("html")).where(
        message.c.no == _b("message_no"), message.c.revision == _b("revision"), message.c.removed_at.is_(None)
    )
    row = dialect_insert(rendering).from_select(["message_no", "revision", "renderer", "html"], found)
    return row.on_conflict_do_update(
        index_elements=[rendering.c.message_no],
        set_={name: row.excluded[name] for name in ("revision", "renderer", "html")},
    )


KEEP_ANEW = Statement(sqlite=_keep_anew(sqlite.Insert), postgresql=_keep_anew(postgresql.Insert))
"""Of one revision, unless the post was edited or removed meanwhile."""
