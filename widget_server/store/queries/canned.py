"""Canned replies."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, insert, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import canned_reply

_b = bindparam

ALL = Statement(
    select(canned_reply.c.id, canned_reply.c.shortcut, canned_reply.c.body).order_by(canned_reply.c.shortcut)
)

COUNT = Statement(select(func.count()).select_from(canned_reply))

BY_SHORTCUT = Statement(select(canned_reply.c.id).where(canned_reply.c.shortcut == _b("shortcut")))

INSERT = Statement(
    insert(canned_reply)
    .values(shortcut=_b("shortcut"), body=_b("body"), updated_at=_b("now"))
    .returning(canned_reply.c.id)
)

UPDATE = Statement(
    update(canned_reply)
    .where(canned_reply.c.id == _b("key"))
    .values(shortcut=_b("new_shortcut"), body=_b("new_body"), updated_at=_b("now"))
)

DELETE = Statement(delete(canned_reply).where(canned_reply.c.id == _b("key")))
