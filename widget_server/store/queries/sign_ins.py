"""Attempts to sign in to accounts that exist."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import sign_in

_b = bindparam

INSERT = Statement(
    insert(sign_in)
    .values(
        person_id=_b("person_id"),
        at=_b("now"),
        way=_b("way"),
        outcome=_b("outcome"),
        network=_b("network"),
        browser=_b("browser"),
    )
    .returning(sign_in.c.id)
)

SET_OUTCOME = Statement(update(sign_in).where(sign_in.c.id == _b("key")).values(outcome=_b("new_outcome")))

OF_PERSON = Statement(
    select(sign_in.c.id, sign_in.c.at, sign_in.c.way, sign_in.c.outcome, sign_in.c.network, sign_in.c.browser)
    .where(sign_in.c.person_id == _b("owner"), sign_in.c.id < _b("before"))
    .order_by(sign_in.c.id.desc())
    .limit(_b("most"))
)
"""The newest first."""
