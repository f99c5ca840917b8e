"""What leaves the system, and what other programs come in with."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint, text

from widget_server.store.columns import Bytewise, Key, key_column, metadata

outbox = Table(
    "outbox",
    metadata,
    key_column(),
    Column("topic", Bytewise, nullable=False),
    Column("channel_id", ForeignKey("channel.id")),
    Column("payload", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Column("due_at", Key, nullable=False),
    Column("attempts", Key, nullable=False, server_default="0"),
    Column("done_at", Key),
    Column("dead_at", Key),
    Column("taken_until", Key),
    Column("problem", Bytewise),
    Column("person_id", Key),
    Column("site_id", Key),
    Index(
        "ix_outbox_due_at",
        "due_at",
        sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
    ),
    Index(
        "ix_outbox_waiting",
        "id",
        sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
    ),
    Index(
        "ix_outbox_done_at",
        "done_at",
        sqlite_where=text("done_at IS NOT NULL"),
        postgresql_where=text("done_at IS NOT NULL"),
    ),
    Index(
        "ix_outbox_dead_at",
        "dead_at",
        sqlite_where=text("dead_at IS NOT NULL"),
        postgresql_where=text("dead_at IS NOT NULL"),
    ),
)
"""What happened and must leave the system, written in the transaction that causes it.

``taken_until`` is the lease of the worker that has it in hand, ``problem`` what went wrong the last time, ``dead_at``
when it was given up (a person may send it again)."""

webhook = Table(
    "webhook",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("site_id", ForeignKey("site.id")),
    Column("url", Bytewise, nullable=False),
    Column("secret", Bytewise, nullable=False),
    Column("topics", Bytewise, nullable=False, server_default="[]"),
    Column("is_active", Key, nullable=False, server_default="1"),
    Column("made_by", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("ended_at", Key),
    Index("ix_webhook_site_id", "site_id"),
)
"""Where a site's events are sent; ``secret`` is sealed with the installation's key."""

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    key_column(),
    Column("webhook_id", ForeignKey("webhook.id"), nullable=False),
    Column("outbox_id", ForeignKey("outbox.id"), nullable=False),
    Column("channel_id", ForeignKey("channel.id")),
    Column("event_id", Bytewise, nullable=False),
    Column("topic", Bytewise, nullable=False),
    Column("payload", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Column("due_at", Key, nullable=False),
    Column("attempts", Key, nullable=False, server_default="0"),
    Column("taken_until", Key),
    Column("status", Key),
    Column("problem", Bytewise),
    Column("done_at", Key),
    Column("dead_at", Key),
    UniqueConstraint("webhook_id", "outbox_id"),
    Index(
        "ix_webhook_delivery_due_at",
        "due_at",
        sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
    ),
    Index("ix_webhook_delivery_outbox_id", "outbox_id"),
    Index(
        "ix_webhook_delivery_done_at",
        "done_at",
        sqlite_where=text("done_at IS NOT NULL"),
        postgresql_where=text("done_at IS NOT NULL"),
    ),
    Index(
        "ix_webhook_delivery_dead_at",
        "dead_at",
        sqlite_where=text("dead_at IS NOT NULL"),
        postgresql_where=text("dead_at IS NOT NULL"),
    ),
    Index(
        "ix_webhook_delivery_order",
        "webhook_id",
        "channel_id",
        "id",
        sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
    ),
)
"""One event for one webhook: in order per channel, tried until it is taken or dead."""

api_token = Table(
    "api_token",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("token_hash", Bytewise, nullable=False, unique=True),
    Column("person_id", ForeignKey("person.id")),
    Column("site_id", ForeignKey("site.id")),
    Column("name", Bytewise, nullable=False),
    Column("scopes", Bytewise, nullable=False, server_default="[]"),
    Column("made_by", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
    Column("used_at", Key),
    Column("expires_at", Key),
    Column("ended_at", Key),
    Index("ix_api_token_person_id", "person_id"),
    Index("ix_api_token_site_id", "site_id"),
)
"""A personal token acts for ``person_id``, a site's for ``site_id``; never more than its maker could."""

api_answer = Table(
    "api_answer",
    metadata,
    Column("owner", Bytewise, primary_key=True),
    Column("key", Bytewise, primary_key=True),
    Column("digest", Bytewise, nullable=False),
    Column("status", Key),
    Column("body", Bytewise),
    Column("created_at", Key, nullable=False),
    Index("ix_api_answer_created_at", "created_at"),
)
"""What a call with an idempotency key was answered, for a day; keys are their token's own (S48)."""

site_secret = Table(
    "site_secret",
    metadata,
    key_column(),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("key_id", Bytewise, nullable=False, unique=True),
    Column("secret", Bytewise, nullable=False),
    Column("made_by", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("ended_at", Key),
    Index("ix_site_secret_site_id", "site_id"),
)
"""Keys with which a site signs whom it has signed in; several may hold while one replaces another."""

used_nonce = Table(
    "used_nonce",
    metadata,
    Column("site_id", Key, primary_key=True),
    Column("nonce", Bytewise, primary_key=True),
    Column("token_hash", Bytewise, nullable=False),
    Column("expires_at", Key, nullable=False),
    Index("ix_used_nonce_expires_at", "expires_at"),
)
"""Signed identities that were shown, and by which visitor's token: another one cannot show them again."""
