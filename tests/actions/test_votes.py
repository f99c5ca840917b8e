"""Votes, reactions and polls: counted right however many come at once, and never more often than once a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from sqlalchemy import func, insert, select, update

from tests.actions.crowd import make_member
from tests.actions.works import beside
from tests.clients.state import fresh_id
from widget_server.actions.boards import BoardText, do_open_board
from widget_server.actions.poll_votes import do_choose
from widget_server.actions.polls import NewPoll
from widget_server.actions.posts import Replied, Reply, do_reply
from widget_server.actions.reactions import do_react
from widget_server.actions.rendering import source_of
from widget_server.actions.tallies import EVERY_MS, do_count_due
from widget_server.actions.threads import Opening, Thread, access_thread, do_begin_thread
from widget_server.actions.votes import do_vote
from widget_server.core.errors import ProductError
from widget_server.core.ranking import hot
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, message, poll, silence, tally_due, vote
from widget_server.store.tables import thread as threads

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.actions.works import Works
    from widget_server.actions.accounts import Account
    from widget_server.actions.passwords import Passwords

PLANTS: Final = BoardText("Plants", "", "", "everyone", "members", "members", "nested")
POLL: Final = NewPoll("Which?", ["Fern", "Moss", "Ivy"], 2, None)
TALLY: Final = Statement(select(message.c.score, message.c.tally, message.c.version).where(message.c.seq == 1))
POLL_TALLY: Final = Statement(select(poll.c.tally))
VOTES: Final = Statement(select(func.count()).select_from(vote))
WAITING: Final = Statement(select(func.count()).select_from(tally_due))


class Ground:
    """A thread with a poll, its author, and others."""

    def __init__(self, works: Works, author: Account, thread: Thread, people: list[Account]) -> None:
        self.works = works
        self.author = author
        self.thread = thread
        self.people = people

    async def tally(self) -> dict[str, int]:
        row = await self.works.engine.database.read(lambda tx: tx.one(TALLY))
        assert row is not None
        return {} if row[1] is None else orjson.loads(row[1])

    async def now(self) -> Thread:
        return await self.works.engine.database.read(
            lambda tx: access_thread(tx, self.author.actor, self.thread.number)
        )

    async def count(self, statement: Statement) -> Any:
        row = await self.works.engine.database.read(lambda tx: tx.one(statement))
        assert row is not None
        return row[0]

    async def vote(self, who: Account, how: Any, seq: int = 1) -> None:
        await do_vote(self.works.engine, who, self.thread.number, seq, how)

    async def set(self, statement: Any) -> None:
        await self.works.engine.database.write(lambda tx: tx.run(Statement(statement)))


async def ground_with(works: Works, passwords: Passwords, people: int) -> Ground:
    engine = works.engine
    author = await make_member(engine.database, passwords, "Ada")
    await do_open_board(engine, author.actor, PLANTS)
    opening = Opening("Ferns", "discussion", await source_of(engine, "Which one?", 100), (), POLL)
    begun = await do_begin_thread(engine, author, "plants", opening, fresh_id())
    assert isinstance(begun, Thread)
    others = [await make_member(engine.database, passwords, f"P{number}") for number in range(people)]
    works.published.clear()
    return Ground(works, author, begun, others)


async def refusal(deed: Awaitable[None]) -> str:
    with pytest.raises(ProductError) as refused:
        await deed
    return refused.value.name


async def test_s4_12_fifty_votes_at_once_are_counted_right_in_two_versions(works: Works, passwords: Passwords) -> None:
    ground = await ground_with(works, passwords, 50)
    await asyncio.gather(*(ground.vote(one, "down" if at % 5 == 0 else "up") for at, one in enumerate(ground.people)))
    assert await ground.count(VOTES) == 50
    assert (await ground.now()).version == ground.thread.version + 1, "the first was counted at once"
    works.clock.now += EVERY_MS - 1
    assert await do_count_due(works.engine) == works.clock.now + 1
    works.clock.now += 1
    async with beside(works.engine.database) as other:
        other.clock.now = works.clock.now
        await asyncio.gather(do_count_due(works.engine), do_count_due(other.engine))
    assert await do_count_due(works.engine) is None
    thread = await ground.now()
    assert await ground.tally() == {"up": 40, "down": 10}
    assert (thread.score, thread.version) == (30, ground.thread.version + 2)
    states = [event for each in works.published for event in each.events]
    assert [(event.from_version, event.to_version) for event in states[:1]] == [
        (ground.thread.version, ground.thread.version + 1)
    ]
    assert states[0].messages[0]["tally"] in ({"up": 1, "down": 0}, {"up": 0, "down": 1})
    assert states[0].head is not None


async def test_s4_12_twenty_votes_of_one_person_at_once_count_once(works: Works, passwords: Passwords) -> None:
    ground = await ground_with(works, passwords, 1)
    (one,) = ground.people
    await asyncio.gather(*(ground.vote(one, "up") for _ in range(20)))
    assert await ground.tally() == {"up": 1, "down": 0}
    assert await ground.count(WAITING) == 0, "setting what holds changes nothing"
    row = await works.engine.database.read(
        lambda tx: tx.one(Statement(select(channel.c.version, message.c.version).where(message.c.seq == 1)))
    )
    assert row == (ground.thread.version + 1, ground.thread.version + 1)


async def test_s4_12_a_vote_is_changed_and_taken_back_and_the_thread_ranks_by_it(
    works: Works, passwords: Passwords
) -> None:
    ground = await ground_with(works, passwords, 2)
    one, other = ground.people
    for how, tally in (("up", {"up": 1, "down": 0}), ("down", {"up": 0, "down": 1}), ("none", {})):
        works.clock.now += EVERY_MS
        await ground.vote(one, how)
        assert await ground.tally() == tally
    version = (await ground.now()).version
    works.clock.now += EVERY_MS
    await ground.vote(other, "up")
    await ground.vote(one, "up")
    await ground.vote(one, "none")
    works.clock.now += EVERY_MS
    await do_count_due(works.engine)
    assert (await ground.now()).version == version + 1, "what changed and changed back is no version"
    await ground.vote(one, "up")
    rank = await works.engine.database.read(lambda tx: tx.one(Statement(select(threads.c.hot, threads.c.score))))
    assert rank == (hot(2, ground.thread.created_at), 2)
    assert await ground.count(WAITING) == 0


async def test_s4_12_who_may_not_answer_does_not_vote(works: Works, passwords: Passwords) -> None:
    ground = await ground_with(works, passwords, 1)
    engine, number = works.engine, ground.thread.number
    (one,) = ground.people
    replied = await do_reply(engine, ground.author, number, Reply(1, await source_of(engine, "Gone", 100)), fresh_id())
    assert isinstance(replied, Replied)
    assert await refusal(ground.vote(ground.author, "up")) == "own_post"
    assert await refusal(ground.vote(one, "up", 99)) == "not_found"
    await ground.set(update(message).where(message.c.seq == 2).values(removed_at=1))
    assert await refusal(ground.vote(one, "up", 2)) == "removed"
    assert await refusal(do_react(engine, one, number, 2, "🎉", given=True)) == "removed"
    await ground.set(update(channel).values(state="locked"))
    assert await refusal(ground.vote(one, "up")) == "voting_over"
    assert await refusal(do_choose(engine, one, number, [0])) == "voting_over"
    await ground.set(update(channel).values(state="open"))
    await ground.set(update(board).values(archived_at=1))
    assert await refusal(ground.vote(one, "up")) == "not_allowed"
    await ground.set(update(board).values(archived_at=None))
    row = {"person_id": one.person_id, "made_by": ground.author.person_id, "created_at": 1}
    await ground.set(insert(silence).values(row))
    assert await refusal(ground.vote(one, "up")) == "silenced"
    assert await refusal(do_choose(engine, one, number, [0])) == "silenced"
    await ground.set(update(board).values(readers="moderators"))
    assert await refusal(ground.vote(one, "up")) == "not_found"
    assert await ground.count(VOTES) == 0


async def test_s4_12_reactions_are_given_once_and_taken_back(works: Works, passwords: Passwords) -> None:
    ground = await ground_with(works, passwords, 2)
    engine, number = works.engine, ground.thread.number
    one, other = ground.people
    for who in (one, one, other):
        works.clock.now += EVERY_MS
        await do_react(engine, who, number, 1, "🎉", given=True)
    works.clock.now += EVERY_MS
    await do_react(engine, one, number, 1, "❤️", given=True)
    assert await ground.tally() == {"🎉": 2, "❤️": 1}
    works.clock.now += EVERY_MS
    await do_react(engine, one, number, 1, "🎉", given=False)
    assert await ground.tally() == {"🎉": 1, "❤️": 1}


async def test_s4_12_a_poll_counts_everybodys_last_choice_until_it_closes(works: Works, passwords: Passwords) -> None:
    ground = await ground_with(works, passwords, 12)
    engine, number = works.engine, ground.thread.number
    await asyncio.gather(*(do_choose(engine, one, number, [0, 2]) for one in ground.people))
    works.clock.now += EVERY_MS
    await do_count_due(engine)
    assert orjson.loads(await ground.count(POLL_TALLY)) == {"0": 12, "2": 12}
    works.clock.now += EVERY_MS
    await do_choose(engine, ground.people[0], number, [1])
    assert orjson.loads(await ground.count(POLL_TALLY)) == {"0": 11, "1": 1, "2": 11}
    head = works.published[-1].events[-1].head
    assert head is not None
    assert head["poll"] == {"0": 11, "1": 1, "2": 11}
    assert await refusal(do_choose(engine, ground.people[0], number, [0, 1, 2])) == "too_many_choices"
    assert await refusal(do_choose(engine, ground.people[0], number, [3])) == "not_found"
    await ground.set(update(poll).values(closes_at=works.clock.now))
    assert await refusal(do_choose(engine, ground.people[0], number, [0])) == "poll_closed"
