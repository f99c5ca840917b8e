"""Changing posts: messages of a thread, which keep their place in the tree."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, update

from widget_server.store.queries.batch import MESSAGE_COLUMNS
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, message, person, rendering, revision, thread

_b = bindparam

TO_CHANGE = Statement(
    select(*MESSAGE_COLUMNS, message.c.no, message.c.author_id, message.c.removed_by)
    .select_from(message.join(person, person.c.id == message.c.author_id))
    .where(message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq"))
)

SENT = Statement(
    select(message.c.channel_id, message.c.seq, message.c.digest).where(
        message.c.client_id == _b("client_id"), message.c.author_id == _b("author_id")
    )
)
"""What somebody has sent under this id already."""

FORGET_RENDERING = Statement(delete(rendering).where(rendering.c.message_no == _b("no")))
"""A removed text is nowhere but among the revisions."""

REVISION = Statement(
    select(revision.c.body).where(revision.c.message_no == _b("no"), revision.c.revision == _b("revision"))
)

COUNT_REPLIES = Statement(
    update(thread).where(thread.c.channel_id == _b("key")).values(replies=thread.c.replies + _b("change"))
)

SET_ACCEPTED = Statement(update(thread).where(thread.c.channel_id == _b("key")).values(accepted_seq=_b("new_accepted")))

HISTORY = Statement(
    select(
        revision.c.revision,
        revision.c.body,
        revision.c.created_at,
        revision.c.person_id,
        person.c.public_id,
        person.c.name,
    )
    .select_from(revision.join(person, person.c.id == revision.c.person_id))
    .where(revision.c.message_no == _b("no"), revision.c.revision < _b("before"))
    .order_by(revision.c.revision.desc())
    .limit(_b("limit"))
)
"""Earlier texts of a post, each with who replaced it and when."""

SET_FACTS = Statement(
    update(thread).where(thread.c.channel_id == _b("key")).values(kind=_b("new_kind"), accepted_seq=_b("new_accepted"))
)

SET_TITLE = Statement(update(channel).where(channel.c.id == _b("key")).values(title=_b("new_title")))
