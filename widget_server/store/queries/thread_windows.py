"""Threads for programs, in one order, from where the last stretch ended: a page costs the same wherever it is."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, cast, select, tuple_

from widget_server.store.lists import with_list
from widget_server.store.queries.boards import BOARD_COLUMNS
from widget_server.store.queries.threads import THREAD_COLUMNS
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, person, tag, thread, thread_tag

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

_b = bindparam
_FROM: Final = (
    thread.join(channel, channel.c.id == thread.c.channel_id)
    .join(board, board.c.id == thread.c.board_id)
    .join(person, person.c.id == thread.c.author_id)
)
AUTHOR_COLUMNS: Final = (person.c.public_id, person.c.name, person.c.picture)
_COLUMNS: Final = (*AUTHOR_COLUMNS, *THREAD_COLUMNS, *BOARD_COLUMNS)
_ORDERS: Final = {
    "new": thread.c.number,
    "active": thread.c.activity_at,
    "top": thread.c.score,
    "hot": thread.c.hot,
}

ONE: Final = Statement(select(*_COLUMNS).select_from(_FROM).where(thread.c.number == _b("number")))


class Shape(NamedTuple):
    """Which threads: what there is a statement for."""

    sort: str
    of_author: bool
    """With the author's key (``author_id``)."""
    tagged: bool
    """With the tag's name (``tag``)."""
    continues: bool
    """Behind a thread with this value of the order (``value``) and this ``number``."""


@cache
def threads(shape: Shape) -> Statement:
    """Return the statement for the threads of ``boards``, the highest first, each with the value of the order."""
    order = _ORDERS[shape.sort]
    keys = (order, thread.c.number)
    where: list[ColumnElement[bool]] = [thread.c.removed_at.is_(None)]
    source = _FROM
    if shape.of_author:
        where.append(thread.c.author_id == _b("author_id"))
    if shape.tagged:
        source = source.join(thread_tag, thread_tag.c.channel_id == thread.c.channel_id)
        source = source.join(tag, tag.c.id == thread_tag.c.tag_id)
        where.append(tag.c.name == _b("tag"))
    if shape.continues:
        where.append(tuple_(*keys) < tuple_(cast(_b("value"), BigInteger), cast(_b("before"), BigInteger)))

    def build(wanted: ColumnElement[bool]) -> Select[Any]:
        rows = select(order, *_COLUMNS).select_from(source).where(wanted, *where)
        return rows.order_by(*(key.desc() for key in keys)).limit(_b("limit"))

    return with_list(build, thread.c.board_id, "boards")
