"""The keys with which sites sign whom they have signed in, and what was signed and shown."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import site_secret, used_nonce

_b = bindparam

OF_SITE = Statement(
    select(site_secret.c.key_id, site_secret.c.secret, site_secret.c.created_at)
    .where(site_secret.c.site_id == _b("site_id"), site_secret.c.ended_at.is_(None))
    .order_by(site_secret.c.created_at, site_secret.c.id)
)
"""Those that hold, oldest first."""

COUNT = Statement(
    select(func.count())
    .select_from(site_secret)
    .where(site_secret.c.site_id == _b("site_id"), site_secret.c.ended_at.is_(None))
)

INSERT = Statement(
    insert(site_secret)
    .inline()
    .values(
        site_id=_b("site_id"),
        key_id=_b("key_id"),
        secret=_b("secret"),
        made_by=_b("made_by"),
        created_at=_b("now"),
    )
)

END = Statement(
    update(site_secret)
    .where(
        site_secret.c.site_id == _b("of_site"),
        site_secret.c.key_id == _b("which"),
        site_secret.c.ended_at.is_(None),
    )
    .values(ended_at=_b("now"))
)


def _show(
    dialect_insert: type[sqlite.Insert | postgresql.Insert],
) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(used_nonce).values(
        site_id=_b("site_id"), nonce=_b("nonce"), token_hash=_b("token_hash"), expires_at=_b("expires_at")
    )
    return row.on_conflict_do_update(
        index_elements=[used_nonce.c.site_id, used_nonce.c.nonce], set_={"token_hash": used_nonce.c.token_hash}
    )


SHOW_NONCE = Statement(
    sqlite=_show(sqlite.Insert).returning(used_nonce.c.token_hash),
    postgresql=_show(postgresql.Insert).returning(used_nonce.c.token_hash),
)
"""Whose it is from now on, or was before: of two who show one at the same time, one is the first."""

FORGET_NONCES = Statement(delete(used_nonce).where(used_nonce.c.expires_at < _b("now")))
"""A signed identity that has expired is refused for that."""
