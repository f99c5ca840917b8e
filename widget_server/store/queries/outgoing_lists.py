"""What waits to leave the system, was given up, or is done: lists for people, and sending again."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, or_, select, true, update

from widget_server.store.statement import Statement
from widget_server.store.tables import outbox, webhook, webhook_delivery

_b = bindparam
PAGE: Final = 50
MOST_COUNTED: Final = 1000

_PLACES: Final[dict[str, tuple[str, bool]]] = {
    "waiting": ("due_at", True),
    "dead": ("dead_at", False),
    "done": ("done_at", False),
}
"""By which column each list is ordered, and whether the earliest comes first."""


def _in_state(table: Table, state: str) -> ColumnElement[bool]:
    match state:
        case "waiting":
            # The last condition holds for all: with it the index of those that wait is searched and not scanned.
            return and_(table.c.done_at.is_(None), table.c.dead_at.is_(None), table.c.due_at > 0)
        case "dead":
            return table.c.dead_at.is_not(None)
        case _:
            return table.c.done_at.is_not(None)


def _list(table: Table, state: str, which: ColumnElement[bool], *more: ColumnElement[Any]) -> Statement:
    name, is_rising = _PLACES[state]
    place, key = table.c[name], table.c.id
    after = (
        and_(place >= _b("at"), or_(place > _b("at"), key > _b("key")))
        if is_rising
        else and_(place <= _b("at"), or_(place < _b("at"), key < _b("key")))
    )
    order = (place, key) if is_rising else (place.desc(), key.desc())
    source = table if table is outbox else table.join(webhook, webhook.c.id == table.c.webhook_id)
    return Statement(
        select(key, place, table.c.topic, table.c.created_at, table.c.due_at, table.c.attempts, table.c.problem, *more)
        .select_from(source)
        .where(_in_state(table, state), which, after)
        .order_by(*order)
        .limit(PAGE + 1)
    )


def _count(table: Table, state: str, which: ColumnElement[bool]) -> Statement:
    some = select(table.c.id).where(_in_state(table, state), which).limit(MOST_COUNTED + 1).subquery()
    return Statement(select(func.count()).select_from(some))


def _again(table: Table, which: ColumnElement[bool]) -> Statement:
    return Statement(
        update(table)
        .where(which, table.c.done_at.is_(None), or_(table.c.taken_until.is_(None), table.c.taken_until <= _b("now")))
        .values(due_at=_b("now"), attempts=0, dead_at=None, taken_until=None)
    )


_MAIL: Final = outbox.c.topic == "mail"
_KINDS: Final[dict[str, tuple[Table, ColumnElement[bool], tuple[ColumnElement[Any], ...]]]] = {
    "mail": (outbox, _MAIL, (outbox.c.payload,)),
    "webhook": (webhook_delivery, true(), (webhook.c.url,)),
}
KINDS: Final = tuple(_KINDS)
STATES: Final = tuple(_PLACES)

LISTS: Final = {
    (kind, state): _list(table, state, which, *more)
    for kind, (table, which, more) in _KINDS.items()
    for state in STATES
}
COUNTS: Final = {
    (kind, state): _count(table, state, which) for kind, (table, which, _) in _KINDS.items() for state in STATES
}
AGAIN: Final = {kind: _again(table, and_(which, table.c.id == _b("key"))) for kind, (table, which, _) in _KINDS.items()}
ALL_AGAIN: Final = {
    kind: _again(table, and_(which, table.c.dead_at.is_not(None))) for kind, (table, which, _) in _KINDS.items()
}
