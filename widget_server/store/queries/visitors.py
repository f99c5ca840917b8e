"""Writing visitors, what they told a site, and who answers there."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.core.permissions import Permission
from widget_server.store.lists import with_list
from widget_server.store.queries.persons import of_face
from widget_server.store.statement import Statement
from widget_server.store.tables import contact, conversation, identity, outbox, person, role, role_grant

_b = bindparam

INSERT_PERSON = Statement(
    insert(person)
    .values(public_id=_b("public_id"), kind="visitor", name=_b("name"), created_at=_b("created_at"), stamp=_b("stamp"))
    .returning(person.c.id)
)

INSERT_TOKEN = Statement(
    insert(identity)
    .inline()
    .values(
        person_id=_b("person_id"),
        kind="visitor_token",
        scope=_b("site_id"),
        value=_b("token_hash"),
        created_at=_b("created_at"),
    )
)

END_TOKEN = Statement(
    update(identity)
    .where(
        identity.c.kind == "visitor_token",
        identity.c.scope == _b("site_id"),
        identity.c.value == _b("token_hash"),
        identity.c.ended_at.is_(None),
    )
    .values(ended_at=_b("now"), stamp=_b("new_stamp"))
)


def _keep_contact(
    dialect_insert: type[sqlite.Insert | postgresql.Insert], *fields: str
) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(contact).values(
        site_id=_b("site_id"),
        person_id=_b("person_id"),
        updated_at=_b("updated_at"),
        **{name: _b(name) for name in fields},
    )
    return row.on_conflict_do_update(
        index_elements=[contact.c.site_id, contact.c.person_id],
        set_={name: row.excluded[name] for name in ("updated_at", *fields)},
    )


def _upsert(*fields: str) -> Statement:
    return Statement(sqlite=_keep_contact(sqlite.Insert, *fields), postgresql=_keep_contact(postgresql.Insert, *fields))


KEEP_CONTEXT = _upsert("context")
KEEP_CONTACT = _upsert("name", "mail", "attributes", "mail_confirmed_at")
KEEP_VERIFIED = _upsert("verified", "subject")

CONTACT = Statement(
    select(
        contact.c.name,
        contact.c.mail,
        contact.c.attributes,
        contact.c.context,
        contact.c.verified,
        contact.c.subject,
        contact.c.mail_confirmed_at,
    )
    .where(contact.c.site_id == _b("site_id"), contact.c.person_id == _b("person_id"))
    .with_for_update()
)
"""Held until the end: what is joined to it and written back must not lose what another tab has said."""

CONFIRM_MAIL = Statement(
    update(contact)
    .where(contact.c.site_id == _b("of_site"), contact.c.person_id == _b("key"))
    .values(mail_confirmed_at=_b("now"))
)

CONVERSATIONS = Statement(
    select(conversation.c.channel_id, conversation.c.staff_id)
    .where(conversation.c.visitor_id.in_(of_face("person_id")), conversation.c.site_id == _b("site_id"))
    .order_by(conversation.c.activity_at.desc())
    .limit(20)
)
"""Of one visitor with one site, newest activity first: what changes of the visitor shows in each of them.

As many as ``conversations.OWN`` tells the visitor of: who begins thousands must not make a page change dear.
"""

ANSWERING = with_list(
    lambda wanted: (
        select(person.c.public_id, person.c.name, person.c.picture)
        .select_from(
            person.join(role_grant, role_grant.c.person_id == person.c.id).outerjoin(
                role, role.c.key == role_grant.c.role
            )
        )
        .where(
            wanted,
            or_(role.c.permissions.op("&")(int(Permission.ANSWER)) != 0, role.c.key.is_(None)),
            person.c.availability == "online",
            role_grant.c.ended_at.is_(None),
            or_(role_grant.c.site_id == 0, role_grant.c.site_id == _b("site_id")),
        )
        .distinct()
        .order_by(person.c.name)
        .limit(5)
    ),
    person.c.id,
    "people",
)
"""Of these people (who are connected), those who are switched to online and may answer this site."""

SET_AVAILABILITY = Statement(
    update(person).where(person.c.id == _b("key")).values(availability=_b("state"), stamp=_b("new_stamp"))
)

AVAILABILITY = Statement(select(person.c.availability).where(person.c.id == _b("person_id")))

PUT_OUTBOX = Statement(
    insert(outbox)
    .inline()
    .values(
        topic=_b("topic"),
        channel_id=_b("channel_id"),
        site_id=_b("site_id"),
        payload=_b("payload"),
        created_at=_b("now"),
        due_at=literal_column("0"),
    )
)
