"""Answers that are kept for a repeated call."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import api_answer

_b = bindparam

_NEW: Final[dict[str, Any]] = {
    "owner": _b("owner"),
    "key": _b("key"),
    "digest": _b("digest"),
    "created_at": _b("now"),
}
CLAIM = Statement(
    sqlite=sqlite.insert(api_answer).values(**_NEW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(api_answer).values(**_NEW).on_conflict_do_nothing(),
)

_OWN = (api_answer.c.owner == _b("of_owner"), api_answer.c.key == _b("of_key"))

FIND = Statement(
    select(api_answer.c.digest, api_answer.c.status, api_answer.c.body, api_answer.c.created_at).where(*_OWN)
)
KEEP = Statement(update(api_answer).where(*_OWN).values(status=_b("new_status"), body=_b("new_body")))
FORGET = Statement(delete(api_answer).where(*_OWN))
FORGET_OLD = Statement(
    delete(api_answer).where(
        *_OWN,
        (api_answer.c.created_at < _b("kept_since"))
        | (api_answer.c.status.is_(None) & (api_answer.c.created_at < _b("running_since"))),
    )
)
"""One that is past its day, or whose call ended with its process."""
SWEEP = Statement(delete(api_answer).where(api_answer.c.created_at < _b("kept_since")))
