"""Reading and writing threads: the faces of channels whose messages are posts."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import bindparam, case, func, insert, select, update

from widget_server.store.lists import with_list
from widget_server.store.queries.boards import BOARD_COLUMNS
from widget_server.store.records import State
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, message, poll, thread

_b = bindparam

THREAD_COLUMNS = (
    channel.c.id,
    channel.c.public_id,
    channel.c.state,
    channel.c.first_seq,
    channel.c.last_seq,
    channel.c.version,
    channel.c.title,
    thread.c.number,
    thread.c.author_id,
    thread.c.kind,
    thread.c.replies,
    thread.c.score,
    thread.c.accepted_seq,
    thread.c.pinned,
    thread.c.pinned_until,
    thread.c.created_at,
    thread.c.activity_at,
    thread.c.removed_at,
    thread.c.removed_by,
)
"""In the order of ``actions.threads.Thread``."""

THREAD_FROM = thread.join(channel, channel.c.id == thread.c.channel_id).join(board, board.c.id == thread.c.board_id)
_THREAD = select(*THREAD_COLUMNS, *BOARD_COLUMNS).select_from(THREAD_FROM)

BY_NUMBER = Statement(_THREAD.where(thread.c.number == _b("number")))
BY_PUBLIC_ID = Statement(_THREAD.where(channel.c.public_id == _b("public_id")))
NAMED = with_list(_THREAD.where, channel.c.public_id, "names")
"""Of these channels the threads, by the parameter ``names``."""
BY_CHANNEL = Statement(_THREAD.where(channel.c.id == _b("channel_id")))

BEGUN = Statement(
    select(thread.c.number, message.c.digest)
    .select_from(message.join(thread, thread.c.channel_id == message.c.channel_id))
    .where(message.c.author_id == _b("creator_id"), message.c.client_id == _b("client_id"))
)
"""The thread in which what a repeat of the same form has sent stands by now, and its digest."""

NEXT_NUMBER = Statement(select(func.coalesce(func.max(thread.c.number), 0) + 1))

INSERT_CHANNEL = Statement(
    insert(channel)
    .values(
        public_id=_b("public_id"),
        kind="thread",
        creator_id=_b("creator_id"),
        client_id=_b("client_id"),
        title=_b("title"),
        created_at=_b("created_at"),
        stamp=_b("stamp"),
    )
    .returning(channel.c.id)
)

INSERT = Statement(
    insert(thread).values(
        channel_id=_b("channel_id"),
        number=_b("number"),
        board_id=_b("board_id"),
        author_id=_b("author_id"),
        kind=_b("kind"),
        hot=_b("hot"),
        last_author_id=_b("author_id"),
        created_at=_b("created_at"),
        activity_at=_b("created_at"),
    )
)

SET_REMOVED = Statement(
    update(thread).where(thread.c.channel_id == _b("key")).values(removed_at=_b("new_at"), removed_by=_b("new_by"))
)

SET_SCORE = Statement(
    update(thread).where(thread.c.channel_id == _b("key")).values(score=_b("new_score"), hot=_b("new_hot"))
)

PLACE = Statement(
    select(message.c.branch, message.c.path, message.c.removed_at, message.c.no).where(
        message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq")
    )
)

SET_PLACE = Statement(
    update(message)
    .where(message.c.channel_id == _b("key"), message.c.seq == _b("at_seq"))
    .values(branch=_b("new_branch"), path=_b("new_path"))
)

REPLIED = Statement(
    update(thread)
    .where(thread.c.channel_id == _b("key"))
    .values(
        replies=thread.c.replies + 1,
        last_author_id=_b("new_author"),
        # Whoever waited longer for the thread may have begun before the one who wrote last.
        activity_at=case((thread.c.activity_at > _b("at"), thread.c.activity_at), else_=_b("at")),
    )
)

THREAD_HEAD = Statement(
    select(
        channel.c.title,
        thread.c.number,
        board.c.slug,
        thread.c.kind,
        thread.c.replies,
        thread.c.score,
        thread.c.accepted_seq,
        thread.c.pinned,
        thread.c.removed_at,
        channel.c.state,
        poll.c.tally,
    )
    .select_from(THREAD_FROM.outerjoin(poll, poll.c.channel_id == thread.c.channel_id))
    .where(thread.c.channel_id == _b("channel_id"))
)


def thread_head_state(row: tuple[Any, ...]) -> State:
    """A row of :data:`THREAD_HEAD` as ``frames.ThreadHead``."""
    title, number, slug, kind, replies, score, accepted, pinned, removed_at, access, tally = row
    state: State = {
        "kind": "thread",
        "title": title,
        "number": number,
        "board": slug,
        "thread_kind": kind,
        "replies": replies,
        "score": score,
        "accepted": accepted,
        "pinned": pinned > 0,
        "locked": access != "open",
        "removed": removed_at is not None,
    }
    if tally is not None:
        state["poll"] = orjson.loads(tally)
    return state
