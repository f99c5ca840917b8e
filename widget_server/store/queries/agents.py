"""Agents: people who answer."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import person

_b = bindparam

COUNT = Statement(select(func.count()).select_from(person).where(person.c.kind == "agent"))

SET_NAME = Statement(
    update(person)
    .where(person.c.id == _b("key"))
    .values(name=_b("new_name"), folded_name=_b("new_folded"), stamp=_b("new_stamp"))
)
