"""The schema, once for SQLite and PostgreSQL. Alembic revisions under ``migrations/`` change it step by step.

Columns hold integers and text only: times are UTC milliseconds, JSON is text, flags are 0 and 1. Rows refer to each
other by integers; a public name (UUIDv7) appears once. ``stamp`` is the transaction that last touched a row which
lists show.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, text

from widget_server.store.columns import Bytewise, Key, key_column, metadata
from widget_server.store.community_tables import (
    board,
    board_mark,
    bookmark,
    draft,
    forward,
    held_post,
    ignored,
    notice,
    person_note,
    poll,
    poll_vote,
    reaction,
    rendering,
    report,
    silence,
    tag,
    tally_due,
    thread,
    thread_tag,
    vote,
)
from widget_server.store.file_tables import file
from widget_server.store.notification_tables import chat_mail, notice_choice, push_line, watching
from widget_server.store.outgoing_tables import (
    api_answer,
    api_token,
    outbox,
    site_secret,
    used_nonce,
    webhook,
    webhook_delivery,
)
from widget_server.store.people_tables import (
    audit,
    ban,
    follow,
    identity,
    link,
    passkey,
    person,
    picture,
    recovery_code,
    role,
    role_grant,
    second_factor,
    session,
    sign_in,
)
from widget_server.store.room_tables import room, room_invitation

__all__ = [
    "Bytewise",
    "Key",
    "api_answer",
    "api_token",
    "audit",
    "ban",
    "board",
    "board_mark",
    "bookmark",
    "canned_reply",
    "channel",
    "chat_mail",
    "contact",
    "conversation",
    "draft",
    "file",
    "follow",
    "forward",
    "held_post",
    "identity",
    "ignored",
    "installation",
    "link",
    "membership",
    "message",
    "metadata",
    "notice",
    "notice_choice",
    "outbox",
    "passkey",
    "person",
    "person_note",
    "picture",
    "poll",
    "poll_vote",
    "push_line",
    "reaction",
    "reader",
    "recovery_code",
    "rendering",
    "report",
    "revision",
    "role",
    "role_grant",
    "room",
    "room_invitation",
    "second_factor",
    "session",
    "sign_in",
    "silence",
    "site",
    "site_secret",
    "tag",
    "tally_due",
    "thread",
    "thread_tag",
    "used_nonce",
    "vote",
    "watching",
    "webhook",
    "webhook_delivery",
]
"""Every table, wherever it is written."""

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
    key_column(),
    Column("key", Bytewise, nullable=False, unique=True),
    Column("name", Bytewise, nullable=False),
    Column("allowed_origins", Bytewise, nullable=False, server_default="[]"),
    Column("settings", Bytewise, nullable=False, server_default="{}"),
    Column("created_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
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
    Column("verified", Bytewise, nullable=False, server_default="{}"),
    Column("subject", Bytewise),
    Column("mail_confirmed_at", Key),
    Index("ix_contact_person_id", "person_id"),
)
"""What a visitor told one site, shown only there.

``context`` is where they are: page, referrer, language, zone, browser. ``verified`` holds the attributes that the site
signed, ``subject`` whom it says they are.
"""

channel = Table(
    "channel",
    metadata,
    key_column(),
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
    Column("removed_by", Key),
    Column("branch", Key),
    Column("path", Bytewise),
    Column("score", Key),
    Column("tally", Bytewise),
    Column("tallied_at", Key),
    Column("files", Bytewise),
    UniqueConstraint("channel_id", "seq"),
    UniqueConstraint("client_id", "author_id"),
    Index(
        "ix_message_tree",
        "channel_id",
        "branch",
        "path",
        sqlite_where=text("branch IS NOT NULL"),
        postgresql_where=text("branch IS NOT NULL"),
    ),
    Index(
        "ix_message_posts",
        "author_id",
        "no",
        sqlite_where=text("branch IS NOT NULL"),
        postgresql_where=text("branch IS NOT NULL"),
    ),
    Index(
        "ix_message_changed",
        "channel_id",
        "version",
        sqlite_where=text("version <> first_version"),
        postgresql_where=text("version <> first_version"),
    ),
)
"""``side`` is the author's role in this channel (visitor, agent, system). ``ix_message_changed`` covers only messages
changed after they were first written; new ones are found by ``seq``.

A post (a message of a thread) has a place in the tree of replies: ``branch`` is the post under which its branch begins
(0: the thread itself), ``path`` its way from there (``core.tree``), which sorts as the tree is read. ``tally`` are its
votes and reactions as they were last counted, ``score`` the sum of its votes. ``removed_by`` is who took it away.
``files`` is what goes on the wire of the files that it carries (a JSON list); it goes with the body."""

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
    Column("role", Bytewise, nullable=False, server_default="member"),
    Column("removed_by", Key),
    Index("ix_membership_person_id_stamp", "person_id", "stamp"),
)
"""Who belongs to a room, and how much of it they want to hear (``level``: watch, follow, mute). Leaving is marked;
``removed_by`` is who sent them away. ``role``: owner, moderator or member."""

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
    key_column(),
    Column("shortcut", Bytewise, nullable=False, unique=True),
    Column("body", Bytewise, nullable=False),
    Column("updated_at", Key, nullable=False),
)
