"""The tables of the community: boards, threads, what members do with them. Posts are messages of a channel."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, text

from widget_server.store.columns import Bytewise, Key, key_column, metadata

board = Table(
    "board",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("slug", Bytewise, nullable=False, unique=True),
    Column("name", Bytewise, nullable=False),
    Column("folded_name", Bytewise, nullable=False, unique=True),
    Column("description", Bytewise, nullable=False, server_default=""),
    Column("rules", Bytewise, nullable=False, server_default=""),
    Column("position", Key, nullable=False, server_default="0"),
    Column("parent_id", ForeignKey("board.id")),
    Column("site_id", ForeignKey("site.id")),
    Column("readers", Bytewise, nullable=False, server_default="everyone"),
    Column("starters", Bytewise, nullable=False, server_default="members"),
    Column("repliers", Bytewise, nullable=False, server_default="members"),
    Column("layout", Bytewise, nullable=False, server_default="nested"),
    Column("holds", Key, nullable=False, server_default="0"),
    Column("settings", Bytewise, nullable=False, server_default="{}"),
    Column("threads", Key, nullable=False, server_default="0"),
    Column("creator_id", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("archived_at", Key),
    Column("stamp", Key, nullable=False),
    Index("ix_board_stamp", "stamp"),
    CheckConstraint("readers IN ('everyone', 'members', 'moderators')", name="readers"),
    CheckConstraint("starters IN ('members', 'moderators')", name="starters"),
    CheckConstraint("repliers IN ('members', 'moderators')", name="repliers"),
    CheckConstraint("layout IN ('linear', 'nested')", name="layout"),
)
"""``holds``: so many first posts of a new member wait for a moderator. ``settings`` holds its word and link rules.
``threads`` counts those that are not removed."""

thread = Table(
    "thread",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("number", Key, nullable=False, unique=True),
    Column("board_id", ForeignKey("board.id"), nullable=False),
    Column("author_id", ForeignKey("person.id"), nullable=False),
    Column("kind", Bytewise, nullable=False, server_default="discussion"),
    Column("replies", Key, nullable=False, server_default="0"),
    Column("score", Key, nullable=False, server_default="0"),
    Column("hot", Key, nullable=False, server_default="0"),
    Column("accepted_seq", Key),
    Column("pinned", Key, nullable=False, server_default="0"),
    Column("pinned_until", Key),
    Column("last_author_id", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
    Column("activity_at", Key, nullable=False),
    Column("removed_at", Key),
    Column("removed_by", ForeignKey("person.id")),
    Index("ix_thread_author_id", "author_id", "number"),
    *(
        Index(
            f"ix_thread_{name}",
            *columns,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        )
        for name, columns in {
            "new": ("number",),
            "active": ("activity_at", "number"),
            "top": ("score", "number"),
            "hot": ("hot", "number"),
            "board_new": ("board_id", "number"),
            "board_active": ("board_id", "activity_at", "number"),
            "board_top": ("board_id", "score", "number"),
            "board_hot": ("board_id", "hot", "number"),
        }.items()
    ),
    Index("ix_thread_pinned", "pinned", sqlite_where=text("pinned > 0"), postgresql_where=text("pinned > 0")),
    CheckConstraint("kind IN ('discussion', 'question')", name="kind"),
)
"""The face of one channel whose messages are posts; the first one opens it.

