"""Votes on posts: up, down, or none. A vote is a state that is set, so that sending one twice changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from widget_server.actions.tallies import access_counted, count_soon
from widget_server.actions.threads import hold_thread
from widget_server.core.errors import Unacceptable
from widget_server.store.queries import tallies as q

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

Vote = Literal["up", "down", "none"]
_VALUES: Final[dict[Vote, int]] = {"up": 1, "down": -1, "none": 0}


def check_vote_named(text: str) -> Vote:
    """Return the vote that a form names. Raises ``Unacceptable``: ``bad_value``."""
    for vote in _VALUES:
        if vote == text:
            return vote
    raise Unacceptable("bad_value", field="value")


async def do_vote(engine: Engine, account: Account, number: int, seq: int, vote: Vote) -> None:
    """Set what ``account`` thinks of a post.

    Raises:
        Refused: ``not_found`` for thread or post, ``not_allowed``, ``silenced``.
        Unacceptable: ``own_post``, ``removed``, ``voting_over``.
    """
    now = engine.clock.now_ms()
    value = _VALUES[vote]

    async def work(tx: Transaction, committed: Committed) -> bool:
        thread = await hold_thread(tx, account.actor, number)
        post = await access_counted(tx, account.actor, thread, seq, now)
        own = {"message_no": post.no, "person_id": account.person_id}
        row = await tx.one(q.OWN_VOTE, **own)
        if value == (row[0] if row else 0):
            return False
        if value:
            await tx.run(q.SET_VOTE, **own, value=value, created_at=now)
        else:
            await tx.run(q.CLEAR_VOTE, **own)
        return await count_soon(tx, committed, post, now)

    if await engine.committer.run(work):
        engine.on_tally()
