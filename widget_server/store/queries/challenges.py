"""Challenges that were answered: each counts once."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import used_nonce

_b = bindparam

_OURS: Final = 0
"""In place of a site: what this server asked itself."""
_NEW: Final[dict[str, Any]] = {
    "site_id": _OURS,
    "nonce": _b("nonce"),
    "token_hash": "",
    "expires_at": _b("expires_at"),
}
USE = Statement(
    sqlite=sqlite.insert(used_nonce).values(**_NEW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(used_nonce).values(**_NEW).on_conflict_do_nothing(),
)
"""It touches one row for exactly one of those who bring the same challenge."""
FORGET = Statement(delete(used_nonce).where(used_nonce.c.site_id == _OURS, used_nonce.c.expires_at <= _b("now")))
