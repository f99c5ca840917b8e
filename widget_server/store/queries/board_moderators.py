"""Who keeps order on a board."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select

from widget_server.store.statement import Statement
from widget_server.store.tables import person, role, role_grant

_b = bindparam

MODERATORS = Statement(
    select(person.c.public_id, person.c.name, person.c.picture, role.c.key, role.c.name, role.c.permissions)
    .select_from(
        role_grant.join(person, person.c.id == role_grant.c.person_id).join(role, role.c.key == role_grant.c.role)
    )
    .where(role_grant.c.board_id == _b("which_board"), role_grant.c.ended_at.is_(None), person.c.deleted_at.is_(None))
    .order_by(role_grant.c.created_at, person.c.id)
)
"""Everybody with a role for the board, whatever it allows."""

MEMBER = Statement(
    select(person.c.public_id)
    .where(
        or_(person.c.folded_name == _b("folded_name"), person.c.public_id == _b("public_id")),
        person.c.kind != "visitor",
        person.c.deleted_at.is_(None),
        person.c.merged_into.is_(None),
    )
    .limit(1)
)
"""An account by how its name looks, or by its public id."""
