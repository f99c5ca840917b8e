"""In which order the listeners of a node are told, whatever the order in which hints arrive."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.neighbours import Ear, event
from widget_server.core.delivery import NOT_TOLD
from widget_server.hub.bus import MemoryBus
from widget_server.hub.switchboard import Missed, Published, Switchboard

if TYPE_CHECKING:
    from collections.abc import Iterable

CHANNEL = "c1"


class Store:
    """What a hole is read from: knows the present version, and whether it answers."""

    def __init__(self) -> None:
        self.present: int | None = 0
        self.reads: list[int] = []
        self.failures = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def refill(self, channel: str, version: int) -> Missed:
        self.reads.append(version)
        present = self.present
        self.asked.set()
        await self.may_answer.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("the store does not answer")
        return Missed(None if present is None else event(version, present, channel))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def switchboard(store: Store) -> Switchboard:
    return Switchboard(store.refill, hole_s=0)


def listening(switchboard: Switchboard, version: int = 0) -> Ear:
    """Somebody who has read the channel as of ``version``."""
    ear = Ear()
    switchboard.subscribe(CHANNEL, ear)
    switchboard.at(CHANNEL, version)
    return ear


async def settle(switchboard: Switchboard) -> None:
    """Until nobody reads a hole any more."""
    while reading := [feed.refilling for feed in switchboard._feeds.values() if feed.refilling is not None]:
        await asyncio.gather(*reading)


async def test_events_in_order_are_passed_on_at_once(switchboard: Switchboard) -> None:
    one, other = listening(switchboard), listening(switchboard)
    MemoryBus(switchboard).publish([event(0, 1), event(1, 3)])
    assert one.events == other.events == [(0, 1), (1, 3)]


async def test_crossing_events_are_put_in_order(switchboard: Switchboard, store: Store) -> None:
    ear = listening(switchboard)
    for start in (2, 1, 3, 0):
        switchboard.offer(event(start, start + 1))
    assert ear.events == [(0, 1), (1, 2), (2, 3), (3, 4)]
    await settle(switchboard)
    assert store.reads == []


async def test_an_old_event_is_not_told_again_but_a_repeat_is(switchboard: Switchboard) -> None:
    ear = listening(switchboard)
    for each in (event(0, 2), event(0, 1), event(0, 2), event(1, 1), event(2, 2)):
        switchboard.offer(each)
    assert ear.events == [(0, 2), (1, 1), (2, 2)]


async def test_a_hole_is_read_once_for_all(switchboard: Switchboard, store: Store) -> None:
    ears = [listening(switchboard) for _ in range(3)]
    store.present = 6
    for start in (4, 3, 5):
        switchboard.offer(event(start, start + 1))
    await settle(switchboard)
    assert store.reads == [0]
    assert switchboard.refilled == 1
    assert all(ear.events == [(0, 6)] for ear in ears)
    switchboard.offer(event(6, 7))
    assert ears[0].events[-1] == (6, 7)


async def test_what_still_waits_beyond_the_reading_is_read_next(switchboard: Switchboard, store: Store) -> None:
    ear = listening(switchboard)
    store.present = 4
    store.may_answer.clear()
    switchboard.offer(event(3, 4))
    await store.asked.wait()
    store.present = 9
    switchboard.offer(event(8, 9))
    store.may_answer.set()
    await settle(switchboard)
    assert ear.events[-1][1] == 9
    assert store.reads == [0, 4]


async def test_a_change_that_nobody_told_is_read_when_the_store_is_seen_to_be_ahead(
    switchboard: Switchboard, store: Store
) -> None:
    ear = listening(switchboard, 5)
    store.present = 7
    switchboard.known_at(CHANNEL, 5)
    await settle(switchboard)
    assert store.reads == []
    switchboard.known_at(CHANNEL, 7)
    await settle(switchboard)
    assert ear.events == [(5, 7)]


async def test_what_is_seen_ahead_during_a_reading_is_not_forgotten(switchboard: Switchboard, store: Store) -> None:
    ear = listening(switchboard, 5)
    store.present = 6
    store.may_answer.clear()
    switchboard.known_at(CHANNEL, 6)
    await store.asked.wait()
    store.present = 8
    switchboard.known_at(CHANNEL, 8)
    store.may_answer.set()
    await settle(switchboard)
    assert ear.events == [(5, 6), (6, 8)]


async def test_an_event_that_closes_only_a_part_of_the_hole_does_not_end_the_search(
    switchboard: Switchboard, store: Store
) -> None:
    ear = listening(switchboard, 5)
    store.present = 9
    switchboard.known_at(CHANNEL, 9)
    switchboard.offer(event(5, 6))
    await settle(switchboard)
    assert ear.events == [(5, 6), (6, 9)]


async def test_a_store_that_does_not_answer_is_asked_again(switchboard: Switchboard, store: Store) -> None:
    ear = listening(switchboard)
    store.present = 4
    store.failures = 2
    switchboard.offer(event(3, 4))
    await settle(switchboard)
    assert store.reads == [0, 0, 0]
    assert ear.events == [(0, 4)]


async def test_too_much_to_tell_sends_every_listener_to_resume(switchboard: Switchboard, store: Store) -> None:
    ears = [listening(switchboard) for _ in range(2)]
    store.present = None
    switchboard.offer(event(900, 901))
    await settle(switchboard)
    assert [ear.gaps for ear in ears] == [[CHANNEL], [CHANNEL]]
    assert [ear.events for ear in ears] == [[], []]


async def test_a_channel_without_listeners_costs_nothing(switchboard: Switchboard, store: Store) -> None:
    ear = listening(switchboard)
    switchboard.subscribe(CHANNEL, ear)
    assert switchboard.channels == 1
    assert switchboard.listeners(CHANNEL) == [ear]
    switchboard.offer(event(5, 6))
    switchboard.unsubscribe(CHANNEL, ear)
    switchboard.unsubscribe(CHANNEL, ear)
    assert switchboard.channels == 0
    assert switchboard.listeners(CHANNEL) == []
    switchboard.offer(event(0, 1))
    switchboard.known_at(CHANNEL, 9)
    switchboard.at(CHANNEL, 9)
    switchboard.ephemeral(CHANNEL, b"x")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (ear.events, ear.ephemeral, store.reads) == ([], [], [])


async def test_nothing_falls_between_subscribing_and_reading(switchboard: Switchboard) -> None:
    ear = Ear()
    switchboard.subscribe(CHANNEL, ear)
    switchboard.offer(event(3, 4))
    switchboard.at(CHANNEL, 4)
    switchboard.offer(event(4, 5))
    assert ear.events == [(3, 4), (4, 5)]


async def test_a_late_reader_never_moves_the_node_back_and_is_told_what_it_missed(
    switchboard: Switchboard, store: Store
) -> None:
    ear = listening(switchboard, 5)
    late = listening(switchboard, 3)
    switchboard.offer(event(5, 6))
    assert ear.events == late.events == [(5, 6)]
    store.present = 6
    await settle(switchboard)
    assert store.reads == [3]
    assert late.events == [(5, 6), (3, 6)]


async def test_what_waited_for_the_first_reader_is_told_to_one_who_read_earlier(switchboard: Switchboard) -> None:
    first, second = Ear(), Ear()
    switchboard.subscribe(CHANNEL, first)
    switchboard.subscribe(CHANNEL, second)
    switchboard.offer(event(4, 5))
    switchboard.at(CHANNEL, 5, first)
    assert second.events == [(4, 5)]


async def test_a_hole_before_the_first_reading_is_read_after_it(switchboard: Switchboard, store: Store) -> None:
    ear = Ear()
    switchboard.subscribe(CHANNEL, ear)
    switchboard.known_at(CHANNEL, 7)
    switchboard.offer(event(8, 9))
    await settle(switchboard)
    assert store.reads == []
    store.present = 9
    switchboard.at(CHANNEL, 6, ear)
    await settle(switchboard)
    assert store.reads == [6]
    assert ear.events == [(6, 9)]


async def test_a_channel_that_nobody_has_read_yet_keeps_only_so_much(switchboard: Switchboard, store: Store) -> None:
    ear = Ear()
    switchboard.subscribe(CHANNEL, ear)
    for version in range(600):
        switchboard.offer(event(version, version + 1))
    store.present = 600
    switchboard.at(CHANNEL, 0, ear)
    await settle(switchboard)
    assert store.reads == [512]
    assert _applied(ear.events) == 600


def told(ear: Ear) -> list[list[int]]:
    """The marks that a listener was told."""
    frames = [orjson.loads(data) for data in ear.ephemeral]
    return [[frame[side][mark] for side in ("visitor", "agents") for mark in ("delivered", "seen")] for frame in frames]


async def test_marks_that_cross_only_rise(switchboard: Switchboard) -> None:
    ear = listening(switchboard)
    bus = MemoryBus(switchboard)
    bus.marks(CHANNEL, (5, 3, 4, 4))
    bus.marks(CHANNEL, (4, 4, 5, 3))
    bus.marks(CHANNEL, (5, 3, 4, 4))
    assert told(ear) == [[5, 3, 4, 4], [5, 4, 5, 4]]


async def test_marks_never_fall_behind_what_a_message_has_implied(switchboard: Switchboard) -> None:
    ear = listening(switchboard)
    switchboard.offer(event(0, 1)._replace(marks=(7, 7, 0, 0)))
    switchboard.marks(CHANNEL, (6, 6, 6, 0))
    assert told(ear) == [[7, 7, 6, 0]]


async def test_p6_a_seen_that_was_told_is_kept_from_whoever_comes_after_the_switch(switchboard: Switchboard) -> None:
    first = listening(switchboard)
    switchboard.marks(CHANNEL, (5, 4, 5, 5))
    late = Ear()
    switchboard.subscribe(CHANNEL, late)
    switchboard.at(CHANNEL, 0, late, (5, NOT_TOLD, 5, 5))
    switchboard.marks(CHANNEL, (6, NOT_TOLD, 5, 5))
    switchboard.marks(CHANNEL, (6, 5, 5, 5))
    kept, again = {"delivered": 6}, {"delivered": 6, "seen": 5}
    assert [orjson.loads(data)["visitor"] for data in late.ephemeral] == [kept, again]
    assert [orjson.loads(data)["visitor"] for data in first.ephemeral[1:]] == [kept, again]


async def test_whoever_reads_old_marks_is_told_the_newer_ones(switchboard: Switchboard) -> None:
    ear = listening(switchboard)
    switchboard.marks(CHANNEL, (5, 5, 5, 5))
    late, early = Ear(), Ear()
    for each in (late, early):
        switchboard.subscribe(CHANNEL, each)
    switchboard.at(CHANNEL, 0, late, (4, 4, 4, 4))
    switchboard.at(CHANNEL, 0, early, (6, 5, 5, 5))
    assert told(late) == [[5, 5, 5, 5]]
    assert told(early) == []
    switchboard.marks(CHANNEL, (5, 5, 5, 5))
    assert told(ear)[-1] == [6, 5, 5, 5]


async def test_what_does_not_last_is_told_at_once_and_not_to_whose_doing_it_is(switchboard: Switchboard) -> None:
    ears = [Ear(1), Ear(1), Ear(2), Ear()]
    for ear in ears:
        switchboard.subscribe(CHANNEL, ear)
    MemoryBus(switchboard).ephemeral(CHANNEL, b"typing", exclude=1)
    assert [len(ear.ephemeral) for ear in ears] == [0, 0, 1, 1]
    MemoryBus(switchboard).ephemeral(CHANNEL, b"presence")
    assert [len(ear.ephemeral) for ear in ears] == [1, 1, 2, 2]


async def test_a_listener_may_leave_while_it_is_told(switchboard: Switchboard) -> None:
    class Leaver(Ear):
        def on_event(self, event: Published) -> None:
            super().on_event(event)
            switchboard.unsubscribe(CHANNEL, self)

    leaver = Leaver()
    switchboard.subscribe(CHANNEL, leaver)
    stayer = listening(switchboard)
    switchboard.offer(event(0, 1))
    switchboard.offer(event(1, 2))
    assert leaver.events == [(0, 1)]
    assert stayer.events == [(0, 1), (1, 2)]


def _applied(events: Iterable[tuple[int, int]]) -> int:
    """Where a client stands that applies events as the protocol says; it never meets a hole."""
    version = 0
    for start, to in events:
        assert start <= version
        version = max(version, to)
    return version


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
    st.sets(st.integers(0, 7)),
    st.integers(0, 4),
)
async def test_whatever_is_lost_doubled_or_crossed_every_listener_ends_at_the_present(
    steps: list[int], random: object, lost: set[int], doubled: int
) -> None:
    store = Store()
    switchboard = Switchboard(store.refill, hole_s=0)
    ear = listening(switchboard)
    events: list[Published] = []
    for step in steps:
        at = events[-1].to_version if events else 0
        events.append(event(at, at + step))
    store.present = events[-1].to_version
    hints = [each for number, each in enumerate(events) if number not in lost] + events[:doubled]
    random.shuffle(hints)  # type: ignore[attr-defined]  # hypothesis hands out a Random
    for hint in hints:
        switchboard.offer(hint)
    await settle(switchboard)
    switchboard.known_at(CHANNEL, store.present)
    await settle(switchboard)
    assert _applied(ear.events) == store.present
