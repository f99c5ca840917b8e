"""What the committer's batches run. Each is a constant: on a message's way nothing is built.

On PostgreSQL all rows of a batch go in one execution: one for every row costs the server more than the row itself does
(measured for a message with all that follows from it: 45 µs, against 27 µs).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table, bindparam, case, insert, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import given_rows, with_list
from widget_server.store.queries.hearing import NOTES_ARE_WANTED, is_heard
from widget_server.store.queries.receipts import SEEN_IS_KEPT
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, message, person, reader, revision, room

_b = bindparam

HEARD = is_heard(channel.c.site_id, or_(channel.c.kind == "conversation", NOTES_ARE_WANTED))
"""Whether a webhook wants to know what happens in a channel.

Looked up in the batch's own transaction, with its rows: a webhook hears of everything that is committed after it was.
Where there is none it costs one look into an empty index.
"""

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
            HEARD,
            channel.c.site_id,
            SEEN_IS_KEPT,
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
    "channel_id", "seq", "author_id", "side", "kind", "body", "client_id", "digest", "parent", "after_seq",
    "first_version", "version", "created_at",
)  # fmt: skip
"""What a message is given at its birth, in the order in which the batch lays it out, and SQLite wants it."""

_new = given_rows("new", **{name: message.c[name] for name in NEW_MESSAGE})

INSERT_MESSAGE = Statement(
    sqlite=insert(message)
    .inline()
    .values({name: _b(name) for name in NEW_MESSAGE} | {"revision": literal_column("0")}),
    postgresql=insert(message).from_select(
        [*NEW_MESSAGE, "revision"],
        select(*(_new.c[name] for name in NEW_MESSAGE), literal_column("0")),
        include_defaults=False,
    ),
    by_columns="postgresql",
)


def update_each(of: Table, key: Column[int], **values: Column[Any]) -> Statement:
    """Set columns of the rows whose keys are given as ``key``: parameters are named by ``values``' names."""
    named = {f"{column.name}": name for name, column in values.items()}
    given = given_rows("given", key=key, **values)
    return Statement(
        sqlite=update(of).where(key == _b("key")).values({column: _b(name) for column, name in named.items()}),
        postgresql=update(of)
        .where(key == given.c.key)
        .values({column: given.c[name] for column, name in named.items()}),
        by_columns="postgresql",
    )


ADVANCE_CHANNEL = update_each(
    channel, channel.c.id, seq=channel.c.last_seq, to_version=channel.c.version, new_stamp=channel.c.stamp
)

ADVANCED_CHANNEL = ("seq", "to_version", "new_stamp", "key")
"""In the order in which the batch lays them out, and SQLite wants them."""

_MARKS = {
    "v_delivered": conversation.c.visitor_delivered,
    "v_seen": conversation.c.visitor_seen,
    "a_delivered": conversation.c.agents_delivered,
    "a_seen": conversation.c.agents_seen,
    "new_stamp": conversation.c.stamp,
}

ADVANCE_CONVERSATION = update_each(
    conversation,
    conversation.c.channel_id,
    new_status=conversation.c.status,
    at=conversation.c.activity_at,
    **_MARKS,
)

ADVANCED_CONVERSATION = ("new_status", "v_delivered", "v_seen", "a_delivered", "a_seen", "at", "new_stamp", "key")

CLEAR_SNOOZE = Statement(update(conversation).where(conversation.c.channel_id == _b("key")).values(snoozed_until=None))

RAISE_MARKS = update_each(conversation, conversation.c.channel_id, **_MARKS)

KEEP_SEEN = update_each(conversation, conversation.c.channel_id, v_seen=conversation.c.visitor_seen)
"""What nobody is told: without a stamp, no list is read again for it."""


ADVANCE_ROOM = update_each(room, room.c.channel_id, at=room.c.activity_at, new_stamp=room.c.stamp)

ADVANCED_ROOM = ("at", "new_stamp", "key")


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
    message.c.tally,
    message.c.files,
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
        body=_b("new_body"),
        revision=_b("new_revision"),
        version=_b("new_version"),
        removed_at=_b("new_removed_at"),
        removed_by=_b("new_removed_by"),
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
