"""Rooms and their invitations, files, and what people want to be told of.

Revision: 0006
Before it: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply. The release before this one goes on working: it is only added to."""
    op.add_column("message", sa.Column("files", TEXT, nullable=True))
    op.add_column("notice", sa.Column("mailed_at", KEY, nullable=True))
    op.add_column("notice", sa.Column("pushed_at", KEY, nullable=True))
    _add_rooms()
    _add_files()
    _add_notifications()


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _add_rooms() -> None:
    op.add_column("membership", sa.Column("role", TEXT, server_default="member", nullable=False))
    op.add_column("membership", sa.Column("removed_by", KEY, nullable=True))
    op.create_table(
        "room",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("name", TEXT, server_default="", nullable=False),
        sa.Column("folded_name", TEXT, nullable=True),
        sa.Column("description", TEXT, server_default="", nullable=False),
        sa.Column("access", TEXT, server_default="open", nullable=False),
        sa.Column("capacity", KEY, nullable=False),
        sa.Column("members", KEY, server_default="0", nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("pair", TEXT, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("activity_at", KEY, nullable=False),
        sa.Column("removed_at", KEY, nullable=True),
        sa.Column("removed_by", KEY, nullable=True),
        sa.Column("stamp", KEY, nullable=False),
        sa.CheckConstraint("access IN ('open', 'invited', 'direct')", name=op.f("ck_room_access")),
        sa.CheckConstraint("capacity >= 2", name=op.f("ck_room_capacity")),
        sa.CheckConstraint("members >= 0 AND members <= capacity", name=op.f("ck_room_members")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_room_channel_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_room_owner_id")),
        sa.ForeignKeyConstraint(["removed_by"], ["person.id"], name=op.f("fk_room_removed_by")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_room")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_room_folded_name")),
        sa.UniqueConstraint("pair", name=op.f("uq_room_pair")),
    )
    op.create_index("ix_room_stamp", "room", ["stamp"], unique=False)
    op.create_index(
        "ix_room_open",
        "room",
        ["activity_at", "channel_id"],
        unique=False,
        **_partial("access = 'open' AND removed_at IS NULL"),
    )
    op.create_table(
        "room_invitation",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("invited_by", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["room.channel_id"], name=op.f("fk_room_invitation_channel_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_room_invitation_invited_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_room_invitation_person_id")),
        sa.PrimaryKeyConstraint("channel_id", "person_id", name=op.f("pk_room_invitation")),
    )
    op.create_index("ix_room_invitation_person_id", "room_invitation", ["person_id"], unique=False)


def _add_files() -> None:
    op.create_table(
        "file",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("site_id", KEY, nullable=True),
        sa.Column("message_no", KEY, nullable=True),
        sa.Column("position", KEY, server_default="0", nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, server_default="", nullable=False),
        sa.Column("content_type", TEXT, server_default="", nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("received", KEY, server_default="0", nullable=False),
        sa.Column("stored", KEY, server_default="0", nullable=False),
        sa.Column("width", KEY, nullable=True),
        sa.Column("height", KEY, nullable=True),
        sa.Column("details", TEXT, server_default="{}", nullable=False),
        sa.Column("state", TEXT, server_default="coming", nullable=False),
        sa.Column("remark", TEXT, nullable=True),
        sa.Column("taken_until", KEY, server_default="0", nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("changed_at", KEY, nullable=False),
        sa.CheckConstraint("state IN ('coming', 'come', 'ready', 'refused', 'removed')", name=op.f("ck_file_state")),
        sa.ForeignKeyConstraint(["message_no"], ["message.no"], name=op.f("fk_file_message_no")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_file_owner_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_file_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("owner_id", "client_id", name=op.f("uq_file_owner_id_client_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_file_public_id")),
    )
    op.create_index("ix_file_message_no", "file", ["message_no"], unique=False, **_partial("message_no IS NOT NULL"))
    op.create_index("ix_file_site_id", "file", ["site_id"], unique=False, **_partial("site_id IS NOT NULL"))
    op.create_index(
        "ix_file_loose",
        "file",
        ["state", "changed_at"],
        unique=False,
        **_partial("message_no IS NULL OR state <> 'ready'"),
    )


def _add_notifications() -> None:
    op.create_table(
        "watching",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("object_id", KEY, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.CheckConstraint("kind IN ('board', 'thread', 'tag', 'person')", name=op.f("ck_watching_kind")),
        sa.CheckConstraint("level IN ('watch', 'follow', 'mute')", name=op.f("ck_watching_level")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_watching_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", "object_id", name=op.f("pk_watching")),
    )
    op.create_index("ix_watching_object", "watching", ["kind", "object_id", "level"], unique=False)
    op.create_table(
        "notice_choice",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("mails", TEXT, server_default="at_once", nullable=False),
        sa.Column("choices", TEXT, server_default="{}", nullable=False),
        sa.Column("due_at", KEY, nullable=True),
        sa.Column("last_no", KEY, server_default="0", nullable=False),
        sa.Column("changed_at", KEY, nullable=False),
        sa.Column("missed_chats", KEY, server_default="1", nullable=False),
        sa.CheckConstraint("mails IN ('at_once', 'daily', 'weekly', 'never')", name=op.f("ck_notice_choice_mails")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_choice_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notice_choice")),
    )
    op.create_index(
        "ix_notice_choice_due_at", "notice_choice", ["due_at"], unique=False, **_partial("due_at IS NOT NULL")
    )
    op.create_table(
        "push_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("sealed_keys", TEXT, nullable=False),
        sa.Column("browser", TEXT, server_default="", nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("used_at", KEY, nullable=True),
        sa.Column("failures", KEY, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_push_line_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_line")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_line_endpoint")),
    )
    op.create_index("ix_push_line_person_id", "push_line", ["person_id"], unique=False)
    op.create_table(
        "chat_mail",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("missed_seq", KEY, server_default="0", nullable=False),
        sa.Column("answered_seq", KEY, server_default="0", nullable=False),
        sa.Column("missed_due", KEY, nullable=True),
        sa.Column("answer_due", KEY, nullable=True),
        sa.Column("mails", KEY, server_default="0", nullable=False),
        sa.Column("refused_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["conversation.channel_id"], name=op.f("fk_chat_mail_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_chat_mail")),
    )
    for name in ("missed_due", "answer_due"):
        op.create_index(f"ix_chat_mail_{name}", "chat_mail", [name], unique=False, **_partial(f"{name} IS NOT NULL"))


def downgrade() -> None:
    """Undo: every room is gone, and with it who was in it; their messages stay with their channels."""
    for name in ("chat_mail", "push_line", "notice_choice", "watching", "file", "room_invitation", "room"):
        op.drop_table(name)
    op.drop_column("membership", "removed_by")
    op.drop_column("membership", "role")
    op.drop_column("notice", "pushed_at")
    op.drop_column("notice", "mailed_at")
    op.drop_column("message", "files")
