"""The outbox: carried out at least once, by one worker at a time, later and later, and given up in the end."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from typing_extensions import override

from tests.actions.works import NOW, StillClock
from tests.patience import eventually
from widget_server.actions import links, outbox
from widget_server.actions.links import Purpose
from widget_server.actions.outbox import ATTEMPTS, Entry, pause_ms, put
from widget_server.actions.retention import DEAD_DAYS, DONE_DAYS, LINK_DAYS
from widget_server.store.database import StoreUnavailable
from widget_server.store.statement import Statement
from widget_server.store.tables import link
from widget_server.store.tables import outbox as table
from widget_server.workers.outbox import AT_ONCE, Impossible, Later, Needless, Outbox
from widget_server.workers.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.store.database import Database, Row, Transaction

ROWS = Statement(
    select(table.c.topic, table.c.done_at, table.c.dead_at, table.c.attempts, table.c.due_at, table.c.problem).order_by(
        table.c.id
    )
)
LINKS = Statement(select(link.c.id))
LEASE_MS = 90_000
DAY_MS = 86_400_000


async def write(database: Database, topic: str = "mail", count: int = 1, **more: Any) -> None:
    async def work(tx: Transaction) -> None:
        for number in range(count):
            await put(tx, topic, {"n": number}, now_ms=NOW, **more)

    await database.write(work)


async def rows(database: Database) -> list[Row]:
    return [tuple(row) for row in await database.read(lambda tx: tx.all(ROWS))]


class Hands:
    """A handler that does as it is told, and remembers what it was given."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.given: list[int] = []

    async def take(self, entry: Entry) -> None:
        self.given.append(entry.payload["n"])
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome


async def beat(worker: Outbox) -> None:
    await worker.beat()
    await worker.settle()


async def test_what_is_due_is_carried_out_once_and_marked(database: Database) -> None:
    hands = Hands()
    worker = Outbox(database, StillClock(), {"mail": hands.take})
    await write(database, count=3)
    for _ in range(2):
        await beat(worker)
    assert sorted(hands.given) == [0, 1, 2]
    assert [row[:4] for row in await rows(database)] == [("mail", NOW, None, 1)] * 3


async def test_nothing_is_carried_out_before_it_is_due(database: Database) -> None:
    clock, hands = StillClock(), Hands()
    worker = Outbox(database, clock, {"mail": hands.take})
    await write(database, due_ms=NOW + 1)
    await beat(worker)
    assert hands.given == []
    clock.now += 1
    await beat(worker)
    assert hands.given == [0]


async def test_s2_25_two_workers_never_have_the_same_in_hand(database: Database) -> None:
    given: list[int] = []
    free = asyncio.Event()

    async def take(entry: Entry) -> None:
        given.append(entry.payload["n"])
        await free.wait()

    workers = [Outbox(database, StillClock(), {"mail": take}) for _ in range(3)]
    await write(database, count=3 * AT_ONCE)
    for _ in range(2):
        await asyncio.gather(*(worker.beat() for worker in workers))
    free.set()
    for _ in range(5):
        await asyncio.gather(*(beat(worker) for worker in workers))
    assert sorted(given) == list(range(3 * AT_ONCE))


async def test_a_slow_one_keeps_neither_events_nor_the_other_hands(database: Database) -> None:
    free = asyncio.Event()
    given: list[int] = []

    async def take(entry: Entry) -> None:
        if entry.payload["n"] == 0:
            await free.wait()
        given.append(entry.payload["n"])

    worker = Outbox(database, StillClock(), {"mail": take})
    await write(database, count=2)
    await write(database, "conversation.created")
    await worker.beat()
    await eventually(lambda: given == [1])
    assert (await rows(database))[2][1] == NOW
    free.set()
    await worker.settle()
    assert given == [1, 0]


async def test_s2_25_after_a_failure_it_waits_longer_each_time_and_is_given_up_after_a_day(database: Database) -> None:
    clock = StillClock()
    hands = Hands(*[Later("The mail server cannot be reached.")] * ATTEMPTS)
    worker = Outbox(database, clock, {"mail": hands.take})
    await write(database)
    pauses = []
    while True:
        await beat(worker)
        _, done, dead, _, due, problem = (await rows(database))[0]
        assert (done, problem) == (None, "The mail server cannot be reached.")
        if dead is not None:
            break
        await beat(worker)
        pauses.append(due - clock.now)
        clock.now = due
    assert len(hands.given) == ATTEMPTS
    assert all(b >= a for a, b in pairwise(pauses) if a < 3_600_000)
    assert max(pauses) <= 3_600_000 * 1.25
    assert 20 * 3_600_000 < clock.now - NOW < 32 * 3_600_000
    clock.now += 10 * DAY_MS
    await beat(worker)
    assert len(hands.given) == ATTEMPTS