``number`` is its place in addresses. ``pinned``: 1 on its board, 2 everywhere, until ``pinned_until``. ``score`` are
the votes of its first post; ``hot`` is what they and its age make of it (``core.ranking``)."""

tag = Table(
    "tag",
    metadata,
    key_column(),
    Column("name", Bytewise, nullable=False, unique=True),
)

thread_tag = Table(
    "thread_tag",
    metadata,
    Column("tag_id", ForeignKey("tag.id"), primary_key=True),
    Column("channel_id", ForeignKey("thread.channel_id"), primary_key=True),
    Index("ix_thread_tag_channel_id", "channel_id"),
)

rendering = Table(
    "rendering",
    metadata,
    Column("message_no", ForeignKey("message.no"), primary_key=True),
    Column("revision", Key, nullable=False),
    Column("renderer", Key, nullable=False),
    Column("html", Bytewise, nullable=False),
)
"""What a post's source looks like, so that a page need not work it out: used only for this very revision and by this
very renderer (``core.markdown.RENDERER``). The source stays what is stored (S27)."""

vote = Table(
    "vote",
    metadata,
    Column("message_no", ForeignKey("message.no"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("value", Key, nullable=False),
    Column("created_at", Key, nullable=False),
    Index("ix_vote_person_id", "person_id"),
    CheckConstraint("value IN (-1, 1)", name="value"),
)

reaction = Table(
    "reaction",
    metadata,
    Column("message_no", ForeignKey("message.no"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("emoji", Bytewise, primary_key=True),
    Column("created_at", Key, nullable=False),
    Index("ix_reaction_person_id", "person_id"),
)

tally_due = Table(
    "tally_due",
    metadata,
    Column("message_no", ForeignKey("message.no"), primary_key=True),
    Column("due_at", Key, nullable=False),
    Index("ix_tally_due_due_at", "due_at"),
)
"""Posts whose votes or reactions changed within a second of the last count: a worker counts them when they are due."""

poll = Table(
    "poll",
    metadata,
    Column("channel_id", ForeignKey("thread.channel_id"), primary_key=True),
    Column("question", Bytewise, nullable=False),
    Column("options", Bytewise, nullable=False),
    Column("choices", Key, nullable=False, server_default="1"),
    Column("closes_at", Key),
    Column("tally", Bytewise, nullable=False, server_default="{}"),
)
"""``options`` is a JSON list of texts, ``choices`` how many of them one may take, ``tally`` the counts by place."""

poll_vote = Table(
    "poll_vote",
    metadata,
    # The type is said here: it is not found through three references.
    Column("channel_id", Key, ForeignKey("poll.channel_id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("option", Key, primary_key=True),
    Column("created_at", Key, nullable=False),
    Index("ix_poll_vote_person_id", "person_id"),
)

bookmark = Table(
    "bookmark",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("channel_id", ForeignKey("thread.channel_id"), primary_key=True),
    Column("seq", Key, primary_key=True),
    Column("created_at", Key, nullable=False),
    Index("ix_bookmark_channel_id", "channel_id"),
)

draft = Table(
    "draft",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("place", Bytewise, primary_key=True),
    Column("body", Bytewise, nullable=False),
    Column("details", Bytewise, nullable=False, server_default="{}"),
    Column("updated_at", Key, nullable=False),
)
"""What somebody has not sent yet. ``place``: ``new:BOARD``, ``reply:THREAD`` or ``edit:THREAD:SEQ``."""

ignored = Table(
    "ignored",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("ignored_id", ForeignKey("person.id"), primary_key=True),
    Column("created_at", Key, nullable=False),
    Index("ix_ignored_ignored_id", "ignored_id"),
)

board_mark = Table(
    "board_mark",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("board_id", Key, primary_key=True),
    Column("read_at", Key, nullable=False),
)
"""Somebody marked a board (0: all of them) as read: no thread without activity after ``read_at`` is unread there."""

notice = Table(
    "notice",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("kind", Bytewise, nullable=False),
    Column("actor_id", ForeignKey("person.id")),
    Column("channel_id", ForeignKey("channel.id")),
    Column("seq", Key),
    Column("details", Bytewise, nullable=False, server_default="{}"),
    Column("created_at", Key, nullable=False),
    Column("seen_at", Key),
    Column("stamp", Key, nullable=False),
    Column("mailed_at", Key),
    Column("pushed_at", Key),
    Index("ix_notice_person_id", "person_id", "id"),
    Index(
        "ix_notice_unseen",
        "person_id",
        sqlite_where=text("seen_at IS NULL"),
        postgresql_where=text("seen_at IS NULL"),
    ),
    Index("ix_notice_channel_id", "channel_id", "seq"),
)
"""What somebody is told: a mention, an answer, a quote, a warning, what became of a held post. ``seen_at``,
``mailed_at`` and ``pushed_at`` keep it from being told twice."""

held_post = Table(
    "held_post",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("author_id", ForeignKey("person.id"), nullable=False),
    Column("client_id", Bytewise, nullable=False),
    Column("board_id", ForeignKey("board.id"), nullable=False),
    Column("channel_id", ForeignKey("channel.id")),
    Column("kind", Bytewise, nullable=False),
    Column("payload", Bytewise, nullable=False),
    Column("why", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Column("decided_at", Key),
    Column("decided_by", ForeignKey("person.id")),
    Column("verdict", Bytewise),
    UniqueConstraint("author_id", "client_id"),
    Index(
        "ix_held_post_waiting",
        "board_id",
        "id",
        sqlite_where=text("decided_at IS NULL"),
        postgresql_where=text("decided_at IS NULL"),
    ),
    CheckConstraint("kind IN ('thread', 'reply')", name="kind"),
)
"""A post that waits for a moderator, apart from all that is read (S46). Its key is the one it will be sent with."""

report = Table(
    "report",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("reporter_id", ForeignKey("person.id"), nullable=False),
    Column("message_no", ForeignKey("message.no"), nullable=False),
    Column("board_id", Key, nullable=False, server_default="0"),
    Column("site_id", Key, nullable=False, server_default="0"),
    Column("reason", Bytewise, nullable=False),
    Column("details", Bytewise, nullable=False, server_default=""),
    Column("created_at", Key, nullable=False),
    Column("decided_at", Key),
    Column("decided_by", ForeignKey("person.id")),
    Column("verdict", Bytewise),
    UniqueConstraint("message_no", "reporter_id"),
    Index(
        "ix_report_waiting",
        "id",
        sqlite_where=text("decided_at IS NULL"),
        postgresql_where=text("decided_at IS NULL"),
    ),
    Index("ix_report_reporter_id", "reporter_id"),
)
"""Somebody thinks that a post, or a message of a chat or a room, should be looked at."""

silence = Table(
    "silence",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("board_id", Key, nullable=False, server_default="0"),
    Column("reason", Bytewise, nullable=False, server_default=""),
    Column("made_by", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
    Column("ends_at", Key),
    Column("ended_at", Key),
    Column("ended_by", ForeignKey("person.id")),
    Index("ix_silence_person_id", "person_id"),
)
"""Somebody reads but does not write: on one board, or (0) on all. A chat with the support stays open to them."""

person_note = Table(
    "person_note",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("author_id", ForeignKey("person.id"), nullable=False),
    Column("board_id", Key, nullable=False, server_default="0"),
    Column("kind", Bytewise, nullable=False),
    Column("body", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Index("ix_person_note_person_id", "person_id", "id"),
    CheckConstraint("kind IN ('note', 'warning')", name="kind"),
)
"""What moderators write of a member for one another, and the warnings that the member was given."""

forward = Table(
    "forward",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("seq", Key, primary_key=True),
    Column("to_channel_id", ForeignKey("channel.id"), nullable=False),
    Column("to_seq", Key, nullable=False),
    Index("ix_forward_to", "to_channel_id", "to_seq"),
)
"""Where a post went that was split off or merged: in its old place a tombstone stands."""
