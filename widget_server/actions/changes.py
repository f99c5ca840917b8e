"""What is changed in a thread so that everyone sees it: a post's text, or the thread's head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from widget_server.actions.hearing import tell_changed, tell_thread
from widget_server.core.errors import Refused
from widget_server.store.attachments import show_files, take_away
from widget_server.store.heads import thread_head
from widget_server.store.queries import batch as batch_queries
from widget_server.store.queries import posts as q
from widget_server.store.queries.messages import message_state
from widget_server.store.records import ChannelEvent

if TYPE_CHECKING:
    from widget_server.actions.threads import Thread
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Committed, State

_STATE = len(batch_queries.MESSAGE_COLUMNS)
_FILES = 15
"""In ``MESSAGE_COLUMNS``: what the post carries, as it goes on the wire."""


class StoredPost(NamedTuple):
    """A post as a change finds it."""

    row: Row
    """``MESSAGE_COLUMNS``."""
    no: int
    author_id: int
    removed_by: int | None

    @property
    def seq(self) -> int:
        """Its place."""
        return int(self.row[0])

    @property
    def is_tombstone(self) -> bool:
        """Whether it only tells that a post stood here, which was moved."""
        return bool(self.row[6] != "text")

    @property
    def body(self) -> str:
        """Its source; empty once it was removed."""
        return str(self.row[7])

    @property
    def revision(self) -> int:
        """How often it was changed."""
        return int(self.row[10])

    @property
    def removed_at(self) -> int | None:
        """UTC ms."""
        at: int | None = self.row[11]
        return at


class Text(NamedTuple):
    """What a post becomes: a text, or a tombstone."""

    body: str
    removed_at: int | None = None
    removed_by: int | None = None


async def access_post(tx: Transaction, thread: Thread, seq: int) -> StoredPost:
    """Return one post of a thread, to change it.

    Raises:
        Refused: ``not_found``.
    """
    row = await tx.one(q.TO_CHANGE, channel_id=thread.channel_id, seq=seq)
    if row is None:
        raise Refused("not_found")
    return StoredPost(row[:_STATE], *row[_STATE:])


async def change_text(tx: Transaction, post: StoredPost, text: Text, changer_id: int, version: int, now: int) -> State:
    """Give a post another text, keep the one before as a revision, and return the post as it goes on the wire.

    What it looks like is kept by the caller; of a removed one nothing is. Its files stay with it when it is edited,
    go for good when its author removes it, and come back with it when somebody else had.
    """
    await tx.run(
        batch_queries.KEEP_REVISION,
        message_no=post.no,
        revision=post.revision,
        body=post.body,
        person_id=changer_id,
        created_at=now,
    )
    await tx.run(
        batch_queries.CHANGE_MESSAGE,
        key=post.no,
        new_body=text.body,
        new_revision=post.revision + 1,
        new_version=version,
        new_removed_at=text.removed_at,
        new_removed_by=text.removed_by,
    )
    changed: list[Any] = list(post.row)
    if text.removed_at is not None:
        await tx.run(q.FORGET_RENDERING, no=post.no)
        await take_away(tx, post.no, post.row[_FILES], now, is_own=text.removed_by == post.author_id)
        changed[_FILES] = None
    elif post.removed_at is not None:
        changed[_FILES] = await show_files(tx, post.no)
    changed[7], changed[9], changed[10], changed[11] = text.body, version, post.revision + 1, text.removed_at
    return message_state(tuple(changed))


def restated(post: StoredPost, version: int) -> State:
    """Return a post as it goes on the wire when this ``version`` changed nothing of it that is told."""
    row: list[Any] = list(post.row)
    row[9] = version
    return message_state(tuple(row))


async def publish(
    tx: Transaction,
    committed: Committed,
    thread: Thread,
    version: int,
    posts: list[State] | None = None,
    *,
    with_head: bool = False,
) -> None:
    """Tell everyone who looks at the thread what its ``version`` brought: posts, or its head as it is now, or both."""
    await tell_changed(tx, committed, thread.channel_id, posts or [])
    if with_head:
        await tell_thread(tx, committed, thread.channel_id, "thread.changed")
    head = await thread_head(tx, thread.channel_id) if with_head else None
    committed.events.append(ChannelEvent(thread.channel_id, thread.public_id, version - 1, version, posts or [], head))
