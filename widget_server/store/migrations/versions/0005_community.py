"""The community: boards, threads, votes, polls, drafts, reports, and what moderators do.

Revision: 0005
Before it: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply. The release before this one goes on working: it is only added to."""
    _add_columns()
    _add_boards()
    _add_what_members_do()
    _add_moderation()


def _add_columns() -> None:
    op.add_column("audit", sa.Column("board_id", KEY, nullable=True))
    op.create_index(
        "ix_audit_board_id",
        "audit",
        ["board_id", "id"],
        unique=False,
        sqlite_where=sa.text("board_id IS NOT NULL"),
        postgresql_where=sa.text("board_id IS NOT NULL"),
    )
    op.create_index(
        "ix_person_stamp",
        "person",
        ["stamp"],
        unique=False,
        sqlite_where=sa.text("kind <> 'visitor'"),
        postgresql_where=sa.text("kind <> 'visitor'"),
    )
    op.add_column("message", sa.Column("removed_by", KEY, nullable=True))
    op.add_column("message", sa.Column("branch", KEY, nullable=True))
    op.add_column("message", sa.Column("path", TEXT, nullable=True))
    op.add_column("message", sa.Column("score", KEY, nullable=True))
    op.add_column("message", sa.Column("tally", TEXT, nullable=True))
    op.add_column("message", sa.Column("tallied_at", KEY, nullable=True))
    op.create_index(
        "ix_message_posts",
        "message",
        ["author_id", "no"],
        unique=False,
        sqlite_where=sa.text("branch IS NOT NULL"),
        postgresql_where=sa.text("branch IS NOT NULL"),
    )
    op.create_index(
        "ix_message_tree",
        "message",
        ["channel_id", "branch", "path"],
        unique=False,
        sqlite_where=sa.text("branch IS NOT NULL"),
        postgresql_where=sa.text("branch IS NOT NULL"),
    )


