"""Profiles, the list of members, and who follows whom."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import follow, identity, ignored, person, watching

_b = bindparam

_LIVES: Final = (person.c.deleted_at.is_(None), person.c.merged_into.is_(None), person.c.kind != "visitor")
_mail = identity.alias("mail")
_OWN_MAIL: Final = (_mail.c.person_id == person.c.id) & (_mail.c.kind == "mail") & _mail.c.ended_at.is_(None)


def _count(column: ColumnElement[Any]) -> Any:
    return select(func.count()).select_from(follow).where(column == person.c.id).scalar_subquery()


PROFILE = Statement(
    select(
        person.c.id,
        person.c.public_id,
        person.c.name,
        person.c.picture,
        person.c.place,
        person.c.about,
        person.c.created_at,
        person.c.seen_at,
        _count(follow.c.followed_id),
        _count(follow.c.follower_id),
        select(follow.c.follower_id)
        .where(follow.c.follower_id == _b("viewer_id"), follow.c.followed_id == person.c.id)
        .exists(),
        select(ignored.c.person_id)
        .where(ignored.c.person_id == _b("viewer_id"), ignored.c.ignored_id == person.c.id)
        .exists(),
        select(watching.c.level)
        .where(
            watching.c.person_id == _b("viewer_id"),
            watching.c.kind == "person",
            watching.c.object_id == person.c.id,
        )
        .scalar_subquery(),
    )
    .select_from(person)
    .where(person.c.public_id == _b("public_id"), *_LIVES)
)

HELD = Statement(select(person.c.id).where(person.c.public_id == _b("public_id"), *_LIVES).with_for_update(read=True))
"""Held until the end: nobody deletes the account meanwhile."""

SET_FOLDED = Statement(update(person).where(person.c.id == _b("key")).values(folded_name=_b("new_folded")))

SET_TEXT = Statement(
    update(person)
    .where(person.c.id == _b("key"))
    .values(
        name=_b("new_name"),
        place=_b("new_place"),
        about=_b("new_about"),
        language=_b("new_language"),
        zone=_b("new_zone"),
        stamp=_b("new_stamp"),
    )
)


def _rows() -> Select[Any]:
    """What a row of a list of members shows. Whose address is not confirmed is not one yet."""
    return select(person.c.public_id, person.c.name, person.c.picture, person.c.place, person.c.created_at).where(
        *_LIVES,
        select(_mail.c.id).where(_OWN_MAIL, _mail.c.confirmed_at.is_not(None)).exists(),
    )


def _paged(rows: Select[Any]) -> Statement:
    return Statement(rows.limit(_b("limit")).offset(_b("skipped")))


_by_name = (func.lower(person.c.name), person.c.id)

MEMBERS = _paged(_rows().order_by(*_by_name))
MEMBERS_NAMED = _paged(
    _rows()
    .where(
        or_(
            func.lower(person.c.name).like(_b("written"), escape="\\"),
            person.c.folded_name.like(_b("looking"), escape="\\"),
        )
    )
    .order_by(*_by_name)
)
"""Those whose name is like ``written``, or whose look is like ``looking``: the letters of it, without their accents."""

FOLLOWERS = _paged(
    _rows()
    .join(follow, follow.c.follower_id == person.c.id)
    .where(follow.c.followed_id == _b("person_id"))
    .order_by(follow.c.created_at.desc(), person.c.id)
)
FOLLOWING = _paged(
    _rows()
    .join(follow, follow.c.followed_id == person.c.id)
    .where(follow.c.follower_id == _b("person_id"))
    .order_by(follow.c.created_at.desc(), person.c.id)
)
"""Newest first."""


def _begin(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(follow).values(follower_id=_b("follower"), followed_id=_b("followed"), created_at=_b("now"))
    return row.on_conflict_do_nothing(index_elements=[follow.c.follower_id, follow.c.followed_id])


BEGIN_FOLLOWING = Statement(sqlite=_begin(sqlite.Insert), postgresql=_begin(postgresql.Insert))

END_FOLLOWING = Statement(
    delete(follow).where(follow.c.follower_id == _b("follower"), follow.c.followed_id == _b("followed"))
)
