"""Pictures, by their hash and by whose they are."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import person, picture

_b = bindparam


def _keep(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(picture).values(
        hash=_b("hash"), content_type=_b("content_type"), body=_b("body"), created_at=_b("created_at")
    )
    # An update, not nothing: it holds the row against somebody who removes it at the same time.
    return row.on_conflict_do_update(index_elements=[picture.c.hash], set_={"created_at": row.excluded.created_at})


KEEP = Statement(sqlite=_keep(sqlite.Insert), postgresql=_keep(postgresql.Insert))

DROP_UNUSED = Statement(
    delete(picture).where(
        picture.c.hash == _b("unused"),
        ~select(person.c.id).where(person.c.picture == picture.c.hash).exists(),
    )
)

BY_HASH = Statement(select(picture.c.hash, picture.c.content_type, picture.c.body).where(picture.c.hash == _b("hash")))

OF_PERSON = Statement(
    select(person.c.name, person.c.deleted_at, person.c.picture, picture.c.content_type, picture.c.body)
    .select_from(person.outerjoin(picture, picture.c.hash == person.c.picture))
    .where(person.c.public_id == _b("public_id"), person.c.kind != "visitor")
)

SET_PICTURE = Statement(
    update(person).where(person.c.id == _b("key")).values(picture=_b("new_picture"), stamp=_b("new_stamp"))
)

PICTURE_OF = Statement(select(person.c.picture).where(person.c.id == _b("person_id")).with_for_update())
