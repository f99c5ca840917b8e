"""Everybody does everything to the same threads at once, on both nodes: what is counted stays what the rows say."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import text

from tests.routes.community import open_board
from tests.routes.community_counts import problems_of
from tests.routes.conftest import make_agent, sign_in_as
from widget_server.actions.accounts import access_account
from widget_server.actions.edits import Edit, do_edit_post
from widget_server.actions.moderation import do_lock, do_move, do_pin, do_remove_thread, do_restore_thread
from widget_server.actions.poll_votes import do_choose
from widget_server.actions.polls import NewPoll
from widget_server.actions.posts import Replied, Reply, do_reply
from widget_server.actions.reactions import do_react
from widget_server.actions.relocation import do_merge, do_split
from widget_server.actions.removals import do_remove_post, do_restore_post
from widget_server.actions.rendering import Source
from widget_server.actions.tallies import do_count_due
from widget_server.actions.thread_facts import do_accept
from widget_server.actions.threads import Opening, Thread, do_begin_thread
from widget_server.actions.votes import do_vote
from widget_server.core.errors import ProductError
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.routes.conftest import Browser
    from tests.serving import MovedClock
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine


_SEED: Final = 2026
_PEOPLE: Final = 5
_THREADS: Final = 4
_REPLIES: Final = 11
_AT_ONCE: Final = 10
_DEEDS: Final = 30
_BOARDS: Final = ("plants", "stones")
_BODIES: Final = Statement(text("SELECT body FROM message WHERE branch IS NOT NULL AND kind = 'text'"))
_KEPT: Final = Statement(text("SELECT body FROM revision"))


class _Storm:
    """What happens, drawn by lot."""

    def __init__(self, engines: list[Engine], people: list[Account], numbers: list[int]) -> None:
        self.engines = engines
        self.people = people
        self.numbers = numbers
        self.chance = random.Random(_SEED)
        self.sent: dict[str, int] = {}
        self.failures: list[str] = []

    async def blow(self) -> None:
        """One of those who act at once."""
        deeds: list[tuple[int, Callable[..., Awaitable[Any]]]] = [
            (8, self.reply), (3, self.vote), (2, self.react), (2, self.choose), (2, self.remove), (2, self.restore),
            (1, self.move), (1, self.split), (1, self.merge), (1, self.remove_thread), (2, self.restore_thread),
            (1, self.pin), (1, self.lock), (1, self.accept), (1, self.edit), (1, self.begin),
        ]  # fmt: skip
        for _ in range(_DEEDS):
            (deed,) = self.chance.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])
            lots = self.chance.choice(self.engines), self.chance.choice(self.people), self.chance.choice(self.numbers)
            try:
                await deed(*lots)
            except ProductError:
                """Refused: what somebody else did came first."""
            except Exception as error:  # noqa: BLE001 - each is told at the end
                self.failures.append(f"{deed.__name__}: {error!r}")

    def seq(self) -> int:
        return self.chance.randint(1, 11)

    async def reply(self, _: Engine, account: Account, number: int) -> None:
        await self.answer(number, self.chance.choice([1, 1, self.seq()]))

    async def answer(self, number: int, parent: int) -> None:
        engine, account = self.chance.choice(self.engines), self.chance.choice(self.people)
        body = f"words {engine.clock.uuid()}"
        key = engine.clock.uuid()
        reply = Reply(parent, Source(body, f"<p>{body}</p>"))
        both = await asyncio.gather(
            *(do_reply(each, account, number, reply, key) for each in self.chance.sample(self.engines * 2, 2)),
            return_exceptions=True,
        )
        for outcome in both:
            if isinstance(outcome, Replied):
                self.sent[body] = number
        for outcome in both:
            if isinstance(outcome, BaseException):
                raise outcome

    async def vote(self, engine: Engine, account: Account, number: int) -> None:
        await do_vote(engine, account, number, self.seq(), self.chance.choice(("up", "down", "none")))

    async def react(self, engine: Engine, account: Account, number: int) -> None:
        await do_react(engine, account, number, self.seq(), "👍", given=self.chance.random() < 0.7)

    async def choose(self, engine: Engine, account: Account, number: int) -> None:
        await do_choose(engine, account, number, self.chance.choice(([0], [1], [])))

    async def remove(self, engine: Engine, account: Account, number: int) -> None:
        await do_remove_post(engine, account.actor, number, self.seq())

    async def restore(self, engine: Engine, account: Account, number: int) -> None:
        await do_restore_post(engine, account.actor, number, self.seq())

    async def move(self, engine: Engine, account: Account, number: int) -> None:
        await do_move(engine, account.actor, number, self.chance.choice(_BOARDS))

    async def split(self, engine: Engine, account: Account, number: int) -> None:
        seqs = sorted(self.chance.sample(range(2, 12), 3))
        self.numbers.append((await do_split(engine, account.actor, number, seqs, "Split off")).number)

    async def merge(self, engine: Engine, account: Account, number: int) -> None:
        await do_merge(engine, account.actor, number, self.chance.choice(self.numbers))

    async def remove_thread(self, engine: Engine, account: Account, number: int) -> None:
        await do_remove_thread(engine, account.actor, number)

    async def restore_thread(self, engine: Engine, account: Account, number: int) -> None:
        await do_restore_thread(engine, account.actor, number)

    async def pin(self, engine: Engine, account: Account, number: int) -> None:
        await do_pin(engine, account.actor, number, self.chance.choice(("board", "everywhere", None)))

    async def lock(self, engine: Engine, account: Account, number: int) -> None:
        await do_lock(engine, account.actor, number, locked=self.chance.random() < 0.3)

    async def accept(self, engine: Engine, account: Account, number: int) -> None:
        await do_accept(engine, account, number, self.chance.choice((None, 2, 3, 4)))

    async def edit(self, engine: Engine, account: Account, number: int) -> None:
        body = f"edited {engine.clock.uuid()}"
        await do_edit_post(
            engine, account, number, self.seq(), Edit(Source(body, f"<p>{body}</p>"), self.chance.choice((1, 2)))
        )

    async def begin(self, engine: Engine, account: Account, number: int) -> None:
        key, opening = engine.clock.uuid(), an_opening(engine.clock.uuid())
        board = self.chance.choice(_BOARDS)
        both = await asyncio.gather(*(do_begin_thread(each, account, board, opening, key) for each in self.engines * 2))
        assert len({each.number for each in both if isinstance(each, Thread)}) == 1
        self.sent[opening.source.body] = number


def an_opening(words: str) -> Opening:
    """A question with a poll."""
    poll = NewPoll("Which?", ["this", "that"], 1, None)
    return Opening("A thread", "question", Source(f"opens {words}", f"<p>opens {words}</p>"), ("tag",), poll)


@pytest.mark.everywhere
async def test_whatever_is_done_at_once_is_counted_right(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    engines = list({id(each.app): each.app[OFFICE].engine for each in (browser, second_browser)}.values())
    people = []
    for n in range(_PEOPLE):
        made = await make_agent(browser, f"agent{n}@example.com", f"Agent {n}", Role.ADMINISTRATOR)
        people.append(await access_account(engines[0].database, made.person_id))
    await sign_in_as(browser, "agent0@example.com")
    for name in _BOARDS:
        await open_board(browser, name.title())
    numbers = []
    for n in range(_THREADS):
        thread = await do_begin_thread(engines[0], people[n], _BOARDS[n % 2], an_opening(str(n)), clock.uuid())
        assert isinstance(thread, Thread)
        numbers.append(thread.number)
    storm = _Storm(engines, people, numbers)
    for number in numbers:
        for _ in range(_REPLIES):
            await storm.answer(number, 1)
    await asyncio.gather(*(storm.blow() for _ in range(_AT_ONCE)))
    for engine in engines:
        clock.ahead_ms += 2_000
        while await do_count_due(engine) is not None:
            pass
    assert storm.failures == []
    assert await problems_of(engines[0].database) == []
    bodies = [row[0] for row in await engines[0].database.read(lambda tx: tx.all(_BODIES))]
    kept = {row[0] for row in await engines[0].database.read(lambda tx: tx.all(_KEPT))}
    assert len({body for body in bodies if body}) == len([body for body in bodies if body])
    assert [body for body in storm.sent if body not in kept and body not in bodies] == []
