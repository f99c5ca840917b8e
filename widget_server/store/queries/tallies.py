"""Votes, reactions and votes in polls, and counting them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import message, poll, poll_vote, reaction, tally_due, vote

_b = bindparam

POST = Statement(
    select(message.c.no, message.c.author_id, message.c.kind, message.c.removed_at, message.c.tallied_at).where(
        message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq")
    )
)

OWN_VOTE = Statement(
    select(vote.c.value).where(vote.c.message_no == _b("message_no"), vote.c.person_id == _b("person_id"))
)


def _set_vote(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    row = dialect_insert(vote).values(
        message_no=_b("message_no"), person_id=_b("person_id"), value=_b("value"), created_at=_b("created_at")
    )
    return row.on_conflict_do_update(
        index_elements=[vote.c.message_no, vote.c.person_id],
        set_={name: row.excluded[name] for name in ("value", "created_at")},
    )


SET_VOTE = Statement(sqlite=_set_vote(sqlite.Insert), postgresql=_set_vote(postgresql.Insert))

CLEAR_VOTE = Statement(delete(vote).where(vote.c.message_no == _b("message_no"), vote.c.person_id == _b("person_id")))


def _add_reaction(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    row = dialect_insert(reaction).values(
        message_no=_b("message_no"), person_id=_b("person_id"), emoji=_b("emoji"), created_at=_b("created_at")
    )
    return row.on_conflict_do_nothing()


ADD_REACTION = Statement(sqlite=_add_reaction(sqlite.Insert), postgresql=_add_reaction(postgresql.Insert))
"""Touches no row where it is there already."""

DROP_REACTION = Statement(
    delete(reaction).where(
        reaction.c.message_no == _b("message_no"),
        reaction.c.person_id == _b("person_id"),
        reaction.c.emoji == _b("emoji"),
    )
)

POLL = Statement(select(poll.c.options, poll.c.choices, poll.c.closes_at).where(poll.c.channel_id == _b("channel_id")))

OWN_CHOICES = Statement(
    select(poll_vote.c.option)
    .where(poll_vote.c.channel_id == _b("channel_id"), poll_vote.c.person_id == _b("person_id"))
    .order_by(poll_vote.c.option)
)

CLEAR_CHOICES = Statement(
    delete(poll_vote).where(poll_vote.c.channel_id == _b("channel_id"), poll_vote.c.person_id == _b("person_id"))
)

CHOOSE = Statement(
    insert(poll_vote).values(
        channel_id=_b("channel_id"), person_id=_b("person_id"), option=_b("option"), created_at=_b("created_at")
    )
)

COUNT_VOTES = Statement(
    select(
        func.count(case((vote.c.value > 0, 1))),
        func.count(case((vote.c.value < 0, 1))),
    ).where(vote.c.message_no == _b("message_no"))
)

COUNT_REACTIONS = Statement(
    select(reaction.c.emoji, func.count())
    .where(reaction.c.message_no == _b("message_no"))
    .group_by(reaction.c.emoji)
    .order_by(reaction.c.emoji)
)

COUNT_CHOICES = Statement(
    select(poll_vote.c.option, func.count())
    .where(poll_vote.c.channel_id == _b("channel_id"))
    .group_by(poll_vote.c.option)
    .order_by(poll_vote.c.option)
)

COUNTED = Statement(
    select(
        message.c.channel_id,
        message.c.seq,
        message.c.tally,
        message.c.created_at,
        poll.c.tally,
    )
    .select_from(message.outerjoin(poll, poll.c.channel_id == message.c.channel_id))
    .where(message.c.no == _b("no"))
)
"""As they were counted last."""

SET_TALLY = Statement(
    update(message)
    .where(message.c.no == _b("key"))
    .values(tally=_b("new_tally"), score=_b("new_score"), tallied_at=_b("at"), version=_b("new_version"))
)

SET_POLL_TALLY = Statement(update(poll).where(poll.c.channel_id == _b("key")).values(tally=_b("new_tally")))


def _put_due(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    row = dialect_insert(tally_due).values(message_no=_b("message_no"), due_at=_b("due_at"))
    return row.on_conflict_do_nothing()


PUT_DUE = Statement(sqlite=_put_due(sqlite.Insert), postgresql=_put_due(postgresql.Insert))

TAKE_DUE = Statement(delete(tally_due).where(tally_due.c.message_no == _b("message_no")))
"""Touches no row where another node was faster, or the post was counted by a later vote."""

DUE = Statement(
    select(tally_due.c.message_no, tally_due.c.due_at, message.c.channel_id)
    .select_from(tally_due.join(message, message.c.no == tally_due.c.message_no))
    .order_by(tally_due.c.due_at)
    .limit(literal_column("100"))
)
"""What waits to be counted, the longest waiting first."""
