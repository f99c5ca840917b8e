"""Lists of threads: one statement for each thing that can be listed, in each order. Each row has all that is shown.

A list is found by an index of its order, or by one of what it lists where that is the smaller part of all threads. None
counts, and what could only be found by looking through everything is looked for among the newest (:data:`WINDOW`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from widget_server.store.queries.boards import BOARD_COLUMNS
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    board,
    board_mark,
    bookmark,
    channel,
    follow,
    message,
    person,
    reader,
    tag,
    thread,
    thread_tag,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import FromClause

_b = bindparam

WINDOW: Final = 1_000
"""So many of the newest threads are looked through for what is unread, or best of a day."""
TAGS_BETWEEN: Final = "\n"
EXCERPT_CHARS: Final = 300
"""So much of a post is shown in a list of posts."""

_last = person.alias("last_author")
_pinned = thread.alias("pinned_thread")

_LIVES: Final = thread.c.removed_at.is_(None)
_ORDERS: Final[dict[str, tuple[ColumnElement[Any], ...]]] = {
    "new": (thread.c.number,),
    "active": (thread.c.activity_at, thread.c.number),
    "top": (thread.c.score, thread.c.number),
    "hot": (thread.c.hot, thread.c.number),
}
SORTS: Final = tuple(_ORDERS)


def _both(build: Callable[[str], Select[Any]]) -> Statement:
    """A statement whose words differ between the databases."""
    return Statement(sqlite=build("sqlite"), postgresql=build("postgresql"))


def _among(dialect: str, of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether ``of`` is one of the keys in a parameter that ``lists.listed`` made.

    It is a sum, so that it is looked at in each row of the order and never leads to the rows: whoever may read most
    boards would be given most threads, to be sorted.
    """
    of = of + 0
    if dialect == "sqlite":
        return of.in_(select(func.json_each(_b(name)).table_valued("value", name=f"{name}_each").c.value))
    return of == func.any(cast(_b(name), ARRAY(BigInteger())))


