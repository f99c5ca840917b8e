"""Posts that wait for a moderator."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select

from widget_server.store.statement import Statement
from widget_server.store.tables import board, held_post, message, person, thread

_b = bindparam

PRESENT = Statement(
    select(person.c.id).where(person.c.id == _b("person_id"), person.c.deleted_at.is_(None)).with_for_update(read=True)
)
"""Whether somebody is still there; until the end of the transaction they cannot go."""

KNOWN = Statement(
    select(held_post.c.payload, held_post.c.why).where(
        held_post.c.author_id == _b("author_id"), held_post.c.client_id == _b("client_id")
    )
)
"""What a repeat of the same form has left to wait already."""

INSERT = Statement(
    insert(held_post).values(
        public_id=_b("public_id"),
        author_id=_b("author_id"),
        client_id=_b("client_id"),
        board_id=_b("board_id"),
        channel_id=_b("channel_id"),
        kind=_b("kind"),
        payload=_b("payload"),
        why=_b("why"),
        created_at=_b("created_at"),
    )
)

NEWEST = Statement(
    select(message.c.created_at)
    .where(message.c.author_id == _b("author_id"), message.c.branch.is_not(None), message.c.kind == "text")
    .order_by(message.c.no.desc())
    .limit(_b("most"))
)
"""When somebody wrote their newest posts."""

ELSEWHERE = Statement(
    select(message.c.no)
    .join(thread, thread.c.channel_id == message.c.channel_id)
    .join(board, board.c.id == thread.c.board_id)
    .where(
        message.c.author_id == _b("author_id"),
        message.c.branch.is_not(None),
        message.c.kind == "text",
        message.c.removed_at.is_(None),
        func.coalesce(board.c.creator_id, 0) != message.c.author_id,
    )
    .limit(_b("most"))
)
"""Posts of somebody that stand on boards which others opened, as many as matter."""

JOINED = Statement(select(person.c.created_at).where(person.c.id == _b("author_id")))
"""Since when somebody is a member."""

WAITING_OF = Statement(
    select(held_post.c.board_id, held_post.c.payload).where(
        held_post.c.author_id == _b("author_id"), held_post.c.decided_at.is_(None)
    )
)
"""What of somebody's waits."""

NEWEST_WAITING = Statement(
    select(held_post.c.created_at)
    .where(held_post.c.author_id == _b("author_id"), held_post.c.decided_at.is_(None))
    .order_by(held_post.c.id.desc())
    .limit(_b("most"))
)
