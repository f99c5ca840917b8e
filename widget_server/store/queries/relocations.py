"""Moving posts from one thread to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, insert, literal_column, select, update

from widget_server.store.lists import given_rows, with_list
from widget_server.store.queries.batch import update_each
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import bookmark, forward, held_post, message, notice, person, report, thread

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

_b = bindparam

_POSTS = select(
    message.c.no,
    message.c.seq,
    message.c.parent,
    message.c.branch,
    message.c.path,
    message.c.kind,
    message.c.author_id,
    message.c.created_at,
    message.c.score,
).where(message.c.channel_id == _b("channel_id"))

ALL = Statement(_POSTS.where(message.c.kind == "text").order_by(message.c.seq).limit(_b("limit")))
"""Every post (up to a limit) that stands in a thread, also removed ones; no tombstones of those that went."""

LISTED = Statement(
    select(message.c.seq, person.c.name, message.c.created_at, SAID)
    .select_from(message.join(person, person.c.id == message.c.author_id))
    .where(
        message.c.channel_id == _b("channel_id"),
        message.c.seq > _b("after"),
        message.c.kind == "text",
        message.c.removed_at.is_(None),
    )
    .order_by(message.c.seq)
    .limit(_b("limit"))
)

CHOSEN = with_list(
    lambda wanted: _POSTS.where(wanted, message.c.kind == "text").order_by(message.c.seq), message.c.seq, "seqs"
)

PUT = update_each(
    message,
    message.c.no,
    to_channel=message.c.channel_id,
    to_seq=message.c.seq,
    to_parent=message.c.parent,
    to_branch=message.c.branch,
    to_path=message.c.path,
    new_first=message.c.first_version,
    new_version=message.c.version,
)
"""A post's new place: it keeps its number, author, time and all that hangs on it."""

PUT_ORDER = (
    "to_channel", "to_seq", "to_parent", "to_branch", "to_path", "new_first", "new_version", "key",
)  # fmt: skip

_TOMBSTONE = (
    "channel_id", "seq", "author_id", "side", "kind", "body", "client_id", "digest", "parent", "branch", "path",
    "first_version", "version", "created_at", "removed_at", "removed_by",
)  # fmt: skip
TOMBSTONE_ORDER = _TOMBSTONE
_laid = given_rows("laid", **{name: message.c[name] for name in _TOMBSTONE})
TOMBSTONE = Statement(
    sqlite=insert(message).inline().values({name: _b(name) for name in _TOMBSTONE} | {"revision": literal_column("0")}),
    postgresql=insert(message).from_select(
        [*_TOMBSTONE, "revision"],
        select(*(_laid.c[name] for name in _TOMBSTONE), literal_column("0")),
        include_defaults=False,
    ),
    by_columns="postgresql",
)
"""What stands where a post was: the tree above the answers that stay keeps its shape."""

FORWARD_ORDER = ("channel_id", "seq", "to_channel_id", "to_seq")
_led = given_rows("led", **{name: forward.c[name] for name in FORWARD_ORDER})
FORWARD = Statement(
    sqlite=insert(forward).inline().values({name: _b(name) for name in FORWARD_ORDER}),
    postgresql=insert(forward).from_select(
        list(FORWARD_ORDER), select(*(_led.c[name] for name in FORWARD_ORDER)), include_defaults=False
    ),
    by_columns="postgresql",
)


def _follow(table: Table, channel_id: Column[int], seq: Column[int]) -> Statement:
    """Make every row that names one of the old places name the new one, all at once."""
    gone = forward.alias("gone")
    new = (
        gone.c.channel_id == _b("from_channel"),
        gone.c.to_channel_id == _b("to_channel"),
        gone.c.to_seq > _b("after"),
    )
    return Statement(
        update(table)
        .where(channel_id == _b("from_channel"), seq.in_(select(gone.c.seq).where(*new)))
        .values(
            {channel_id: _b("to_channel"), seq: select(gone.c.to_seq).where(*new, gone.c.seq == seq).scalar_subquery()}
        )
    )


FOLLOW_FORWARDS = _follow(forward, forward.c.to_channel_id, forward.c.to_seq)
"""A post that moves again is still one step from everywhere it stood. ``FORWARD`` comes before these three."""

FOLLOW_BOOKMARKS = _follow(bookmark, bookmark.c.channel_id, bookmark.c.seq)

FOLLOW_NOTICES = _follow(notice, notice.c.channel_id, notice.c.seq)

FOLLOW_REPORTS = Statement(
    update(report)
    .where(
        report.c.message_no.in_(select(message.c.no).where(message.c.channel_id == _b("channel_id"))),
        report.c.decided_at.is_(None),
    )
    .values(board_id=_b("new_board"))
)
"""What is reported on the posts of a thread is the business of its board's moderators."""

FOLLOW_HELD = Statement(
    update(held_post)
    .where(held_post.c.channel_id == _b("channel_id"), held_post.c.decided_at.is_(None))
    .values(board_id=_b("new_board"))
)
"""As is what waits to become an answer in it."""

_LIVING = (message.c.channel_id == _b("key"), message.c.kind == "text")
_newest = (
    select(message.c.author_id)
    .where(*_LIVING, message.c.removed_at.is_(None))
    .order_by(message.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)

RECOUNT = Statement(
    update(thread)
    .where(thread.c.channel_id == _b("key"))
    .values(
        replies=select(func.count())
        .select_from(message)
        .where(*_LIVING, message.c.seq > 1, message.c.removed_at.is_(None))
        .scalar_subquery(),
        last_author_id=func.coalesce(_newest, thread.c.last_author_id),
        activity_at=func.coalesce(
            select(func.max(message.c.created_at)).where(*_LIVING, message.c.removed_at.is_(None)).scalar_subquery(),
            thread.c.activity_at,
        ),
    )
)
"""Replies, last author and activity, from the posts that are there."""
