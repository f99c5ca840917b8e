"""Reading a channel for somebody: what its door checks and what its head shows, in one row."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select, update

from widget_server.store.lists import with_list
from widget_server.store.queries.receipts import SEEN_IS_KEPT, TOLD_SEEN
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, identity, installation, person

_b = bindparam
_beside = channel.alias("beside")
_staff = channel.alias("staff")
_visitor = person.alias("visitor")
_face = person.alias("face")

BEGUN = Statement(
    select(channel.c.kind).where(channel.c.creator_id == _b("creator_id"), channel.c.client_id == _b("client_id"))
)
"""What somebody has begun under an id."""

DOOR = Statement(
    select(
        channel.c.id,
        channel.c.kind,
        channel.c.state,
        channel.c.first_seq,
        channel.c.last_seq,
        channel.c.version,
        conversation.c.channel_id,
        conversation.c.site_id,
        conversation.c.visitor_id,
        conversation.c.status,
        conversation.c.visitor_delivered,
        conversation.c.visitor_seen,
        conversation.c.agents_delivered,
        conversation.c.agents_seen,
        _staff.c.public_id,
        _beside.c.public_id,
        _visitor.c.public_id,
        _visitor.c.name,
        _visitor.c.picture,
        _visitor.c.merged_into,
        _face.c.merged_into,
        SEEN_IS_KEPT,
    )
    .select_from(
        channel.outerjoin(conversation, conversation.c.channel_id == func.coalesce(channel.c.beside_id, channel.c.id))
        .outerjoin(_staff, _staff.c.id == conversation.c.staff_id)
        .outerjoin(_beside, _beside.c.id == channel.c.beside_id)
        .outerjoin(_visitor, _visitor.c.id == conversation.c.visitor_id)
        .outerjoin(_face, _face.c.id == _visitor.c.merged_into)
    )
    .where(channel.c.public_id == _b("public_id"))
)

HEAD = Statement(
    select(
        channel.c.id,
        channel.c.kind,
        channel.c.last_seq,
        channel.c.version,
        channel.c.beside_id,
        conversation.c.status,
        conversation.c.visitor_delivered,
        TOLD_SEEN,
        conversation.c.agents_delivered,
        conversation.c.agents_seen,
    )
    .select_from(channel.outerjoin(conversation, conversation.c.channel_id == channel.c.id))
    .where(channel.c.public_id == _b("public_id"))
)

PRESENT = with_list(
    lambda wanted: (
        select(
            channel.c.public_id,
            channel.c.version,
            func.coalesce(conversation.c.visitor_delivered, 0),
            func.coalesce(TOLD_SEEN, 0),
            func.coalesce(conversation.c.agents_delivered, 0),
            func.coalesce(conversation.c.agents_seen, 0),
        )
        .select_from(channel.outerjoin(conversation, conversation.c.channel_id == channel.c.id))
        .where(wanted)
    ),
    channel.c.public_id,
    "names",
)

NEXT_VERSION = Statement(
    update(channel)
    .where(channel.c.id == _b("key"))
    .values(version=channel.c.version + 1, stamp=_b("new_stamp"))
    .returning(channel.c.version)
)

POSITION = Statement(
    select(channel.c.public_id, channel.c.version, channel.c.last_seq).where(channel.c.id == _b("key"))
)

VISITOR_BY_TOKEN = Statement(
    select(identity.c.person_id, identity.c.ended_at, person.c.public_id, person.c.name, person.c.picture)
    .select_from(identity.join(person, person.c.id == identity.c.person_id))
    .where(identity.c.kind == "visitor_token", identity.c.scope == _b("site_id"), identity.c.value == _b("token_hash"))
)

PERSON = Statement(
    select(person.c.id, person.c.public_id, person.c.name, person.c.picture, person.c.kind).where(
        person.c.public_id == _b("public_id")
    )
)

INSTALLATION = Statement(select(installation.c.value).where(installation.c.name == _b("name")))
