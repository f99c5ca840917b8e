"""Accounts: people with a mail address they sign in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, insert, literal_column, or_, select, union_all, update

from widget_server.core.permissions import ALL_SITES
from widget_server.store.statement import Statement
from widget_server.store.tables import identity, notice, passkey, person, role, role_grant, second_factor

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_b = bindparam


def accounts(*before: ColumnElement[Any]) -> Select[Any]:
    """Select accounts, in the order that ``actions.accounts.account_of`` takes, with other columns ``before`` them."""
    return (
        select(
            *before,
            person.c.id,
            person.c.public_id,
            person.c.kind,
            person.c.name,
            person.c.picture,
            person.c.availability,
            person.c.place,
            person.c.about,
            person.c.language,
            person.c.zone,
            person.c.created_at,
            person.c.seen_at,
            identity.c.value,
            identity.c.written,
            identity.c.confirmed_at,
            person.c.waits_since,
            or_(
                select(second_factor.c.person_id)
                .where(second_factor.c.person_id == person.c.id, second_factor.c.confirmed_at.is_not(None))
                .exists(),
                select(passkey.c.person_id).where(passkey.c.person_id == person.c.id).exists(),
            ),
            select(notice.c.id)
            .where(notice.c.person_id == person.c.id, notice.c.seen_at.is_(None), notice.c.kind == "warning")
            .exists(),
            identity.c.secret,
        )
        .select_from(person.join(identity, identity.c.person_id == person.c.id))
        .where(
            identity.c.kind == "mail",
            identity.c.scope == 0,
            identity.c.ended_at.is_(None),
            person.c.deleted_at.is_(None),
            person.c.merged_into.is_(None),
        )
    )


BY_MAIL = Statement(accounts().where(identity.c.value == _b("mail")))
BY_PERSON = Statement(accounts().where(person.c.id == _b("person_id")))
BY_PUBLIC_ID = Statement(accounts().where(person.c.public_id == _b("public_id")))
ALL_APPOINTED = Statement(
    accounts()
    .where(person.c.id.in_(select(role_grant.c.person_id).where(role_grant.c.ended_at.is_(None))))
    .order_by(person.c.id)
)
"""Everybody to whom a role was given."""

NAME_TAKEN = Statement(select(person.c.id, person.c.name).where(person.c.folded_name == _b("folded_name")))
STAFF_NAMES = Statement(
    select(person.c.id, person.c.name).where(
        person.c.folded_name.is_(None), person.c.kind == "agent", person.c.name.is_not(None)
    )
)
"""Of agents whose name is not kept by its folded copy."""

INSERT_PERSON = Statement(
    insert(person)
    .values(
        public_id=_b("public_id"),
        kind=_b("kind"),
        name=_b("name"),
        folded_name=_b("folded_name"),
        language=_b("language"),
        created_at=_b("created_at"),
        stamp=_b("new_stamp"),
    )
    .returning(person.c.id)
)

INSERT_MAIL = Statement(
    insert(identity).values(
        person_id=_b("person_id"),
        kind="mail",
        value=_b("mail"),
        written=_b("written"),
        secret=_b("secret"),
        created_at=_b("created_at"),
        confirmed_at=_b("confirmed_at"),
    )
)

SET_WAITING = Statement(update(person).where(person.c.id == _b("key")).values(waits_since=_b("new_since")))

MAIL_TAKEN = Statement(
    select(identity.c.person_id).where(identity.c.kind == "mail", identity.c.scope == 0, identity.c.value == _b("mail"))
)
"""Whoever has the address, also where their account has ended: a row keeps it for them."""

SET_MAIL = Statement(
    update(identity)
    .where(
        identity.c.person_id == _b("key"),
        identity.c.kind == "mail",
        identity.c.scope == 0,
        identity.c.ended_at.is_(None),
    )
    .values(value=_b("new_mail"), written=_b("new_written"))
)

_SECRET = select(identity.c.secret).where(
    identity.c.person_id == _b("owner"),
    identity.c.kind == "mail",
    identity.c.scope == 0,
    identity.c.ended_at.is_(None),
)
SECRET = Statement(_SECRET)
HOLD_SECRET = Statement(_SECRET.with_for_update())
"""Nobody changes the password before the transaction ends; SQLite has one writer anyway."""


BEGIN_ANEW = Statement(
    update(person)
    .where(person.c.id == _b("key"))
    .values(
        name=_b("new_name"),
        folded_name=_b("new_folded"),
        language=_b("new_language"),
        created_at=_b("now"),
        stamp=_b("new_stamp"),
    )
)
"""Somebody registers again whose address was never confirmed."""

SET_SECRET = Statement(
    update(identity)
    .where(
        identity.c.person_id == _b("key"),
        identity.c.kind == "mail",
        identity.c.scope == 0,
        identity.c.ended_at.is_(None),
    )
    .values(secret=_b("new_secret"))
)
"""None takes the password away."""

REPLACE_SECRET = Statement(
    update(identity)
    .where(identity.c.person_id == _b("key"), identity.c.kind == "mail", identity.c.secret == _b("old_secret"))
    .values(secret=_b("new_secret"))
)
"""Only while the old one stands: a password that was changed meanwhile wins."""

FIRST_SECRET = Statement(
    update(identity)
    .where(
        identity.c.person_id == _b("key"),
        identity.c.kind == "mail",
        identity.c.scope == 0,
        identity.c.ended_at.is_(None),
        identity.c.secret.is_(None),
    )
    .values(secret=_b("new_secret"))
)

_HELD = select(role_grant.c.role, role_grant.c.site_id, role_grant.c.board_id, role.c.permissions).select_from(
    role_grant.outerjoin(role, role.c.key == role_grant.c.role)
)
GRANTS = Statement(_HELD.where(role_grant.c.person_id == _b("person_id"), role_grant.c.ended_at.is_(None)))
ALL_GRANTS = Statement(_HELD.add_columns(role_grant.c.person_id).where(role_grant.c.ended_at.is_(None)))
_DEFAULT = select(role.c.key, literal_column(str(ALL_SITES)), literal_column("0"), role.c.permissions).where(
    role.c.is_default == 1
)
DEFAULT_ROLE = Statement(_DEFAULT)
RIGHTS = Statement(
    union_all(
        _DEFAULT.add_columns(literal_column("1")),
        _HELD.add_columns(literal_column("0")).where(
            role_grant.c.person_id == _b("person_id"), role_grant.c.ended_at.is_(None)
        ),
    )
)
"""The role of everybody with an account, as a grant marked with 1, and with it somebody's own grants, marked with 0."""

CONFIRM = Statement(
    update(identity)
    .where(
        identity.c.person_id == _b("owner"),
        identity.c.kind == "mail",
        identity.c.scope == 0,
        identity.c.value == _b("mail"),
        identity.c.ended_at.is_(None),
    )
    .values(confirmed_at=_b("now"))
)
"""Only the address that the link was sent to: one that was changed since is not meant."""
