"""What people have not sent yet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import draft, person, silence

_b = bindparam


def _keep(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    row = dialect_insert(draft).values(
        person_id=_b("person_id"),
        place=_b("place"),
        body=_b("body"),
        details=_b("details"),
        updated_at=_b("updated_at"),
    )
    return row.on_conflict_do_update(
        index_elements=[draft.c.person_id, draft.c.place],
        set_={name: row.excluded[name] for name in ("body", "details", "updated_at")},
    )


KEEP = Statement(sqlite=_keep(sqlite.Insert), postgresql=_keep(postgresql.Insert))

DROP = Statement(delete(draft).where(draft.c.person_id == _b("person_id"), draft.c.place == _b("place")))

_DRAFTS = select(draft.c.place, draft.c.body, draft.c.details, draft.c.updated_at).where(
    draft.c.person_id == _b("person_id")
)
AT = Statement(_DRAFTS.where(draft.c.place == _b("place")))

TO_ANSWER = Statement(
    select(
        exists().where(silence.c.person_id == person.c.id, silence.c.ended_at.is_(None)),
        draft.c.place,
        draft.c.body,
        draft.c.details,
        draft.c.updated_at,
    )
    .select_from(person.outerjoin(draft, (draft.c.person_id == person.c.id) & (draft.c.place == _b("place"))))
    .where(person.c.id == _b("person_id"))
)
"""What a thread's page asks of whoever may answer, in one look: whether they may be silenced, and their draft."""

ALL = Statement(_DRAFTS.order_by(draft.c.updated_at.desc(), draft.c.place))

COUNT_OTHERS = Statement(select(func.count()).where(draft.c.person_id == _b("person_id"), draft.c.place != _b("place")))
