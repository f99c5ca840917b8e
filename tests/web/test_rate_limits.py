"""Limits count what they promise, for everybody they promise it for, and say when to come again."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.settings import Settings
from widget_server.web.rate_limits import Counters, RateLimit, RateLimits

if TYPE_CHECKING:
    from pathlib import Path


class FakeClock:
    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def limit(rate: str, clock: FakeClock) -> RateLimit:
    return RateLimit(rate, clock)


def limits(tmp_path: Path, clock: FakeClock, **rates: str) -> RateLimits:
    return RateLimits(Settings(mode="testing", data_dir=tmp_path, **rates), clock)  # type: ignore[arg-type]  # rates only


def test_a_window_holds_its_allowance_and_then_says_how_long_to_wait(clock: FakeClock) -> None:
    (lease,) = limit("25/10seconds", clock).leases("ada")
    assert [lease.take() for _ in range(25)] == [None] * 25
    clock.now_ms += 4_000
    assert lease.take() == 6_000
    clock.now_ms += 6_000
    assert lease.take() is None


def test_keys_do_not_disturb_each_other_and_share_what_is_theirs(clock: FakeClock) -> None:
    shared = limit("10/minute", clock)
    (first,), (second,), (other,) = shared.leases("ada"), shared.leases("ada"), shared.leases("eve")
    taken = [lease.take() for lease in (first, second) * 5]
    assert taken == [None] * 10
    assert first.take() == second.take() == 60_000
    assert other.take() is None


def test_who_comes_back_finds_the_window_as_it_was_left(clock: FakeClock) -> None:
    shared = limit("100/minute", clock)
    (lease,) = shared.leases("ada")
    assert [lease.take() for _ in range(95)] == [None] * 95
    del lease
    gc.collect()
    (again,) = shared.leases("ada")
    assert [again.take() for _ in range(6)] == [None] * 5 + [60_000]


def test_several_rates_hold_together(clock: FakeClock) -> None:
    leases = limit("2/second;3/minute", clock).leases("ada")

    def take() -> bool:
        return all(lease.take() is None for lease in leases)

    assert [take(), take(), take()] == [True, True, False]
    clock.now_ms += 1_000
    assert [take(), take()] == [True, False]


def test_a_seldom_used_key_is_counted_one_by_one(clock: FakeClock) -> None:
    hourly = limit("2/hour", clock)
    assert [hourly.take("198.51.100.7") for _ in range(3)] == [None, None, 3_600_000]
    assert hourly.take("198.51.100.8") is None


def test_counters_that_have_ended_are_swept(clock: FakeClock) -> None:
    counters = Counters(clock)
    for number in range(5_000):
        counters.incr(f"key {number}", 1)
        clock.now_ms += 1
    assert counters.reset() < 2_100


@given(st.lists(st.integers(0, 4_000), max_size=80), st.integers(1, 12))
def test_no_window_ever_lets_more_through(pauses: list[int], amount: int) -> None:
    clock = FakeClock()
    (lease,) = limit(f"{amount}/10seconds", clock).leases("ada")
    passed: list[int] = []
    for pause in pauses:
        clock.now_ms += pause
        wait = lease.take()
        if wait is None:
            passed.append(clock())
        else:
            clock.now_ms += wait
            assert lease.take() is None
            passed.append(clock())
    # Fixed windows, and a lease that is left over: what crosses an edge can be twice the allowance and one lease.
    for index, start in enumerate(passed):
        assert sum(start <= at < start + 10_000 for at in passed[index:]) <= 2 * amount + max(1, amount // 10)


def test_s38_a_connection_is_limited_by_itself_and_others_go_on(tmp_path: Path, clock: FakeClock) -> None:
    installation = limits(
        tmp_path, clock, limit_messages_connection="3/10seconds", limit_frames_connection="5/10seconds"
    )
    flooder = installation.for_visitor("plum", "198.51.100.7")
    bystander = installation.for_visitor("plum", "198.51.100.8")
    assert [flooder.message() for _ in range(4)] == [None, None, None, 10_000]
    assert [flooder.frame() for _ in range(6)] == [None] * 5 + [10_000]
    assert bystander.message() is None
    assert bystander.frame() is None


def test_s38_a_visitor_is_limited_over_all_connections_once_known(tmp_path: Path, clock: FakeClock) -> None:
    installation = limits(tmp_path, clock, limit_messages_visitor="4/minute")
    tabs = [installation.for_visitor("plum", f"198.51.100.{number}") for number in range(3)]
    for tab in tabs:
        tab.know_visitor("hash")
    assert [tab.message() for tab in tabs * 2] == [None] * 4 + [60_000] * 2


def test_s38_an_address_is_limited_with_its_whole_ipv6_network(tmp_path: Path, clock: FakeClock) -> None:
    installation = limits(tmp_path, clock, limit_messages_address="2/minute")
    neighbours = [installation.for_visitor("plum", f"2001:db8:1:2::{number}") for number in range(3)]
    assert [one.message() for one in neighbours] == [None, None, 60_000]
    assert installation.for_visitor("plum", "2001:db8:1:3::1").message() is None


def test_s38_a_site_is_limited_and_its_agents_are_not(tmp_path: Path, clock: FakeClock) -> None:
    installation = limits(tmp_path, clock, limit_messages_site="2/minute")
    visitors = [installation.for_visitor("plum", f"198.51.100.{number}") for number in range(3)]
    assert [visitor.message() for visitor in visitors] == [None, None, 60_000]
    assert installation.for_visitor("other", "198.51.100.9").message() is None
    agent = installation.for_agent()
    assert agent.message() is None


def test_new_visitors_are_counted_by_address(tmp_path: Path, clock: FakeClock) -> None:
    installation = limits(tmp_path, clock, limit_new_visitors_address="2/hour")
    assert [installation.new_visitor("::ffff:198.51.100.7") for _ in range(2)] == [None, None]
    assert installation.new_visitor("198.51.100.7") == 3_600_000


def test_what_is_left_of_a_share_is_not_lost_with_the_connection_that_drew_it(tmp_path: Path, clock: FakeClock) -> None:
    # Each post of the fallback is a connection of its own, and each threw away nine tenths of what it had drawn: ten
    # posted messages a minute used up what a whole site may send.
    many = limits(tmp_path, clock, limit_messages_visitor="60/minute", limit_messages_site="60/minute")

    def post(visitor: str) -> int | None:
        connection = many.for_visitor("shop", "192.0.2.1")
        connection.know_visitor(visitor)
        return connection.message()

    assert [post("somebody") for _ in range(60)] == [None] * 60
    assert post("somebody") == 60_000
    assert post("somebody else") == 60_000
    clock.now_ms += 60_000
    assert [post("somebody else") for _ in range(60)] == [None] * 60
    assert post("somebody else") == 60_000
