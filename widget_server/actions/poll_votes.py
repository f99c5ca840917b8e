"""Voting in the polls of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from widget_server.actions.tallies import Counted, check_vote, count_soon
from widget_server.actions.threads import hold_thread
from widget_server.core.errors import Refused, Unacceptable
from widget_server.store.queries import tallies as q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


async def do_choose(engine: Engine, account: Account, number: int, options: Sequence[int]) -> None:
    """Vote in a thread's poll, in place of what one voted before. Open until the poll closes.

    Args:
        engine: the node's works.
        account: who votes.
        number: of the thread.
        options: their places, from 0; none takes the vote back.

    Raises:
        Refused: ``not_found`` for the thread, its poll or an option, ``not_allowed``, ``silenced``.
        Unacceptable: ``poll_closed``, ``too_many_choices``, ``voting_over``, ``removed`` with the thread's first post.
    """
    now = engine.clock.now_ms()
    chosen = sorted(set(options))

    async def work(tx: Transaction, committed: Committed) -> bool:
        thread = await hold_thread(tx, account.actor, number)
        await check_vote(tx, account.actor, thread, now)
        row = await tx.one(q.POLL, channel_id=thread.channel_id)
        opening = await tx.one(q.POST, channel_id=thread.channel_id, seq=1)
        if row is None or opening is None:
            raise Refused("not_found")
        if opening[3] is not None:
            raise Unacceptable("removed")
        known, choices, closes_at = len(orjson.loads(row[0])), row[1], row[2]
        if closes_at is not None and closes_at <= now:
            raise Unacceptable("poll_closed")
        if len(chosen) > choices:
            raise Unacceptable("too_many_choices", limit=choices)
        if chosen and not 0 <= chosen[0] <= chosen[-1] < known:
            raise Refused("not_found")
        own = {"channel_id": thread.channel_id, "person_id": account.person_id}
        if chosen == [each[0] for each in await tx.all(q.OWN_CHOICES, **own)]:
            return False
        await tx.run(q.CLEAR_CHOICES, **own)
        await tx.many(q.CHOOSE, [{**own, "option": option, "created_at": now} for option in chosen])
        return await count_soon(tx, committed, Counted(opening[0], opening[4]), now)

    if await engine.committer.run(work):
        engine.on_tally()
