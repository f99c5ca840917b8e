"""The audit log: what administrators, moderators and agents did."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, select

from widget_server.store.statement import Statement
from widget_server.store.tables import audit, person

_b = bindparam

INSERT = Statement(
    insert(audit).values(
        at=_b("at"),
        actor_id=_b("actor_id"),
        verb=_b("verb"),
        object_kind=_b("object_kind"),
        object_id=_b("object_id"),
        site_id=_b("site_id"),
        board_id=_b("board_id"),
        details=_b("details"),
    )
)
_ENTRIES = (
    select(
        audit.c.id,
        audit.c.at,
        audit.c.verb,
        audit.c.object_kind,
        audit.c.object_id,
        audit.c.site_id,
        audit.c.details,
        person.c.public_id,
        person.c.name,
    )
    .select_from(audit.outerjoin(person, person.c.id == audit.c.actor_id))
    .where(audit.c.id < _b("before"), audit.c.at >= _b("since"), audit.c.at < _b("until"))
    .order_by(audit.c.id.desc())
    .limit(_b("limit"))
)
_OF_ACTOR = audit.c.actor_id == _b("actor_id")
_OF_KIND = audit.c.object_kind == _b("object_kind")
_OF_OBJECT = audit.c.object_id == _b("object_id")

PAGES: Final = {
    (by_actor, by_kind, by_object): Statement(
        _ENTRIES.where(
            *[_OF_ACTOR] * by_actor,
            *[_OF_KIND] * by_kind,
            *[_OF_OBJECT] * by_object,
        )
    )
    for by_actor in (False, True)
    for by_kind in (False, True)
    for by_object in (False, True)
}
"""The newest first, by which filters are asked for: of one actor, of one kind of object, of one object."""
