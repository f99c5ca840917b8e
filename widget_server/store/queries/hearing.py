"""Whether any webhook wants to hear of a site, and writing down what it shall hear of."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    insert,
    literal_column,
    or_,
    select,
)

from widget_server.store.lists import given_rows
from widget_server.store.statement import Statement
from widget_server.store.tables import board, outbox, thread, webhook

_b = bindparam
_wanted = webhook.alias("wanted")

NOTES_ARE_WANTED: Final = _wanted.c.topics.contains("note.created")
"""Nobody hears of notes who has not asked for them by name (S46)."""


def is_heard(site_id: ColumnElement[int], which: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Whether there is a webhook that is switched on, of this site or of all of them."""
    holds = [_wanted.c.is_active == literal_column("1"), _wanted.c.ended_at.is_(None)]
    if which is not None:
        holds.append(which)
    one: Select[Any] = select(literal_column("1")).select_from(_wanted)
    # Two looks by the index: a condition with OR would go through all webhooks.
    return or_(
        exists(one.where(_wanted.c.site_id == site_id, *holds)), exists(one.where(_wanted.c.site_id.is_(None), *holds))
    )


IS_HEARD = Statement(select(is_heard(cast(_b("site"), BigInteger))))

NEW_EVENT: Final = ("topic", "channel_id", "site_id", "payload", "created_at")
"""In the order in which the batch lays them out, and SQLite wants them."""

_new = given_rows("new", **{name: outbox.c[name] for name in NEW_EVENT})

PUT_EVENTS = Statement(
    sqlite=insert(outbox).inline().values({name: _b(name) for name in NEW_EVENT} | {"due_at": literal_column("0")}),
    postgresql=insert(outbox).from_select(
        [*NEW_EVENT, "due_at"],
        select(*(_new.c[name] for name in NEW_EVENT), literal_column("0")),
        include_defaults=False,
    ),
    by_columns="postgresql",
)
"""Due at once, whatever a node's clock says: the events of a channel leave in the order of their keys."""


def _thread_event(now: str) -> Any:
    """An event of a thread, where somebody who may hear of its board asked for it.

    Its time is the database's own: whoever changes a thread need not hand on theirs.
    """
    topic = cast(_b("topic"), Text)
    told = select(
        topic,
        thread.c.channel_id,
        board.c.site_id,
        cast(_b("payload"), Text),
        literal_column(now),
        literal_column("0"),
    ).select_from(thread.join(board, board.c.id == thread.c.board_id))
    wanted = told.where(thread.c.channel_id == _b("key"), is_heard(board.c.site_id, _wanted.c.topics.contains(topic)))
    return insert(outbox).from_select([*NEW_EVENT, "due_at"], wanted, include_defaults=False)


TELL_OF_THREAD: Final = Statement(
    sqlite=_thread_event("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"),
    postgresql=_thread_event("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"),
)
