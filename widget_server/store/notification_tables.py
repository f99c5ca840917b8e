"""The tables of notifications: what somebody wants to hear of, by which way, and how far they have been told."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, text

from widget_server.store.columns import Bytewise, Key, key_column, metadata

watching = Table(
    "watching",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("kind", Bytewise, primary_key=True),
    Column("object_id", Key, primary_key=True),
    Column("level", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Index("ix_watching_object", "kind", "object_id", "level"),
    CheckConstraint("kind IN ('board', 'thread', 'tag', 'person')", name="kind"),
    CheckConstraint("level IN ('watch', 'follow', 'mute')", name="level"),
)
"""What somebody chose for a board, a thread (its channel), a tag or a member. ``watch``: told of everything there;
``follow``: told of what begins there, and of answers to oneself; ``mute``: told of nothing. A room's level stands in
its membership."""

notice_choice = Table(
    "notice_choice",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("mails", Bytewise, nullable=False, server_default="at_once"),
    Column("choices", Bytewise, nullable=False, server_default="{}"),
    Column("due_at", Key),
    Column("last_no", Key, nullable=False, server_default="0"),
    Column("changed_at", Key, nullable=False),
    Column("missed_chats", Key, nullable=False, server_default="1"),
    Index(
        "ix_notice_choice_due_at",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    CheckConstraint("mails IN ('at_once', 'daily', 'weekly', 'never')", name="mails"),
)
"""How somebody is told. ``choices`` says of each kind of notice by which ways (JSON); ``due_at`` is when the next
digest is, ``last_no`` the newest notice that one has told of; ``missed_chats`` is an agent's switch for mails about
chats that nobody answers. Who has no row has what the program begins with."""

push_line = Table(
    "push_line",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("session_id", Key, nullable=False),
    Column("endpoint", Bytewise, nullable=False, unique=True),
    Column("sealed_keys", Bytewise, nullable=False),
    Column("browser", Bytewise, nullable=False, server_default=""),
    Column("created_at", Key, nullable=False),
    Column("used_at", Key),
    Column("failures", Key, nullable=False, server_default="0"),
    Index("ix_push_line_person_id", "person_id"),
)
"""A browser that wants to be woken (RFC 8030): where, and the keys that what is sent is sealed with (RFC 8291).

It is woken only while the session holds in which it asked: who signs out, or is signed out, hears nothing more."""

chat_mail = Table(
    "chat_mail",
    metadata,
    Column("channel_id", ForeignKey("conversation.channel_id"), primary_key=True),
    Column("missed_seq", Key, nullable=False, server_default="0"),
    Column("answered_seq", Key, nullable=False, server_default="0"),
    Column("missed_due", Key),
    Column("answer_due", Key),
    Column("mails", Key, nullable=False, server_default="0"),
    Column("refused_at", Key),
    *(
        Index(
            f"ix_chat_mail_{name}",
            name,
            sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"),
        )
        for name in ("missed_due", "answer_due")
    ),
)
"""Mails about a conversation: up to which message agents were told that nobody answers, up to which one the visitor was
sent what was answered, and when each is to be looked at next. ``mails`` were sent since the visitor wrote last;
``refused_at`` is when they asked for no more."""
