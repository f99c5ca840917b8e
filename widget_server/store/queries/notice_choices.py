"""How people want to be told, and whose digest is due."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import notice_choice, person, push_line

_b = bindparam

OF = with_list(
    lambda wanted: select(notice_choice.c.person_id, notice_choice.c.mails, notice_choice.c.choices).where(wanted),
    notice_choice.c.person_id,
    "people",
)
WITH_LINES = with_list(
    lambda wanted: select(push_line.c.person_id).where(wanted).distinct(), push_line.c.person_id, "people"
)
"""Who of some has a browser that wants to be woken."""


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    row = dialect_insert(notice_choice).values(
        person_id=_b("owner"),
        mails=_b("new_mails"),
        choices=_b("new_choices"),
        due_at=_b("new_due"),
        last_no=_b("newest"),
        changed_at=_b("now"),
    )
    changed = {name: getattr(row.excluded, name) for name in ("mails", "choices", "due_at", "changed_at")}
    # Who begins with digests is told of what comes from now on.
    changed["last_no"] = case((notice_choice.c.due_at.is_(None), row.excluded.last_no), else_=notice_choice.c.last_no)
    return row.on_conflict_do_update(index_elements=[notice_choice.c.person_id], set_=changed)


PUT = Statement(sqlite=_put(sqlite.Insert), postgresql=_put(postgresql.Insert))

DUE = Statement(
    select(
        notice_choice.c.person_id,
        notice_choice.c.mails,
        notice_choice.c.choices,
        notice_choice.c.due_at,
        notice_choice.c.last_no,
        person.c.zone,
    )
    .select_from(notice_choice.join(person, person.c.id == notice_choice.c.person_id))
    .where(notice_choice.c.due_at <= _b("now"))
    .order_by(notice_choice.c.due_at)
    .limit(_b("limit"))
)

TAKE = Statement(
    update(notice_choice)
    .where(notice_choice.c.person_id == _b("owner"), notice_choice.c.due_at == _b("was_due"))
    .values(due_at=_b("new_due"))
)
"""Only one of several workers finds the time as it was."""

TOLD_UNTIL = Statement(
    update(notice_choice).where(notice_choice.c.person_id == _b("owner")).values(last_no=_b("newest"))
)
