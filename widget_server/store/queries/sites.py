"""Sites, by their public key."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import site

_b = bindparam
_COLUMNS = (site.c.id, site.c.key, site.c.name, site.c.allowed_origins, site.c.settings)

BY_KEY = Statement(select(*_COLUMNS).where(site.c.key == _b("key")))

BY_ID = Statement(select(*_COLUMNS).where(site.c.id == _b("key")))

ALL = Statement(select(*_COLUMNS).order_by(site.c.id))

INSERT = Statement(
    insert(site)
    .values(
        key=_b("key"),
        name=_b("name"),
        allowed_origins=_b("allowed_origins"),
        settings=_b("settings"),
        created_at=_b("created_at"),
        stamp=_b("new_stamp"),
    )
    .returning(site.c.id)
)

UPDATE = Statement(
    update(site)
    .where(site.c.id == _b("site_id"))
    .values(
        name=_b("new_name"),
        allowed_origins=_b("new_origins"),
        settings=_b("new_settings"),
        stamp=_b("new_stamp"),
    )
)
