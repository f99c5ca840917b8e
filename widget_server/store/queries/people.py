"""People as administrators look for them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, func, or_, select, union, update

from widget_server.store.statement import Statement
from widget_server.store.tables import identity, person, role_grant, session

_b = bindparam

_accounts = person.join(identity, identity.c.person_id == person.c.id)
_IS_ACCOUNT = (
    identity.c.kind == "mail",
    identity.c.scope == 0,
    identity.c.ended_at.is_(None),
    person.c.merged_into.is_(None),
)
_PAGE = (
    select(
        person.c.id,
        person.c.public_id,
        person.c.kind,
        person.c.name,
        person.c.picture,
        identity.c.written,
        identity.c.value,
        identity.c.confirmed_at,
        person.c.created_at,
        person.c.seen_at,
    )
    .select_from(_accounts)
    .where(*_IS_ACCOUNT, person.c.deleted_at.is_(None), person.c.id > _b("after"))
    .order_by(person.c.id)
    .limit(_b("limit"))
)
_FITS = person.c.id.in_(
    union(
        select(person.c.id).where(person.c.folded_name.like(_b("in_name"), escape="\\")),
        select(identity.c.person_id).where(
            identity.c.kind == "mail", identity.c.scope == 0, identity.c.value.like(_b("in_mail"), escape="\\")
        ),
        select(person.c.id).where(person.c.public_id == _b("exact")),
    )
)
_IS_KIND = person.c.kind == _b("of_kind")
_HAS_ROLE = person.c.id.in_(
    select(role_grant.c.person_id).where(role_grant.c.role == _b("of_role"), role_grant.c.ended_at.is_(None))
)

PAGES: Final = {
    (by_word, by_kind, by_role): Statement(
        _PAGE.where(*[_FITS] * by_word, *[_IS_KIND] * by_kind, *[_HAS_ROLE] * by_role)
    )
    for by_word in (False, True)
    for by_kind in (False, True)
    for by_role in (False, True)
}
"""Accounts, the oldest first, by which filters are asked for: a word, a kind, a role."""

BY_WORD = Statement(
    select(person.c.id, person.c.public_id)
    .select_from(_accounts)
    .where(
        *_IS_ACCOUNT,
        or_(
            person.c.id.in_(select(person.c.id).where(person.c.folded_name == _b("looked"))),
            person.c.id.in_(
                select(identity.c.person_id).where(
                    identity.c.kind == "mail", identity.c.scope == 0, identity.c.value == _b("folded")
                )
            ),
            person.c.id.in_(select(person.c.id).where(person.c.public_id == _b("exact"))),
        ),
    )
    .order_by(person.c.id)
    .limit(1)
)
"""The account that a name, an address or a public name means."""

SESSIONS = Statement(
    select(func.count())
    .select_from(session)
    .where(session.c.person_id == _b("owner"), session.c.ended_at.is_(None), session.c.expires_at > _b("now"))
)

GRANTS = Statement(
    select(role_grant.c.role, role_grant.c.site_id, role_grant.c.board_id, role_grant.c.created_at).where(
        role_grant.c.person_id == _b("owner"), role_grant.c.ended_at.is_(None)
    )
)

WAITING = Statement(
    select(
        person.c.id,
        person.c.public_id,
        person.c.name,
        identity.c.written,
        identity.c.confirmed_at,
        person.c.waits_since,
    )
    .select_from(_accounts)
    .where(*_IS_ACCOUNT, person.c.deleted_at.is_(None), person.c.waits_since.is_not(None))
    .order_by(person.c.waits_since, person.c.id)
    .limit(_b("limit"))
)

END = Statement(
    update(person)
    .where(person.c.id == _b("key"), person.c.waits_since.is_not(None))
    .values(
        deleted_at=_b("now"),
        waits_since=None,
        name=None,
        folded_name=None,
        place="",
        about="",
        picture=None,
        stamp=_b("new_stamp"),
    )
)
END_MAIL = Statement(
    update(identity)
    .where(identity.c.person_id == _b("owner"), identity.c.ended_at.is_(None))
    .values(ended_at=_b("now"), secret=None, stamp=_b("new_stamp"))
)

CONFIRM = Statement(
    update(identity)
    .where(
        identity.c.person_id == _b("owner"),
        identity.c.kind == "mail",
        identity.c.scope == 0,
        identity.c.ended_at.is_(None),
        identity.c.confirmed_at.is_(None),
    )
    .values(confirmed_at=_b("now"), stamp=_b("new_stamp"))
)
