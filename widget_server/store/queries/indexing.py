"""Reading what the index of words is made of, and what of it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, bindparam, column, func, or_, select

from widget_server.store.lists import given_rows, with_list
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, message, room, thread, thread_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Select

_b = bindparam
_beside = channel.alias("beside")

HEAD_COLUMNS = (
    channel.c.id,
    channel.c.kind,
    func.coalesce(channel.c.site_id, _beside.c.site_id),
    channel.c.last_seq,
    channel.c.version,
    channel.c.title,
    thread.c.board_id,
    func.coalesce(thread.c.removed_at, room.c.removed_at),
    _beside.c.kind,
)
"""In the order of ``store.indexing.Head``."""

MESSAGE_COLUMNS = (
    message.c.no,
    message.c.channel_id,
    message.c.seq,
    message.c.author_id,
    message.c.kind,
    SAID,
    message.c.created_at,
    message.c.removed_at,
)
"""In the order of ``store.indexing.Written``."""

_FACES = (
    channel.outerjoin(thread, thread.c.channel_id == channel.c.id)
    .outerjoin(room, room.c.channel_id == channel.c.id)
    .outerjoin(_beside, _beside.c.id == channel.c.beside_id)
)

WALK = Statement(
    select(*MESSAGE_COLUMNS, *HEAD_COLUMNS)
    .select_from(_FACES.join(message, message.c.channel_id == channel.c.id))
    .where(message.c.no > _b("after"))
    .order_by(message.c.no)
    .limit(_b("limit"))
)
"""Everything there is, in the order in which it was first written."""

LAST_NO = Statement(select(func.coalesce(func.max(message.c.no), 0)))

CHANNELS = Statement(
    select(channel.c.id, channel.c.stamp)
    .where(channel.c.stamp >= _b("stamp"), or_(channel.c.stamp > _b("stamp"), channel.c.id > _b("after")))
    .order_by(channel.c.stamp, channel.c.id)
    .limit(_b("limit"))
)

HEADS = with_list(lambda wanted: select(*HEAD_COLUMNS).select_from(_FACES).where(wanted), channel.c.id, "channels")

TAGS = with_list(
    lambda wanted: select(thread_tag.c.channel_id, thread_tag.c.tag_id).where(wanted),
    thread_tag.c.channel_id,
    "channels",
)

BOARDS = Statement(
    select(board.c.id, board.c.name, board.c.description, board.c.creator_id, board.c.created_at).where(
        board.c.stamp >= _b("stamp")
    )
)


def _of_each(found: Callable[[ColumnElement[int], ColumnElement[int]], ColumnElement[bool]]) -> Statement:
    """Messages of channels, each with two numbers of its own: ``rows`` (JSON), or ``ids``, ``low`` and ``high``."""
    each = func.json_each(_b("rows")).table_valued(column("value"), name="each")
    first, second, third = (func.json_extract(each.c.value, f"$[{place}]", type_=BigInteger) for place in range(3))
    arrays = given_rows("each", ids=message.c.channel_id, low=message.c.seq, high=message.c.seq)

    def of(rows: Any, key: ColumnElement[int], low: ColumnElement[int], high: ColumnElement[int]) -> Select[Any]:
        joined = rows.join(message, and_(message.c.channel_id == key, found(low, high)))
        return select(*MESSAGE_COLUMNS).select_from(joined)

    return Statement(
        sqlite=of(each, first, second, third), postgresql=of(arrays, arrays.c.ids, arrays.c.low, arrays.c.high)
    )


BETWEEN = _of_each(lambda low, high: and_(message.c.seq > low, message.c.seq <= high))
"""Those behind ``low`` up to ``high``."""

CHANGED = _of_each(
    lambda low, high: and_(
        message.c.version != message.c.first_version, message.c.version > low, message.c.version <= high
    )
)
"""Those changed after they were first written, since version ``low``."""
