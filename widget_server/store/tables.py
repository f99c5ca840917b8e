"""The schema, once for SQLite and PostgreSQL. Alembic revisions under ``migrations/`` change it step by step.

Columns hold integers and text only: times are UTC milliseconds, JSON is text, flags are 0 and 1. Rows refer to each
other by integers; a public name (UUIDv7) appears once. ``stamp`` is the transaction that last touched a row which
lists show.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = BigInteger().with_variant(Integer, "sqlite")
"""64-bit keys; on SQLite the plain INTEGER that is the row id."""
Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by bytes on both databases (SQLite's BINARY is its default)."""


def _key() -> Column[int]:
    return Column("id", Key, primary_key=True)


installation = Table(
    "installation",
    metadata,
    Column("name", Bytewise, primary_key=True),
    Column("value", Bytewise, nullable=False),
)
"""``epoch``, the mark of the data directory, and the counter from which SQLite takes stamps."""

site = Table(
    "site",
    metadata,
    _key(),
    Column("key", Bytewise, nullable=False, unique=True),
    Column("name", Bytewise, nullable=False),
    Column("allowed_origins", Bytewise, nullable=False, server_default="[]"),
    Column("settings", Bytewise, nullable=False, server_default="{}"),
    Column("created_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
)

person = Table(
    "person",
    metadata,
    _key(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("kind", Bytewise, nullable=False),
    Column("name", Bytewise),
    Column("picture", Bytewise),
    Column("availability", Bytewise, nullable=False, server_default="online"),
    Column("merged_into", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
    CheckConstraint("kind IN ('visitor', 'member', 'agent', 'bot')", name="kind"),
)
"""Everyone who can write. A merged person points to the new one; nothing is re-written."""

identity = Table(
    "identity",
    metadata,
    _key(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("kind", Bytewise, nullable=False),
    Column("scope", Key, nullable=False, server_default="0"),
    Column("value", Bytewise, nullable=False),
    Column("secret", Bytewise),
    Column("created_at", Key, nullable=False),
    Column("ended_at", Key),
    Column("stamp", Key, nullable=False, server_default="0"),
    UniqueConstraint("kind", "scope", "value"),
    Index("ix_identity_person_id", "person_id"),
    Index(
        "ix_identity_ended",
        "stamp",
        sqlite_where=text("ended_at IS NOT NULL"),
        postgresql_where=text("ended_at IS NOT NULL"),
    ),
    CheckConstraint("kind IN ('visitor_token', 'external', 'mail')", name="kind"),
)
"""How a person is known.

``scope`` is the site of a visitor token or external id, 0 for what holds everywhere; ``value`` the
token's hash or the folded address; ``secret`` a password hash."""

role_grant = Table(
    "role_grant",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("site_id", Key, primary_key=True, server_default="0"),
    Column("role", Bytewise, nullable=False),
    Column("stamp", Key, nullable=False),
    Column("ended_at", Key),
    Index("ix_role_grant_stamp", "stamp"),
)
"""A right: ``agent`` or ``administrator`` of one site (``site_id``) or of all (0)."""

session = Table(
    "session",
    metadata,
    _key(),
    Column("token_hash", Bytewise, nullable=False, unique=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
    Column("seen_at", Key, nullable=False),
    Column("expires_at", Key, nullable=False),
    Column("ended_at", Key),
    Column("browser", Bytewise, nullable=False, server_default=""),
    Column("stamp", Key, nullable=False),
    Index("ix_session_person_id", "person_id"),
    Index("ix_session_stamp", "stamp"),
)

contact = Table(
    "contact",
    metadata,
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("name", Bytewise),
    Column("mail", Bytewise),
    Column("attributes", Bytewise, nullable=False, server_default="{}"),
    Column("context", Bytewise, nullable=False, server_default="{}"),
    Column("updated_at", Key, nullable=False),
    Index("ix_contact_person_id", "person_id"),
)
"""What a visitor told one site, shown only there.

``context`` is where they are: page, referrer, language, zone, browser.
"""

channel = Table(
    "channel",
    metadata,
    _key(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("kind", Bytewise, nullable=False),
    Column("site_id", ForeignKey("site.id")),
    Column("creator_id", ForeignKey("person.id"), nullable=False),
    Column("client_id", Bytewise, nullable=False),
    Column("beside_id", ForeignKey("channel.id")),
    Column("title", Bytewise),
    Column("state", Bytewise, nullable=False, server_default="open"),
    Column("first_seq", Key, nullable=False, server_default="1"),
    Column("last_seq", Key, nullable=False, server_default="0"),
    Column("version", Key, nullable=False, server_default="0"),
    Column("created_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
    UniqueConstraint("creator_id", "client_id"),
    Index("ix_channel_stamp", "stamp"),
    Index("ix_channel_beside_id", "beside_id"),
    CheckConstraint("kind IN ('conversation', 'room', 'thread', 'staff')", name="kind"),
    CheckConstraint("state IN ('open', 'locked', 'closed')", name="state"),
)
"""The log's head.

``seq`` and ``version`` are taken from this row inside the writing transaction, never from a sequence.
A staff channel stands ``beside`` the public one."""

message = Table(
    "message",
    metadata,
    Column("no", Key, primary_key=True),
    Column("channel_id", ForeignKey("channel.id"), nullable=False),
    Column("seq", Key, nullable=False),
    Column("author_id", ForeignKey("person.id"), nullable=False),
    Column("side", Bytewise, nullable=False),
    Column("kind", Bytewise, nullable=False),
    Column("body", Bytewise, nullable=False),
    Column("client_id", Bytewise, nullable=False),
    Column("digest", Bytewise, nullable=False),
    Column("parent", Key),
    Column("after_seq", Key),
    Column("revision", Key, nullable=False, server_default="0"),
    Column("first_version", Key, nullable=False),
    Column("version", Key, nullable=False),
    Column("created_at", Key, nullable=False),
    Column("removed_at", Key),
    UniqueConstraint("channel_id", "seq"),
    UniqueConstraint("client_id", "author_id"),
    Index(
        "ix_message_changed",
        "channel_id",
        "version",
        sqlite_where=text("version <> first_version"),
        postgresql_where=text("version <> first_version"),
    ),
)
"""``side`` is the author's role in this channel (visitor, agent, system). ``ix_message_changed`` covers only messages
changed after they were first written; new ones are found by ``seq``."""

revision = Table(
    "revision",
    metadata,
    Column("message_no", ForeignKey("message.no"), primary_key=True),
    Column("revision", Key, primary_key=True),
    Column("body", Bytewise, nullable=False),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
)
"""Earlier bodies, for staff: what an edit replaced, and the body that a removal took out of the message."""

membership = Table(
    "membership",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("level", Bytewise, nullable=False, server_default="watch"),
    Column("joined_at", Key, nullable=False),
    Column("left_at", Key),
    Column("stamp", Key, nullable=False),
    Index("ix_membership_person_id_stamp", "person_id", "stamp"),
)

reader = Table(
    "reader",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("delivered_seq", Key, nullable=False, server_default="0"),
    Column("seen_seq", Key, nullable=False, server_default="0"),
    Index("ix_reader_person_id", "person_id"),
)

conversation = Table(
    "conversation",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("staff_id", ForeignKey("channel.id"), nullable=False),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("visitor_id", ForeignKey("person.id"), nullable=False),
    Column("status", Bytewise, nullable=False, server_default="open"),
    Column("assignee_id", ForeignKey("person.id")),
    Column("snoozed_until", Key),
    Column("visitor_delivered", Key, nullable=False, server_default="0"),
    Column("visitor_seen", Key, nullable=False, server_default="0"),
    Column("agents_delivered", Key, nullable=False, server_default="0"),
    Column("agents_seen", Key, nullable=False, server_default="0"),
    Column("activity_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
    UniqueConstraint("staff_id"),
    Index("ix_conversation_visitor_id", "visitor_id"),
    Index("ix_conversation_stamp", "stamp"),
    Index("ix_conversation_view", "site_id", "status", "activity_at"),
    Index(
        "ix_conversation_resolved",
        "site_id",
        "status",
        "assignee_id",
        "activity_at",
        sqlite_where=text("status = 'resolved'"),
        postgresql_where=text("status = 'resolved'"),
    ),
    Index(
        "ix_conversation_snoozed_until",
        "snoozed_until",
        sqlite_where=text("snoozed_until IS NOT NULL"),
        postgresql_where=text("snoozed_until IS NOT NULL"),
    ),
    CheckConstraint("status IN ('open', 'pending', 'snoozed', 'resolved', 'spam')", name="status"),
)
"""The face of one channel: status, assignee, and four marks (delivered and seen, of the visitor and the agents).

``ix_conversation_resolved`` finds one's own among all that was ever resolved; it costs nothing while people talk."""

canned_reply = Table(
    "canned_reply",
    metadata,
    _key(),
    Column("shortcut", Bytewise, nullable=False, unique=True),
    Column("body", Bytewise, nullable=False),
    Column("updated_at", Key, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _key(),
    Column("topic", Bytewise, nullable=False),
    Column("channel_id", ForeignKey("channel.id")),
    Column("payload", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Column("due_at", Key, nullable=False),
    Column("attempts", Key, nullable=False, server_default="0"),
    Column("done_at", Key),
    Index("ix_outbox_due_at", "due_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")),
)
"""What happened and must leave the system, written in the transaction that causes it."""
