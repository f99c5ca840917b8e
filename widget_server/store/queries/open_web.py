"""What stands open to everybody: newest threads and posts for feeds, and all threads for the map of the site.

Every list is bounded, and filtered by the keys of the boards that guests may read (``boards``, made by
:func:`lists.listed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, func, select

from widget_server.store.lists import with_list
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, message, person, rendering, revision, tag, thread, thread_tag

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

_b = bindparam
_BOARDS: Final = "boards"

_EDITED_AT: Final = (
    select(func.max(revision.c.created_at)).where(revision.c.message_no == message.c.no).scalar_subquery()
)

ENTRY_COLUMNS: Final = (
    channel.c.public_id,
    channel.c.title,
    thread.c.number,
    board.c.slug,
    message.c.seq,
    person.c.name,
    message.c.created_at,
    func.coalesce(_EDITED_AT, message.c.created_at),
    message.c.removed_at,
    message.c.body,
    rendering.c.html,
    message.c.no,
    message.c.revision,
    SAID,
)
"""In the order of ``actions.feeds.Piece``. The rendering is there where it is of this revision and this renderer."""

_POSTS: Final = (
    message.join(channel, channel.c.id == message.c.channel_id)
    .join(thread, thread.c.channel_id == message.c.channel_id)
    .join(board, board.c.id == thread.c.board_id)
    .join(person, person.c.id == message.c.author_id)
    .outerjoin(
        rendering,
        and_(
            rendering.c.message_no == message.c.no,
            rendering.c.revision == message.c.revision,
            rendering.c.renderer == _b("renderer"),
        ),
    )
)


def _newest_threads(*where: ColumnElement[bool], tagged: bool = False) -> Statement:
    """The opening posts of the newest threads."""
    source = _POSTS.join(thread_tag, thread_tag.c.channel_id == thread.c.channel_id) if tagged else _POSTS
    source = source.join(tag, tag.c.id == thread_tag.c.tag_id) if tagged else source

    def build(wanted: ColumnElement[bool]) -> Select[Any]:
        return (
            select(*ENTRY_COLUMNS)
            .select_from(source)
            .where(wanted, thread.c.removed_at.is_(None), message.c.seq == 1, *where)
            .order_by(thread.c.number.desc())
            .limit(_b("limit"))
        )

    return with_list(build, thread.c.board_id, _BOARDS)


NEWEST: Final = _newest_threads()
NEWEST_TAGGED: Final = _newest_threads(tag.c.name == _b("tag"), tagged=True)

NEWEST_POSTS: Final = Statement(
    select(*ENTRY_COLUMNS)
    .select_from(_POSTS)
    .where(message.c.channel_id == _b("channel_id"), message.c.removed_at.is_(None))
    .order_by(message.c.seq.desc())
    .limit(_b("limit"))
)
"""Of one thread."""

NEWEST_OF_PERSON: Final = with_list(
    lambda wanted: (
        select(*ENTRY_COLUMNS)
        .select_from(_POSTS)
        .where(
            wanted,
            message.c.author_id == _b("author_id"),
            message.c.branch.is_not(None),
            message.c.removed_at.is_(None),
            thread.c.removed_at.is_(None),
        )
        .order_by(message.c.no.desc())
        .limit(_b("limit"))
    ),
    thread.c.board_id,
    _BOARDS,
)

AUTHOR: Final = Statement(
    select(person.c.id, person.c.name).where(person.c.public_id == _b("public_id"), person.c.deleted_at.is_(None))
)

FROM_NUMBER: Final = with_list(
    lambda wanted: (
        select(thread.c.number)
        .where(wanted, thread.c.removed_at.is_(None), thread.c.number >= _b("first"))
        .order_by(thread.c.number)
        .limit(1)
    ),
    thread.c.board_id,
    _BOARDS,
)
"""The first thread with this number or a higher one."""

THREADS_BETWEEN: Final = with_list(
    lambda wanted: (
        select(thread.c.number, channel.c.title, board.c.slug, thread.c.activity_at)
        .select_from(
            thread.join(channel, channel.c.id == thread.c.channel_id).join(board, board.c.id == thread.c.board_id)
        )
        .where(
            wanted,
            thread.c.removed_at.is_(None),
            thread.c.number >= _b("first"),
            thread.c.number < _b("end"),
        )
        .order_by(thread.c.number)
    ),
    thread.c.board_id,
    _BOARDS,
)

BOARD_ACTIVITY: Final = with_list(
    lambda wanted: (
        select(
            board.c.slug,
            select(func.max(thread.c.activity_at))
            .where(thread.c.board_id == board.c.id, thread.c.removed_at.is_(None))
            .scalar_subquery(),
        )
        .where(wanted)
        .order_by(board.c.position, board.c.folded_name)
    ),
    board.c.id,
    _BOARDS,
)