def _floor(board_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Until when somebody has read all of a board, in UTC ms; 0 where they never said so."""
    marked = (
        select(func.max(board_mark.c.read_at))
        .where(
            board_mark.c.person_id == _b("person_id"),
            or_(board_mark.c.board_id == 0, board_mark.c.board_id == board_id),
        )
        .scalar_subquery()
    )
    return func.coalesce(marked, 0)


def _tags(dialect: str) -> ColumnElement[Any]:
    joined = func.group_concat if dialect == "sqlite" else func.string_agg
    return (
        select(joined(tag.c.name, TAGS_BETWEEN))
        .select_from(thread_tag.join(tag, tag.c.id == thread_tag.c.tag_id))
        .where(thread_tag.c.channel_id == thread.c.channel_id)
        .scalar_subquery()
    )


def _place_of_reader(*, has_marks: bool) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """How far somebody has seen the thread, and until when they have read its board; a guest has no place."""
    if not has_marks:
        return literal(0, BigInteger), literal(0, BigInteger)
    return func.coalesce(reader.c.seen_seq, 0), _floor(thread.c.board_id)


def _rows(dialect: str, found: Subquery, *, has_marks: bool) -> Select[Any]:
    """What a row shows of the threads whose keys are ``found``; in the order of ``actions.thread_lists.ThreadRow``."""
    joined = (
        found.join(thread, thread.c.channel_id == found.c.channel_id)
        .join(channel, channel.c.id == thread.c.channel_id)
        .join(person, person.c.id == thread.c.author_id)
        .join(_last, _last.c.id == thread.c.last_author_id)
    )
    if has_marks:
        joined = joined.outerjoin(
            reader, (reader.c.channel_id == thread.c.channel_id) & (reader.c.person_id == _b("person_id"))
        )
    return select(
        thread.c.board_id,
        thread.c.channel_id,
        channel.c.title,
        channel.c.state,
        channel.c.last_seq,
        thread.c.number,
        thread.c.kind,
        thread.c.replies,
        thread.c.score,
        thread.c.accepted_seq,
        thread.c.pinned,
        thread.c.created_at,
        thread.c.activity_at,
        person.c.public_id,
        person.c.name,
        person.c.picture,
        _last.c.public_id,
        _last.c.name,
        _last.c.picture,
        _tags(dialect),
        *_place_of_reader(has_marks=has_marks),
    ).select_from(joined)


def _is_pinned(of: FromClause, least: int) -> ColumnElement[bool]:
    """Whether a thread stands on top now: at ``least`` 1 on its board, 2 everywhere."""
    is_high: ColumnElement[bool] = of.c.pinned >= least
    return is_high & or_(of.c.pinned_until.is_(None), of.c.pinned_until > _b("now"))


def _listed(dialect: str, scope: str) -> tuple[Any, list[ColumnElement[bool]]]:
    """From where the threads of a scope come, and which they are."""
    readable = _among(dialect, thread.c.board_id, "boards")
    match scope:
        case "all":
            return thread, [_LIVES, readable, not_(_is_pinned(thread, 2))]
        case "board":
            return thread, [_LIVES, thread.c.board_id == _b("key"), not_(_is_pinned(thread, 1))]
        case "followed":
            followed = select(follow.c.followed_id).where(follow.c.follower_id == _b("person_id"))
            return thread, [_LIVES, readable, thread.c.author_id.in_(followed)]
        case "author":
            return thread, [_LIVES, readable, thread.c.author_id == _b("key")]
        case _:
            return thread_tag.join(thread, thread.c.channel_id == thread_tag.c.channel_id), [
                _LIVES,
                readable,
                thread_tag.c.tag_id == _b("key"),
            ]


def _page(ordered: Select[Any]) -> Select[Any]:
    return ordered.limit(_b("limit")).offset(_b("skipped"))


def _order(scope: str, sort: str) -> list[ColumnElement[Any]]:
    """The order; where threads are found by what they are, it is worked out, so that no index of all is walked."""
    if (scope, sort) == ("tag", "new"):
        # A thread's key is given out with its number, and so they have one order.
        return [thread_tag.c.channel_id.desc()]
    if scope in {"all", "board"} or (scope, sort) == ("author", "new"):
        return [column.desc() for column in _ORDERS[sort]]
    first, *rest = _ORDERS[sort]
    return [(first + 0).desc(), *(column.desc() for column in rest)]


def _list(scope: str, sort: str, *, has_marks: bool) -> Statement:
    def build(dialect: str) -> Select[Any]:
        source, conditions = _listed(dialect, scope)
        found = _page(
            select(thread.c.channel_id).select_from(source).where(*conditions).order_by(*_order(scope, sort))
        ).subquery("of_page")
        return _rows(dialect, found, has_marks=has_marks).order_by(*(column.desc() for column in _ORDERS[sort]))

    return _both(build)


def _best_of_late(scope: str, *, has_marks: bool) -> Statement:
    """The best of those that were begun after ``since``, of the newest :data:`WINDOW`."""

    def build(dialect: str) -> Select[Any]:
        source, conditions = _listed(dialect, scope)
        newest = (
            select(thread.c.channel_id, thread.c.score, thread.c.number, thread.c.created_at)
            .select_from(source)
            .where(*conditions)
            .order_by(thread.c.number.desc())
            .limit(WINDOW)
            .subquery("newest")
        )
        found = _page(
            select(newest.c.channel_id)
            .where(newest.c.created_at >= _b("since"))
            .order_by(newest.c.score.desc(), newest.c.number.desc())
        ).subquery("of_page")
        return _rows(dialect, found, has_marks=has_marks).order_by(*(column.desc() for column in _ORDERS["top"]))

    return _both(build)


LISTS: Final = {
    (scope, sort, has_marks): _list(scope, sort, has_marks=has_marks)
    for scope in ("all", "board", "followed", "author", "tag")
    for sort in SORTS
    for has_marks in (True, False)
    if has_marks or scope != "followed"
}
"""By what is listed, in which order, and whether the reader has places to go on from (a guest has none).

Parameters: ``limit``, ``skipped``, ``now``; ``boards`` (which may be read) but for one board, whose key is ``key``, as
a tag's and an author's is; ``person_id`` is the reader."""

BEST = {
    (scope, has_marks): _best_of_late(scope, has_marks=has_marks)
    for scope in ("all", "board")
    for has_marks in (True, False)
}
"""The best since a time (``since``, UTC ms)."""


def _unread(dialect: str) -> Select[Any]:
    newest = (
        select(thread.c.channel_id, thread.c.activity_at, thread.c.number)
        .where(
            _LIVES,
            _among(dialect, thread.c.board_id, "boards"),
            thread.c.activity_at > _b("since"),
            thread.c.activity_at > _floor(thread.c.board_id),
        )
        .order_by(thread.c.activity_at.desc(), thread.c.number.desc())
        .limit(WINDOW)
        .subquery("newest")
    )
    seen = (
        select(reader.c.seen_seq)
        .where(reader.c.channel_id == newest.c.channel_id, reader.c.person_id == _b("person_id"))
        .scalar_subquery()
    )
    found = _page(
        select(newest.c.channel_id)
        .select_from(newest.join(channel, channel.c.id == newest.c.channel_id))
        .where(channel.c.last_seq > func.coalesce(seen, 0))
        .order_by(newest.c.activity_at.desc(), newest.c.number.desc())
    ).subquery("of_page")
    return _rows(dialect, found, has_marks=True).order_by(thread.c.activity_at.desc(), thread.c.number.desc())


UNREAD = _both(_unread)
"""What has posts that ``person_id`` has not seen, with activity after ``since``: of the :data:`WINDOW` newest."""


def _on_top(*, has_marks: bool) -> Statement:
    def build(dialect: str) -> Select[Any]:
        found = (
            select(_pinned.c.channel_id)
            .where(
                _pinned.c.pinned > literal_column("0"),  # as the index says it: a parameter would not find it
                _pinned.c.removed_at.is_(None),
                _among(dialect, _pinned.c.board_id, "boards"),
                or_(_pinned.c.board_id == _b("key"), _pinned.c.pinned >= 2),
                _is_pinned(_pinned, 1),
            )
            .limit(_b("limit"))
            .subquery("of_page")
        )
        return _rows(dialect, found, has_marks=has_marks).order_by(thread.c.pinned.desc(), thread.c.number.desc())

    return _both(build)


ON_TOP = {has_marks: _on_top(has_marks=has_marks) for has_marks in (True, False)}
"""What is pinned everywhere, and on the board ``key`` (0: none)."""


def _with_newest(dialect: str) -> tuple[Any, Any]:
    """The boards with the thread of each in which something happened last, and that thread."""
    order = (thread.c.activity_at.desc(), thread.c.number.desc())
    if dialect == "postgresql":
        # It would rather compare all threads with those that it found than look each of them up.
        columns = (thread.c.channel_id, thread.c.number, thread.c.activity_at, thread.c.last_author_id)
        found = select(*columns).where(_LIVES, thread.c.board_id == board.c.id).order_by(*order).limit(1)
        newest = found.correlate(board).lateral("newest_thread")
        return board.outerjoin(newest, true()), newest
    own = thread.alias("newest_thread")
    key = select(thread.c.channel_id).where(_LIVES, thread.c.board_id == board.c.id).order_by(*order).limit(1)
    return board.outerjoin(own, own.c.channel_id == key.correlate(board).scalar_subquery()), own


def _boards(*, has_marks: bool) -> Statement:
    def build(dialect: str) -> Select[Any]:
        boards, newest = _with_newest(dialect)
        joined = boards.outerjoin(channel, channel.c.id == newest.c.channel_id).outerjoin(
            _last, _last.c.id == newest.c.last_author_id
        )
        marks: tuple[ColumnElement[Any], ...] = (literal(0, BigInteger), literal(0, BigInteger))
        if has_marks:
            joined = joined.outerjoin(
                reader, (reader.c.channel_id == newest.c.channel_id) & (reader.c.person_id == _b("person_id"))
            )
            marks = (func.coalesce(reader.c.seen_seq, 0), _floor(board.c.id))
        return (
            select(
                *BOARD_COLUMNS,
                newest.c.number,
                channel.c.title,
                channel.c.last_seq,
                newest.c.activity_at,
                _last.c.public_id,
                _last.c.name,
                _last.c.picture,
                *marks,
            )
            .select_from(joined)
            .order_by(board.c.position, board.c.folded_name)
        )

    return _both(build)


BOARDS = {has_marks: _boards(has_marks=has_marks) for has_marks in (True, False)}
"""Every board with its newest thread: ``BOARD_COLUMNS``, and what ``actions.thread_lists.Newest`` takes."""


def _posts(dialect: str) -> Select[Any]:
    return (
        select(
            thread.c.board_id,
            thread.c.number,
            channel.c.title,
            message.c.seq,
            func.substr(SAID, 1, EXCERPT_CHARS),
            message.c.created_at,
        )
        .select_from(
            message.join(thread, thread.c.channel_id == message.c.channel_id).join(
                channel, channel.c.id == message.c.channel_id
            )
        )
        .where(
            message.c.author_id == _b("key"),
            message.c.branch.is_not(None),
            message.c.removed_at.is_(None),
            _LIVES,
            _among(dialect, thread.c.board_id, "boards"),
        )
        .order_by(message.c.no.desc())
        .limit(_b("limit"))
        .offset(_b("skipped"))
    )


POSTS = _both(_posts)
"""The posts of one person, the newest first."""


def _bookmarks(dialect: str) -> Select[Any]:
    return (
        select(
            thread.c.board_id,
            thread.c.number,
            channel.c.title,
            message.c.seq,
            func.substr(SAID, 1, EXCERPT_CHARS),
            message.c.created_at,
            person.c.public_id,
            person.c.name,
            person.c.picture,
        )
        .select_from(
            bookmark.join(thread, thread.c.channel_id == bookmark.c.channel_id)
            .join(channel, channel.c.id == bookmark.c.channel_id)
            .join(message, (message.c.channel_id == bookmark.c.channel_id) & (message.c.seq == bookmark.c.seq))
            .join(person, person.c.id == message.c.author_id)
        )
        .where(bookmark.c.person_id == _b("person_id"), _LIVES, _among(dialect, thread.c.board_id, "boards"))
        .order_by(bookmark.c.created_at.desc(), bookmark.c.channel_id, bookmark.c.seq)
        .limit(_b("limit"))
        .offset(_b("skipped"))
    )


BOOKMARKS = _both(_bookmarks)
"""The posts that somebody keeps, the last kept first."""
