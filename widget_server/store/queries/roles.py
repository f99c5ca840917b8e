"""Roles, and who was given one."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import and_, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import identity, person, role, role_grant

_b = bindparam

ALL = Statement(select(role.c.id, role.c.key, role.c.name, role.c.permissions, role.c.is_default).order_by(role.c.id))

_NEW: Final[dict[str, Any]] = {
    "key": _b("key"),
    "name": _b("name"),
    "folded_name": _b("folded_name"),
    "permissions": _b("permissions"),
    "is_default": _b("is_default"),
    "created_at": _b("now"),
    "stamp": _b("new_stamp"),
}
INSERT_BUILT_IN = Statement(
    sqlite=sqlite.insert(role).values(**_NEW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(role).values(**_NEW).on_conflict_do_nothing(),
)
"""Left alone where it is there already: an administrator may have changed it."""

INSERT = Statement(insert(role).values(**_NEW))
BY_KEY = Statement(
    select(role.c.id, role.c.key, role.c.name, role.c.permissions, role.c.is_default).where(role.c.key == _b("key"))
)
NAME_TAKEN = Statement(select(role.c.key).where(role.c.folded_name == _b("folded_name")))
CHANGE = Statement(
    update(role)
    .where(role.c.key == _b("which"))
    .values(
        name=_b("new_name"),
        folded_name=_b("new_folded_name"),
        permissions=_b("new_permissions"),
        stamp=_b("new_stamp"),
    )
)
SET_DEFAULT = Statement(
    update(role)
    .where(or_(role.c.key == _b("which"), role.c.is_default == 1))
    .values(is_default=case((role.c.key == _b("which"), 1), else_=0), stamp=_b("new_stamp"))
)
"""Both the new and the old one are stamped."""
DELETE = Statement(delete(role).where(role.c.key == _b("which")))
HOLD_ALL = Statement(update(role).where(role.c.key == "administrator").values(stamp=role.c.stamp))
"""One after the other: two who take the last two administrators from each other must not both see the other one."""

HOLDERS = Statement(
    select(role_grant.c.role, func.count(func.distinct(role_grant.c.person_id)))
    .where(role_grant.c.ended_at.is_(None))
    .group_by(role_grant.c.role)
)
HOLDERS_OF = Statement(
    select(role_grant.c.person_id).where(role_grant.c.role == _b("which"), role_grant.c.ended_at.is_(None)).distinct()
)
ADMINISTRATORS = Statement(
    select(role_grant.c.person_id, role.c.permissions)
    .select_from(
        role_grant.join(role, role.c.key == role_grant.c.role)
        .join(person, person.c.id == role_grant.c.person_id)
        .join(
            identity,
            and_(
                identity.c.person_id == person.c.id,
                identity.c.kind == "mail",
                identity.c.scope == 0,
                identity.c.ended_at.is_(None),
                identity.c.confirmed_at.is_not(None),
            ),
        )
    )
    .where(
        role_grant.c.site_id == 0,
        role_grant.c.board_id == 0,
        role_grant.c.ended_at.is_(None),
        person.c.deleted_at.is_(None),
        person.c.merged_into.is_(None),
    )
)
"""Everybody with a role for everything who can sign in, with what that role allows."""

_GRANT: Final[dict[str, Any]] = {
    "person_id": _b("person_id"),
    "site_id": _b("site_id"),
    "board_id": _b("board_id"),
    "role": _b("role"),
    "given_by": _b("given_by"),
    "created_at": _b("now"),
    "stamp": _b("new_stamp"),
    "ended_at": None,
}
_PLACE: Final = [role_grant.c.person_id, role_grant.c.site_id, role_grant.c.board_id, role_grant.c.role]
_AGAIN: Final[dict[str, Any]] = {
    name: value for name, value in _GRANT.items() if name in {"given_by", "created_at", "stamp", "ended_at"}
}

INSERT_GRANT = Statement(
    sqlite=sqlite.insert(role_grant).values(**_GRANT).on_conflict_do_update(index_elements=_PLACE, set_=_AGAIN),
    postgresql=postgresql.insert(role_grant).values(**_GRANT).on_conflict_do_update(index_elements=_PLACE, set_=_AGAIN),
)
"""Also for one who had the role before."""

END_GRANT = Statement(
    update(role_grant)
    .where(
        role_grant.c.person_id == _b("owner"),
        role_grant.c.site_id == _b("for_site"),
        role_grant.c.board_id == _b("for_board"),
        role_grant.c.role == _b("which"),
        role_grant.c.ended_at.is_(None),
    )
    .values(ended_at=_b("now"), stamp=_b("new_stamp"))
)
END_GRANTS_OF_ROLE = Statement(
    update(role_grant)
    .where(role_grant.c.role == _b("which"), role_grant.c.ended_at.is_(None))
    .values(ended_at=_b("now"), stamp=_b("new_stamp"))
)

SET_KIND = Statement(update(person).where(person.c.id == _b("key")).values(kind=_b("new_kind"), stamp=_b("new_stamp")))
