"""The tags of threads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import tag, thread_tag

_b = bindparam


def _make(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    return dialect_insert(tag).values(name=_b("name")).on_conflict_do_nothing(index_elements=[tag.c.name])


MAKE = Statement(sqlite=_make(sqlite.Insert), postgresql=_make(postgresql.Insert))


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    found = select(tag.c.id, _b("channel_id", type_=thread_tag.c.channel_id.type)).where(
        tag.c.name == _b("name"), literal_column("1 = 1")
    )
    row = dialect_insert(thread_tag).from_select(["tag_id", "channel_id"], found)
    return row.on_conflict_do_nothing(index_elements=[thread_tag.c.tag_id, thread_tag.c.channel_id])


PUT = Statement(sqlite=_put(sqlite.Insert), postgresql=_put(postgresql.Insert))

CLEAR = Statement(delete(thread_tag).where(thread_tag.c.channel_id == _b("channel_id")))

OF_THREADS = with_list(
    lambda wanted: (
        select(thread_tag.c.channel_id, tag.c.name)
        .select_from(thread_tag.join(tag, tag.c.id == thread_tag.c.tag_id))
        .where(wanted)
        .order_by(thread_tag.c.channel_id, tag.c.name)
    ),
    thread_tag.c.channel_id,
    "channel_ids",
)
"""The tags of as many threads as a page shows."""
