"""Reactions: signs of a small set that somebody puts to a post, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.tallies import access_counted, count_soon
from widget_server.actions.threads import hold_thread
from widget_server.store.queries import tallies as q

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


async def do_react(engine: Engine, account: Account, number: int, seq: int, emoji: str, *, given: bool) -> None:
    """Put a sign (``core.reactions.check_reaction``) to a post, or take it back. What holds already changes nothing.

    Raises:
        Refused: ``not_found`` for thread or post, ``not_allowed``, ``silenced``.
        Unacceptable: ``own_post``, ``removed``, ``voting_over``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> bool:
        thread = await hold_thread(tx, account.actor, number)
        post = await access_counted(tx, account.actor, thread, seq, now)
        own = {"message_no": post.no, "person_id": account.person_id, "emoji": emoji}
        if given:
            changed = await tx.run(q.ADD_REACTION, **own, created_at=now)
        else:
            changed = await tx.run(q.DROP_REACTION, **own)
        return changed > 0 and await count_soon(tx, committed, post, now)

    if await engine.committer.run(work):
        engine.on_tally()
