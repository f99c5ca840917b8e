"""The table of files. Their bytes are elsewhere: in a folder, or in a store that speaks S3."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, text

from widget_server.store.columns import Bytewise, Key, key_column, metadata

file = Table(
    "file",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("owner_id", ForeignKey("person.id"), nullable=False),
    Column("client_id", Bytewise, nullable=False),
    Column("site_id", ForeignKey("site.id")),
    Column("message_no", ForeignKey("message.no")),
    Column("position", Key, nullable=False, server_default="0"),
    Column("name", Bytewise, nullable=False),
    Column("kind", Bytewise, nullable=False, server_default=""),
    Column("content_type", Bytewise, nullable=False, server_default=""),
    Column("size", Key, nullable=False),
    Column("received", Key, nullable=False, server_default="0"),
    Column("stored", Key, nullable=False, server_default="0"),
    Column("width", Key),
    Column("height", Key),
    Column("details", Bytewise, nullable=False, server_default="{}"),
    Column("state", Bytewise, nullable=False, server_default="coming"),
    Column("remark", Bytewise),
    Column("taken_until", Key, nullable=False, server_default="0"),
    Column("created_at", Key, nullable=False),
    Column("changed_at", Key, nullable=False),
    UniqueConstraint("owner_id", "client_id"),
    Index(
        "ix_file_message_no",
        "message_no",
        sqlite_where=text("message_no IS NOT NULL"),
        postgresql_where=text("message_no IS NOT NULL"),
    ),
    Index(
        "ix_file_site_id",
        "site_id",
        sqlite_where=text("site_id IS NOT NULL"),
        postgresql_where=text("site_id IS NOT NULL"),
    ),
    Index(
        "ix_file_loose",
        "state",
        "changed_at",
        sqlite_where=text("message_no IS NULL OR state <> 'ready'"),
        postgresql_where=text("message_no IS NULL OR state <> 'ready'"),
    ),
    CheckConstraint("state IN ('coming', 'come', 'ready', 'refused', 'removed')", name="state"),
)
"""A file on its way (``coming``: ``received`` of ``size`` bytes are here), whole (``come``), looked at by a worker and
fit to be sent (``ready``) or not (``refused``, ``remark`` says why), or no longer wanted (``removed``: its bytes go,
then its row).

``public_id`` is its place in addresses: 128 bits of chance (S12). ``site_id`` is the site whose share it counts
against, ``message_no`` the message that carries it, ``position`` its place there. ``stored`` are the bytes kept of
it, with its smaller copies (``details``); ``taken_until``: until then a worker has it in hand."""
