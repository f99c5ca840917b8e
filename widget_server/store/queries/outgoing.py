"""The outbox: rows are put in by the transaction that causes them, and taken out by workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Text,
    and_,
    bindparam,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import ARRAY

from widget_server.store.statement import Statement
from widget_server.store.tables import outbox

_b = bindparam

PUT = Statement(
    insert(outbox).values(
        topic=_b("topic"),
        channel_id=_b("channel_id"),
        person_id=_b("person_id"),
        site_id=_b("site_id"),
        payload=_b("payload"),
        created_at=_b("now"),
        due_at=_b("due_at"),
    )
)

_ENTRY: Final = (
    outbox.c.id,
    outbox.c.topic,
    outbox.c.payload,
    outbox.c.created_at,
    outbox.c.attempts,
    outbox.c.channel_id,
    outbox.c.person_id,
    outbox.c.site_id,
)
_WAITS: Final = and_(outbox.c.done_at.is_(None), outbox.c.dead_at.is_(None))
_IS_DUE: Final = and_(
    _WAITS, outbox.c.due_at <= _b("now"), or_(outbox.c.taken_until.is_(None), outbox.c.taken_until <= _b("now"))
)


def _by_topics(build: Callable[[ColumnElement[bool]], ClauseElement]) -> Statement:
    """A statement for each dialect; ``build`` is given the condition "the topic is one of ``topics``"."""
    each = func.json_each(_b("topics")).table_valued("value", name="given")
    return Statement(
        sqlite=build(outbox.c.topic.in_(select(as_type(each.c.value, Text)))),
        postgresql=build(outbox.c.topic == func.any(as_type(_b("topics"), ARRAY(Text())))),
    )


def _is_there(handled: ColumnElement[bool]) -> ClauseElement:
    return select(
        select(outbox.c.id).where(_IS_DUE, handled).exists(), select(outbox.c.id).where(_IS_DUE, not_(handled)).exists()
    )


IS_DUE = _by_topics(_is_there)
"""Whether something is due of these ``topics``, and whether of others."""

TAKE = _by_topics(
    lambda handled: (
        update(outbox)
        .where(
            outbox.c.id.in_(
                select(outbox.c.id)
                .where(_IS_DUE, handled)
                .order_by(outbox.c.due_at, outbox.c.id)
                .limit(as_type(_b("most"), BigInteger))
                .with_for_update(skip_locked=True)
            )
        )
        .values(taken_until=_b("until"), attempts=outbox.c.attempts + 1)
        .returning(*_ENTRY)
    )
)
"""Lease what is due of these ``topics``. What another node takes in this moment is left to it."""

EVENTS = _by_topics(
    lambda handled: (
        select(*_ENTRY)
        .where(_IS_DUE, not_(handled), outbox.c.id > 0)
        .order_by(outbox.c.id)
        .limit(as_type(_b("most"), BigInteger))
        .with_for_update()
    )
)
"""What is due of other topics, in order, by the index of those that wait. Nothing is skipped: a node waits for the one
that has them in hand, so that the events of one channel are never overtaken."""

FINISH = Statement(
    update(outbox)
    .where(outbox.c.id == _b("key"), outbox.c.done_at.is_(None))
    .values(done_at=_b("now"), taken_until=None, dead_at=None, problem=_b("remark"))
)

_MINE: Final = and_(outbox.c.id == _b("key"), _WAITS, outbox.c.attempts == _b("attempt"))
"""Each taking is an attempt of its own: one whose lease has ended says nothing about the next one's."""

POSTPONE = Statement(
    update(outbox)
    .where(_MINE)
    .values(taken_until=None, attempts=_b("tried"), due_at=_b("new_due"), problem=_b("remark"))
)

BURY = Statement(
    update(outbox).where(_MINE).values(taken_until=None, attempts=_b("tried"), dead_at=_b("now"), problem=_b("remark"))
)

GIVE_BACK = Statement(update(outbox).where(_MINE).values(taken_until=None, attempts=outbox.c.attempts - 1))
