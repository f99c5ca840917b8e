"""What the committer's batches run. Each is a constant: on a message's way nothing is built."""

from __future__ import annotations

from sqlalchemy import bindparam, case, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, message, person, reader, revision

_b = bindparam

CHANNELS = with_list(
    lambda wanted: (
        select(
            channel.c.id,
            channel.c.public_id,
            channel.c.kind,
            channel.c.state,
            channel.c.last_seq,
            channel.c.version,
            conversation.c.site_id,
            conversation.c.staff_id,
            conversation.c.status,
            conversation.c.visitor_delivered,
            conversation.c.visitor_seen,
            conversation.c.agents_delivered,
            conversation.c.agents_seen,
        )
        .select_from(channel.outerjoin(conversation, conversation.c.channel_id == channel.c.id))
        .where(wanted)
        .order_by(channel.c.id)
    ),
    channel.c.id,
    "ids",
)

KNOWN = with_list(
    lambda wanted: select(message.c.client_id, message.c.author_id, message.c.digest, message.c.no).where(wanted),
    message.c.client_id,
    "client_ids",
)

NEW_MESSAGE = (
    "channel_id", "seq", "author_id", "side", "kind", "body", "client_id", "digest", "parent", "after_seq", "version",
    "created_at",
)  # fmt: skip
"""What a message is given at its birth, in the order in which the batch lays it out."""

INSERT_MESSAGE = Statement(
    insert(message)
    .inline()
    .values(
        {name: _b(name) for name in NEW_MESSAGE} | {"revision": literal_column("0"), "first_version": _b("version")}
    )
)

ADVANCE_CHANNEL = Statement(
    update(channel)
    .where(channel.c.id == _b("key"))
    .values(last_seq=_b("seq"), version=_b("to_version"), stamp=_b("new_stamp"))
)

ADVANCE_CONVERSATION = Statement(
    update(conversation)
    .where(conversation.c.channel_id == _b("key"))
    .values(
        status=_b("new_status"),
        visitor_delivered=_b("v_delivered"),
        visitor_seen=_b("v_seen"),
        agents_delivered=_b("a_delivered"),
        agents_seen=_b("a_seen"),
        activity_at=_b("at"),
        stamp=_b("new_stamp"),
    )
)

CLEAR_SNOOZE = Statement(update(conversation).where(conversation.c.channel_id == _b("key")).values(snoozed_until=None))

RAISE_MARKS = Statement(
    update(conversation)
    .where(conversation.c.channel_id == _b("key"))
    .values(
        visitor_delivered=_b("v_delivered"),
        visitor_seen=_b("v_seen"),
        agents_delivered=_b("a_delivered"),
        agents_seen=_b("a_seen"),
        stamp=_b("new_stamp"),
    )
)


def _raise_reader(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(reader).values(
        channel_id=_b("channel_id"), person_id=_b("person_id"), delivered_seq=_b("delivered"), seen_seq=_b("seen")
    )
    return row.on_conflict_do_update(
        index_elements=[reader.c.channel_id, reader.c.person_id],
        set_={
            name: case((row.excluded[name] > reader.c[name], row.excluded[name]), else_=reader.c[name])
            for name in ("delivered_seq", "seen_seq")
        },
    )


RAISE_READER = Statement(sqlite=_raise_reader(sqlite.Insert), postgresql=_raise_reader(postgresql.Insert))

MESSAGE_COLUMNS = (
    message.c.seq,
    message.c.client_id,
    person.c.public_id,
    person.c.name,
    person.c.picture,
    message.c.side,
    message.c.kind,
    message.c.body,
    message.c.created_at,
    message.c.version,
    message.c.revision,
    message.c.removed_at,
    message.c.parent,
    message.c.after_seq,
)
"""In the order in which ``queries.messages.message_state`` takes them."""

OWN_BY_NUMBER = Statement(
    select(*MESSAGE_COLUMNS, message.c.first_version, message.c.channel_id)
    .select_from(message.join(person, person.c.id == message.c.author_id))
    .where(message.c.no == _b("no"))
)

TO_CHANGE = Statement(
    select(*MESSAGE_COLUMNS, message.c.no, message.c.author_id)
    .select_from(message.join(person, person.c.id == message.c.author_id))
    .where(message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq"))
)

CHANGE_MESSAGE = Statement(
    update(message)
    .where(message.c.no == _b("key"))
    .values(
        body=_b("new_body"), revision=_b("new_revision"), version=_b("new_version"), removed_at=_b("new_removed_at")
    )
)

KEEP_REVISION = Statement(
    insert(revision).values(
        message_no=_b("message_no"),
        revision=_b("revision"),
        body=_b("body"),
        person_id=_b("person_id"),
        created_at=_b("created_at"),
    )
)
