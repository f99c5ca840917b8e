"""What people want to be told of: boards, threads, tags and people, each with a level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.columns import Key
from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, follow, message, person, tag, thread, thread_tag, watching

if TYPE_CHECKING:
    from collections.abc import Iterable

_b = bindparam


def _set(dialect_insert: type[sqlite.Insert | postgresql.Insert], *, anew: bool) -> Any:
    row = dialect_insert(watching).values(
        person_id=_b("owner"), kind=_b("of_kind"), object_id=_b("object"), level=_b("new_level"), created_at=_b("now")
    )
    key = [watching.c.person_id, watching.c.kind, watching.c.object_id]
    if not anew:
        return row.on_conflict_do_nothing(index_elements=key)
    return row.on_conflict_do_update(index_elements=key, set_={"level": row.excluded.level})


SET = Statement(sqlite=_set(sqlite.Insert, anew=True), postgresql=_set(postgresql.Insert, anew=True))
BEGIN = Statement(sqlite=_set(sqlite.Insert, anew=False), postgresql=_set(postgresql.Insert, anew=False))
"""As ``SET``, where nothing was chosen before."""

_WATCHING = ("person_id", "kind", "object_id", "level", "created_at")


def _take_along(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    chosen = select(
        watching.c.person_id, watching.c.kind, cast(_b("to_channel"), Key), watching.c.level, watching.c.created_at
    ).where(
        watching.c.kind == "thread",
        watching.c.object_id == _b("from_channel"),
        or_(watching.c.level != "mute", _b("also_muted") == literal_column("1")),
    )
    return (
        dialect_insert(watching)
        .from_select(list(_WATCHING), chosen, include_defaults=False)
        .on_conflict_do_nothing(index_elements=[watching.c.person_id, watching.c.kind, watching.c.object_id])
    )


TAKE_ALONG = Statement(sqlite=_take_along(sqlite.Insert), postgresql=_take_along(postgresql.Insert))
"""What was chosen for one thread holds for another one too, for whoever has chosen nothing there."""

_MINE = and_(
    watching.c.person_id == _b("owner"), watching.c.kind == _b("of_kind"), watching.c.object_id == _b("object")
)
DROP = Statement(delete(watching).where(_MINE))
LEVEL = Statement(select(watching.c.level).where(_MINE))
TAG = Statement(
    select(
        tag.c.id,
        select(watching.c.level)
        .where(watching.c.person_id == _b("owner"), watching.c.kind == "tag", watching.c.object_id == tag.c.id)
        .scalar_subquery(),
    ).where(tag.c.name == _b("name"))
)
"""A tag, and the level that somebody chose for it."""


def _mine(kind: str, name: ColumnElement[Any], address: ColumnElement[Any], joined: Any) -> Select[Any]:
    return (
        select(
            literal_column(f"'{kind}'").label("kind"),
            name.label("name"),
            address.label("address"),
            watching.c.level.label("level"),
            watching.c.created_at.label("at"),
            watching.c.object_id.label("object_id"),
            (board.c.id if kind in {"board", "thread"} else literal_column("0")).label("board_id"),
        )
        .select_from(joined)
        .where(watching.c.person_id == _b("owner"), watching.c.kind == kind)
    )


_all = union_all(
    _mine("board", board.c.name, board.c.slug, watching.join(board, board.c.id == watching.c.object_id)),
    _mine(
        "thread",
        channel.c.title,
        cast(thread.c.number, Text),
        watching.join(thread, thread.c.channel_id == watching.c.object_id)
        .join(channel, channel.c.id == thread.c.channel_id)
        .join(board, board.c.id == thread.c.board_id),
    ).where(thread.c.removed_at.is_(None)),
    _mine("tag", tag.c.name, tag.c.name, watching.join(tag, tag.c.id == watching.c.object_id)),
    _mine("person", person.c.name, person.c.public_id, watching.join(person, person.c.id == watching.c.object_id)),
).subquery()

MINE = with_list(
    lambda wanted: (
        select(*_all.c)
        .where(or_(_all.c.board_id == 0, wanted))
        .order_by(_all.c.at.desc(), _all.c.kind, _all.c.object_id)
        .limit(_b("limit"))
        .offset(_b("skipped"))
    ),
    _all.c.board_id,
    "boards",
)
"""What somebody chose, the last first: boards and threads only where they may read them."""

_tags = select(thread_tag.c.tag_id).where(thread_tag.c.channel_id == _b("channel_id"))
_ON_THREAD = and_(watching.c.kind == "thread", watching.c.object_id == _b("channel_id"))
_ON_BOARD = and_(watching.c.kind == "board", watching.c.object_id == _b("board_id"))
_ON_TAG = and_(watching.c.kind == "tag", watching.c.object_id.in_(_tags))
_ON_PERSON = and_(watching.c.kind == "person", watching.c.object_id == _b("writer_id"))
_AROUND = (_ON_BOARD, _ON_TAG, _ON_PERSON)
_PLACES = (_ON_THREAD, *_AROUND)

MUTED = with_list(
    lambda wanted: select(watching.c.person_id).where(wanted, watching.c.level == "mute", or_(*_PLACES)).distinct(),
    watching.c.person_id,
    "people",
)
"""Who of some wants to hear nothing of a post: of its thread, its board, one of its tags or its writer."""

_WATCHES = watching.c.level == "watch"
_HEARS = or_(watching.c.level == "watch", watching.c.level == "follow")
_FOLLOWED = follow.c.followed_id == _b("writer_id")

IS_WATCHED = Statement(select(select(watching.c.person_id).where(_WATCHES, or_(*_PLACES)).exists()))
"""Whether anybody wants to hear of every post there."""
IS_HEARD = Statement(
    select(
        or_(
            select(watching.c.person_id).where(_HEARS, or_(*_AROUND)).exists(),
            select(follow.c.follower_id).where(_FOLLOWED).exists(),
        )
    )
)
"""Whether anybody wants to hear of a thread that begins there, or follows who begins it."""


def _watchers(level: ColumnElement[bool], places: Iterable[ColumnElement[bool]], *more: Select[Any]) -> Statement:
    """Some of those who watch, by their keys, each with why."""
    found = union_all(
        *(
            select(watching.c.person_id.label("person_id"), watching.c.kind.label("why")).where(
                level, place, watching.c.person_id > _b("after")
            )
            for place in places
        ),
        *more,
    ).subquery()
    return Statement(
        select(found.c.person_id, func.min(found.c.why))
        .select_from(found.join(person, person.c.id == found.c.person_id))
        .where(person.c.deleted_at.is_(None), or_(person.c.kind == "member", person.c.kind == "agent"))
        .group_by(found.c.person_id)
        .order_by(found.c.person_id)
        .limit(_b("limit"))
    )


WATCHERS = _watchers(_WATCHES, _PLACES)
HEARERS = _watchers(
    _HEARS,
    _AROUND,
    select(follow.c.follower_id, literal_column("'person'")).where(_FOLLOWED, follow.c.follower_id > _b("after")),
)

WRITER = Statement(
    select(message.c.author_id).where(
        message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq"), message.c.removed_at.is_(None)
    )
)