@pytest.mark.parametrize(
    ("outcome", "is_done", "is_dead"),
    [
        (Impossible("The mail server refuses the recipient (550)."), False, True),
        (Needless("The link was used."), True, False),
        (RuntimeError("secret things"), False, False),
        (TimeoutError(), False, False),
    ],
)
async def test_what_became_of_it_is_told_without_secrets(
    database: Database, outcome: Exception, is_done: bool, is_dead: bool, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Outbox(database, StillClock(), {"mail": Hands(outcome).take})
    await write(database)
    await beat(worker)
    _, done, dead, attempts, _, problem = (await rows(database))[0]
    assert ((done is not None), (dead is not None), attempts) == (is_done, is_dead, 1)
    assert problem
    assert "secret" not in problem


async def test_a_worker_that_is_killed_between_doing_and_marking_does_it_again_after_the_lease(
    database: Database,
) -> None:
    clock, hands = StillClock(), Hands()

    class Killed(Outbox):
        """Ends where a process would that is killed there."""

        @override
        async def _try(self, entry: Entry, facts: Any) -> None:
            await self._handlers[entry.topic](entry)
            raise StoreUnavailable("killed")

    await write(database)
    await beat(Killed(database, clock, {"mail": hands.take}))
    other = Outbox(database, clock, {"mail": hands.take})
    clock.now += LEASE_MS - 1
    await beat(other)
    assert hands.given == [0]
    clock.now += 1
    await beat(other)
    assert hands.given == [0, 0]
    assert (await rows(database))[0][1] == clock.now


async def test_who_has_lost_the_lease_says_nothing_about_the_next_attempt(database: Database) -> None:
    clock = StillClock()
    await write(database)
    (late,) = await outbox.do_take(database, ["mail"], most=1, lease_ms=LEASE_MS, now_ms=clock.now)
    clock.now += LEASE_MS
    (taken,) = await outbox.do_take(database, ["mail"], most=1, lease_ms=LEASE_MS, now_ms=clock.now)
    assert (late.attempts, taken.attempts) == (1, 2)
    await outbox.do_bury(database, late, "late", now_ms=clock.now)
    await outbox.do_postpone(database, late, "late", chance=0, now_ms=clock.now)
    await outbox.do_give_back(database, late)
    assert await outbox.do_take(database, ["mail"], most=1, lease_ms=LEASE_MS, now_ms=clock.now) == []
    assert (await rows(database))[0][5] is None


async def test_a_worker_that_stops_gives_back_what_it_could_not_finish(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.workers.outbox._GRACE_S", 0)
    began = asyncio.Event()

    async def take(entry: Entry) -> None:
        began.set()
        await asyncio.Event().wait()

    clock, hands = StillClock(), Hands()
    await write(database)
    task = asyncio.create_task(Outbox(database, clock, {"mail": take}).run())
    await began.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await beat(Outbox(database, clock, {"mail": hands.take}))
    assert hands.given == [0]
    assert (await rows(database))[0][3] == 1


async def test_a_worker_that_runs_looks_at_once_when_it_is_hinted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.workers.outbox.EVERY_S", 3600)
    came: asyncio.Queue[int] = asyncio.Queue()

    async def take(entry: Entry) -> None:
        came.put_nowait(entry.payload["n"])

    worker = Outbox(database, StillClock(), {"mail": take})
    task = asyncio.create_task(worker.run())
    await write(database, count=AT_ONCE + 2)
    worker.hint()
    assert sorted([await came.get() for _ in range(AT_ONCE + 2)]) == list(range(AT_ONCE + 2))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_that_nobody_wants_are_done(database: Database) -> None:
    await write(database, "conversation.created", count=2)
    await Outbox(database, StillClock(), {"mail": Hands().take}).beat()
    assert [row[1] for row in await rows(database)] == [NOW, NOW]


async def test_events_are_expanded_in_order_each_once_by_any_number_of_workers(database: Database) -> None:
    expanded: list[int] = []

    async def expand(tx: Transaction, entries: Sequence[Entry]) -> None:
        await tx.all(ROWS)
        expanded.extend(entry.id for entry in entries)

    workers = [Outbox(database, StillClock(), {"mail": Hands().take}, expand) for _ in range(4)]
    await write(database, "message.created", count=500)
    for _ in range(3):
        await asyncio.gather(*(worker.beat() for worker in workers))
    assert expanded == sorted(set(expanded))
    assert len(expanded) == 500


async def test_an_event_that_cannot_be_expanded_waits_alone(database: Database) -> None:
    expanded: list[int] = []
    is_mended = False
    clock = StillClock()

    async def expand(tx: Transaction, entries: Sequence[Entry]) -> None:
        await tx.all(ROWS)
        if not is_mended and any(entry.payload["n"] == 3 for entry in entries):
            raise RuntimeError("a bug")
        expanded.extend(entry.payload["n"] for entry in entries)

    worker = Outbox(database, clock, {"mail": Hands().take}, expand)
    await write(database, "message.created", count=6)
    await worker.beat()
    assert expanded == [0, 1, 2, 4, 5]
    assert [row[1] for row in await rows(database)] == [NOW, NOW, NOW, None, NOW, NOW]
    assert (await rows(database))[3][5] == "The program failed: RuntimeError."
    is_mended = True
    clock.now += 10_000
    await worker.beat()
    assert expanded[5:] == [3]


def test_pauses_spread_by_a_quarter() -> None:
    assert [pause_ms(attempt, 0) for attempt in (1, 2, 3, 8, 30)] == [5_000, 15_000, 45_000, 3_600_000, 3_600_000]
    assert 6_000 < pause_ms(1, 255) <= 6_250


async def test_what_is_done_or_dead_for_long_is_removed_and_nothing_else(database: Database) -> None:
    clock = StillClock()
    await write(database, count=3)
    hands = Hands(None, Impossible("never"), Later("later"))
    await beat(Outbox(database, clock, {"mail": hands.take}))

    async def make(tx: Transaction) -> None:
        for number in range(2):
            await links.make(tx, Purpose.INVITATION, now_ms=NOW, address=f"{number}@chat.test")

    await database.write(make)
    retention = Retention(database, clock)
    for days, left, links_left in (
        (DONE_DAYS - 1, 3, 2),
        (DONE_DAYS + 1, 2, 2),
        (LINK_DAYS + 8, 2, 0),
        (DEAD_DAYS + 1, 1, 0),
    ):
        clock.now = NOW + days * DAY_MS
        while await retention.remove():
            pass
        assert len(await rows(database)) == left
        assert len(await database.read(lambda tx: tx.all(LINKS))) == links_left
    assert (await rows(database))[0][5] == "later"
