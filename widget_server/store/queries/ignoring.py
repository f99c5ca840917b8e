"""Whom somebody does not want to read."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import ignored, person

_b = bindparam


def _begin(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(ignored).values(person_id=_b("who"), ignored_id=_b("whom"), created_at=_b("now"))
    return row.on_conflict_do_nothing(index_elements=[ignored.c.person_id, ignored.c.ignored_id])


BEGIN = Statement(sqlite=_begin(sqlite.Insert), postgresql=_begin(postgresql.Insert))

END = Statement(delete(ignored).where(ignored.c.person_id == _b("who"), ignored.c.ignored_id == _b("whom")))

LIST = Statement(
    select(person.c.public_id, person.c.name, person.c.picture, person.c.place, person.c.created_at)
    .select_from(ignored.join(person, person.c.id == ignored.c.ignored_id))
    .where(ignored.c.person_id == _b("who"), person.c.deleted_at.is_(None))
    .order_by(ignored.c.created_at.desc(), person.c.id)
    .limit(_b("limit"))
    .offset(_b("skipped"))
)
"""The last first; the columns are those of ``actions.members.Member``."""