def _add_boards() -> None:
    op.create_table(
        "tag",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("name", name=op.f("uq_tag_name")),
    )
    op.create_table(
        "board",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("folded_name", TEXT, nullable=False),
        sa.Column("description", TEXT, server_default="", nullable=False),
        sa.Column("rules", TEXT, server_default="", nullable=False),
        sa.Column("position", KEY, server_default="0", nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("site_id", KEY, nullable=True),
        sa.Column("readers", TEXT, server_default="everyone", nullable=False),
        sa.Column("starters", TEXT, server_default="members", nullable=False),
        sa.Column("repliers", TEXT, server_default="members", nullable=False),
        sa.Column("layout", TEXT, server_default="nested", nullable=False),
        sa.Column("holds", KEY, server_default="0", nullable=False),
        sa.Column("settings", TEXT, server_default="{}", nullable=False),
        sa.Column("threads", KEY, server_default="0", nullable=False),
        sa.Column("creator_id", KEY, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("archived_at", KEY, nullable=True),
        sa.Column("stamp", KEY, nullable=False),
        sa.CheckConstraint("layout IN ('linear', 'nested')", name=op.f("ck_board_layout")),
        sa.CheckConstraint("readers IN ('everyone', 'members', 'moderators')", name=op.f("ck_board_readers")),
        sa.CheckConstraint("repliers IN ('members', 'moderators')", name=op.f("ck_board_repliers")),
        sa.CheckConstraint("starters IN ('members', 'moderators')", name=op.f("ck_board_starters")),
        sa.ForeignKeyConstraint(["creator_id"], ["person.id"], name=op.f("fk_board_creator_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["board.id"], name=op.f("fk_board_parent_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_board_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_board_folded_name")),
        sa.UniqueConstraint("public_id", name=op.f("uq_board_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_board_slug")),
    )
    op.create_index("ix_board_stamp", "board", ["stamp"], unique=False)
    op.create_table(
        "board_mark",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("board_id", KEY, nullable=False),
        sa.Column("read_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_board_mark_person_id")),
        sa.PrimaryKeyConstraint("person_id", "board_id", name=op.f("pk_board_mark")),
    )
    op.create_table(
        "thread",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("number", KEY, nullable=False),
        sa.Column("board_id", KEY, nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("kind", TEXT, server_default="discussion", nullable=False),
        sa.Column("replies", KEY, server_default="0", nullable=False),
        sa.Column("score", KEY, server_default="0", nullable=False),
        sa.Column("hot", KEY, server_default="0", nullable=False),
        sa.Column("accepted_seq", KEY, nullable=True),
        sa.Column("pinned", KEY, server_default="0", nullable=False),
        sa.Column("pinned_until", KEY, nullable=True),
        sa.Column("last_author_id", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("activity_at", KEY, nullable=False),
        sa.Column("removed_at", KEY, nullable=True),
        sa.Column("removed_by", KEY, nullable=True),
        sa.CheckConstraint("kind IN ('discussion', 'question')", name=op.f("ck_thread_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_thread_author_id")),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_thread_board_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_thread_channel_id")),
        sa.ForeignKeyConstraint(["last_author_id"], ["person.id"], name=op.f("fk_thread_last_author_id")),
        sa.ForeignKeyConstraint(["removed_by"], ["person.id"], name=op.f("fk_thread_removed_by")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_thread")),
        sa.UniqueConstraint("number", name=op.f("uq_thread_number")),
    )
    op.create_index(
        "ix_thread_active",
        "thread",
        ["activity_at", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_thread_author_id", "thread", ["author_id", "number"], unique=False)
    op.create_index(
        "ix_thread_board_active",
        "thread",
        ["board_id", "activity_at", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_thread_board_hot",
        "thread",
        ["board_id", "hot", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_thread_board_new",
        "thread",
        ["board_id", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_thread_board_top",
        "thread",
        ["board_id", "score", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_thread_hot",
        "thread",
        ["hot", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_thread_new",
        "thread",
        ["number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_thread_pinned",
        "thread",
        ["pinned"],
        unique=False,
        sqlite_where=sa.text("pinned > 0"),
        postgresql_where=sa.text("pinned > 0"),
    )
    op.create_index(
        "ix_thread_top",
        "thread",
        ["score", "number"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "rendering",
        sa.Column("message_no", KEY, nullable=False),
        sa.Column("revision", KEY, nullable=False),
        sa.Column("renderer", KEY, nullable=False),
        sa.Column("html", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["message_no"], ["message.no"], name=op.f("fk_rendering_message_no")),
        sa.PrimaryKeyConstraint("message_no", name=op.f("pk_rendering")),
    )
    op.create_table(
        "thread_tag",
        sa.Column("tag_id", KEY, nullable=False),
        sa.Column("channel_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["thread.channel_id"], name=op.f("fk_thread_tag_channel_id")),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_thread_tag_tag_id")),
        sa.PrimaryKeyConstraint("tag_id", "channel_id", name=op.f("pk_thread_tag")),
    )
    op.create_index("ix_thread_tag_channel_id", "thread_tag", ["channel_id"], unique=False)


def _add_what_members_do() -> None:
    op.create_table(
        "draft",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("details", TEXT, server_default="{}", nullable=False),
        sa.Column("updated_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_person_id")),
        sa.PrimaryKeyConstraint("person_id", "place", name=op.f("pk_draft")),
    )
    op.create_table(
        "ignored",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("ignored_id", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["ignored_id"], ["person.id"], name=op.f("fk_ignored_ignored_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ignored_person_id")),
        sa.PrimaryKeyConstraint("person_id", "ignored_id", name=op.f("pk_ignored")),
    )
    op.create_index("ix_ignored_ignored_id", "ignored", ["ignored_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("channel_id", KEY, nullable=True),
        sa.Column("seq", KEY, nullable=True),
        sa.Column("details", TEXT, server_default="{}", nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("seen_at", KEY, nullable=True),
        sa.Column("stamp", KEY, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_notice_actor_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_notice_channel_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_channel_id", "notice", ["channel_id", "seq"], unique=False)
    op.create_index("ix_notice_person_id", "notice", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_notice_unseen",
        "notice",
        ["person_id"],
        unique=False,
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.create_table(
        "bookmark",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("seq", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["thread.channel_id"], name=op.f("fk_bookmark_channel_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_bookmark_person_id")),
        sa.PrimaryKeyConstraint("person_id", "channel_id", "seq", name=op.f("pk_bookmark")),
    )
    op.create_index("ix_bookmark_channel_id", "bookmark", ["channel_id"], unique=False)
    op.create_table(
        "poll",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("question", TEXT, nullable=False),
        sa.Column("options", TEXT, nullable=False),
        sa.Column("choices", KEY, server_default="1", nullable=False),
        sa.Column("closes_at", KEY, nullable=True),
        sa.Column("tally", TEXT, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["thread.channel_id"], name=op.f("fk_poll_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_poll")),
    )
    op.create_table(
        "reaction",
        sa.Column("message_no", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("emoji", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["message_no"], ["message.no"], name=op.f("fk_reaction_message_no")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reaction_person_id")),
        sa.PrimaryKeyConstraint("message_no", "person_id", "emoji", name=op.f("pk_reaction")),
    )
    op.create_index("ix_reaction_person_id", "reaction", ["person_id"], unique=False)
    op.create_table(
        "tally_due",
        sa.Column("message_no", KEY, nullable=False),
        sa.Column("due_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["message_no"], ["message.no"], name=op.f("fk_tally_due_message_no")),
        sa.PrimaryKeyConstraint("message_no", name=op.f("pk_tally_due")),
    )
    op.create_index("ix_tally_due_due_at", "tally_due", ["due_at"], unique=False)
    op.create_table(
        "vote",
        sa.Column("message_no", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.CheckConstraint("value IN (-1, 1)", name=op.f("ck_vote_value")),
        sa.ForeignKeyConstraint(["message_no"], ["message.no"], name=op.f("fk_vote_message_no")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_vote_person_id")),
        sa.PrimaryKeyConstraint("message_no", "person_id", name=op.f("pk_vote")),
    )
    op.create_index("ix_vote_person_id", "vote", ["person_id"], unique=False)
    op.create_table(
        "poll_vote",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("option", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["poll.channel_id"], name=op.f("fk_poll_vote_channel_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_poll_vote_person_id")),
        sa.PrimaryKeyConstraint("channel_id", "person_id", "option", name=op.f("pk_poll_vote")),
    )
    op.create_index("ix_poll_vote_person_id", "poll_vote", ["person_id"], unique=False)


def _add_moderation() -> None:
    op.create_table(
        "person_note",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("board_id", KEY, server_default="0", nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.CheckConstraint("kind IN ('note', 'warning')", name=op.f("ck_person_note_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_person_note_author_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_note_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_note")),
    )
    op.create_index("ix_person_note_person_id", "person_note", ["person_id", "id"], unique=False)
    op.create_table(
        "silence",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("board_id", KEY, server_default="0", nullable=False),
        sa.Column("reason", TEXT, server_default="", nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("ends_at", KEY, nullable=True),
        sa.Column("ended_at", KEY, nullable=True),
        sa.Column("ended_by", KEY, nullable=True),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_silence_ended_by")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_silence_made_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_silence_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    op.create_index("ix_silence_person_id", "silence", ["person_id"], unique=False)
    op.create_table(
        "forward",
        sa.Column("channel_id", KEY, nullable=False),
        sa.Column("seq", KEY, nullable=False),
        sa.Column("to_channel_id", KEY, nullable=False),
        sa.Column("to_seq", KEY, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_forward_channel_id")),
        sa.ForeignKeyConstraint(["to_channel_id"], ["channel.id"], name=op.f("fk_forward_to_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "seq", name=op.f("pk_forward")),
    )
    op.create_index("ix_forward_to", "forward", ["to_channel_id", "to_seq"], unique=False)
    op.create_table(
        "held_post",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("board_id", KEY, nullable=False),
        sa.Column("channel_id", KEY, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("decided_at", KEY, nullable=True),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("verdict", TEXT, nullable=True),
        sa.CheckConstraint("kind IN ('thread', 'reply')", name=op.f("ck_held_post_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_held_post_author_id")),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_held_post_board_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_held_post_channel_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_held_post_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_post")),
        sa.UniqueConstraint("author_id", "client_id", name=op.f("uq_held_post_author_id_client_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_held_post_public_id")),
    )
    op.create_index(
        "ix_held_post_waiting",
        "held_post",
        ["board_id", "id"],
        unique=False,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "report",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("reporter_id", KEY, nullable=False),
        sa.Column("message_no", KEY, nullable=False),
        sa.Column("board_id", KEY, server_default="0", nullable=False),
        sa.Column("site_id", KEY, server_default="0", nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("details", TEXT, server_default="", nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("decided_at", KEY, nullable=True),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("verdict", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_report_decided_by")),
        sa.ForeignKeyConstraint(["message_no"], ["message.no"], name=op.f("fk_report_message_no")),
        sa.ForeignKeyConstraint(["reporter_id"], ["person.id"], name=op.f("fk_report_reporter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("message_no", "reporter_id", name=op.f("uq_report_message_no_reporter_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_report_public_id")),
    )
    op.create_index("ix_report_reporter_id", "report", ["reporter_id"], unique=False)
    op.create_index(
        "ix_report_waiting",
        "report",
        ["id"],
        unique=False,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def downgrade() -> None:
    """Undo: every board and thread is gone; their messages stay with their channels."""
    for name in (
        "report",
        "held_post",
        "forward",
        "silence",
        "person_note",
        "poll_vote",
        "vote",
        "tally_due",
        "reaction",
        "poll",
        "bookmark",
        "notice",
        "ignored",
        "draft",
        "thread_tag",
        "rendering",
        "thread",
        "board_mark",
        "board",
        "tag",
    ):
        op.drop_table(name)
    op.drop_index(
        "ix_person_stamp",
        table_name="person",
        sqlite_where=sa.text("kind <> 'visitor'"),
        postgresql_where=sa.text("kind <> 'visitor'"),
    )
    op.drop_index(
        "ix_message_tree",
        table_name="message",
        sqlite_where=sa.text("branch IS NOT NULL"),
        postgresql_where=sa.text("branch IS NOT NULL"),
    )
    op.drop_index(
        "ix_message_posts",
        table_name="message",
        sqlite_where=sa.text("branch IS NOT NULL"),
        postgresql_where=sa.text("branch IS NOT NULL"),
    )
    op.drop_index(
        "ix_audit_board_id",
        table_name="audit",
        sqlite_where=sa.text("board_id IS NOT NULL"),
        postgresql_where=sa.text("board_id IS NOT NULL"),
    )
    op.drop_column("message", "tallied_at")
    op.drop_column("message", "tally")
    op.drop_column("message", "score")
    op.drop_column("message", "path")
    op.drop_column("message", "branch")
    op.drop_column("message", "removed_by")
    op.drop_column("audit", "board_id")
