"""The persons that are one: visitors of a site that belong together, and the member they all are.

A visitor who was merged points to the *face*: the visitor of the same site who is left, and the one whom that site's
tokens lead to. A face points to the member who has claimed it. There is no third step
(docs/adr/0005-one-person-many-ways-in.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, union_all, update

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import identity, person, site

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect, Select

_b = bindparam
_face = person.alias("face_of_member")


def of_face(name: str) -> Select[tuple[int]]:
    """The keys of a face (parameter ``name``) and of all that were merged into it."""
    return select(person.c.id).where(or_(person.c.id == _b(name), person.c.merged_into == _b(name)))


def of_member(name: str) -> CompoundSelect[Any]:
    """The keys of all visitors that a member (parameter ``name``) has claimed, of every site."""
    behind = select(person.c.id).select_from(_face.join(person, person.c.merged_into == _face.c.id))
    return union_all(
        select(person.c.id).where(person.c.merged_into == _b(name)), behind.where(_face.c.merged_into == _b(name))
    )


HOLD = with_list(
    lambda wanted: (
        select(person.c.id, person.c.public_id, person.c.name, person.c.picture, person.c.kind, person.c.merged_into)
        .where(wanted)
        .order_by(person.c.id)
        .with_for_update(key_share=True)
    ),
    person.c.id,
    "keys",
)
"""Held until the end, in one order: what two merges at once see of each other is exact."""

MERGE = Statement(update(person).where(person.c.id == _b("key")).values(merged_into=_b("into"), stamp=_b("new_stamp")))

CLAIM = Statement(
    update(person)
    .where(person.c.id == _b("key"), person.c.merged_into.is_(None))
    .values(merged_into=_b("into"), stamp=_b("new_stamp"))
)
"""Of two accounts that claim a face at once, one gets it."""

NAME_FACE = Statement(
    update(person)
    .where(or_(person.c.id == _b("key"), person.c.merged_into == _b("key")))
    .values(name=_b("new_name"), stamp=_b("new_stamp"))
)
"""A visitor's name, in every conversation that shows it."""

MOVE_TOKENS = Statement(
    update(identity)
    .where(identity.c.person_id == _b("key"), identity.c.kind == "visitor_token")
    .values(person_id=_b("to"), stamp=_b("new_stamp"))
)

SUBJECT_OF = Statement(
    select(identity.c.value).where(
        identity.c.person_id == _b("key"), identity.c.kind == "external", identity.c.scope == _b("site_id")
    )
)

BY_SUBJECT = Statement(
    select(identity.c.person_id).where(
        identity.c.kind == "external", identity.c.scope == _b("site_id"), identity.c.value == _b("subject")
    )
)

INSERT_SUBJECT = Statement(
    insert(identity)
    .inline()
    .values(
        person_id=_b("person_id"),
        kind="external",
        scope=_b("site_id"),
        value=_b("subject"),
        created_at=_b("now"),
        confirmed_at=_b("now"),
    )
)

_into = person.alias("into")

FACE_OF = Statement(
    select(func.coalesce(_into.c.id, person.c.id))
    .select_from(person.outerjoin(_into, and_(_into.c.id == person.c.merged_into, _into.c.kind == "visitor")))
    .where(person.c.id == _b("key"))
)

MERGED_INTO = Statement(select(person.c.merged_into).where(person.c.id == _b("key")))

SITE_NAME = Statement(select(site.c.name).where(site.c.id == _b("site_id")))

COUNT_FACES = Statement(select(func.count()).select_from(person).where(person.c.merged_into == _b("member_id")))

SET_OF = Statement(of_member("member_id"))
"""What a ban, an export or an erasure of a member must reach beside the member."""
