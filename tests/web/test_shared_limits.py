"""Several nodes keep one allowance: what one has used up the others give no more of."""

from __future__ import annotations

import gc
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.engines.redis import Redis
from tests.hub.neighbours import ledger_on
from tests.patience import eventually
from widget_server.settings import Settings
from widget_server.web.rate_limits import RateLimit, RateLimits, SharedCounters

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.hub.neighbours import OpenLedger


class FakeClock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


class Node:
    """One node's count of one limit."""

    def __init__(self, ledger: OpenLedger, rate: str, name: str = "visitor") -> None:
        self.ledger = ledger
        self.clock = FakeClock()
        self.counters = SharedCounters(self.clock, ledger, name)
        self.limit = RateLimit(rate, self.clock, self.counters)

    async def settled(self) -> None:
        """Return when the others know what was drawn here, and this node what they drew."""
        await eventually(lambda: not self.counters._untold)

    def used(self) -> list[int]:
        """What this node believes to be used."""
        return [count for count, _ in self.counters._counts.values()]


@asynccontextmanager
async def two_nodes(redis: Redis, rate: str) -> AsyncGenerator[tuple[Node, Node]]:
    async with ledger_on(redis) as one, ledger_on(redis, one.prefix) as other:
        yield Node(one, rate), Node(other, rate)


async def test_two_nodes_share_one_allowance(redis: Redis) -> None:
    async with two_nodes(redis, "100/minute") as nodes:
        leases = [node.limit.leases("ada")[0] for node in nodes]
        passed = 0
        for turn in range(300):
            passed += leases[turn % 2].take() is None
            await nodes[turn % 2].settled()
        # The other node's first lease was drawn before it had heard anything.
        assert 100 <= passed <= 110
        waits = [lease.take() for lease in leases]
        assert all(wait is not None and 50_000 < wait <= 60_000 for wait in waits)


async def test_what_comes_seldom_is_counted_one_by_one(redis: Redis) -> None:
    async with two_nodes(redis, "10/hour") as nodes:
        passed = 0
        for turn in range(40):
            passed += nodes[turn % 2].limit.take("198.51.100.7") is None
            await nodes[turn % 2].settled()
        assert 10 <= passed <= 11


async def test_what_is_given_back_is_there_for_the_other_node(redis: Redis) -> None:
    async with two_nodes(redis, "100/minute") as (one, other):
        for _ in range(10):
            one.limit.leases("ada")[0].take()
        gc.collect()
        await one.settled()
        assert other.limit.take("ada") is None
        await other.settled()
        assert other.used() == [11]


async def test_giving_back_after_the_window_gives_nothing_away(redis: Redis) -> None:
    async with two_nodes(redis, "100/minute") as (one, other):
        assert one.limit.take("ada") is None
        await one.settled()
        redis.flush()
        (key,) = one.counters._counts
        one.counters.incr(key, 60, -1)
        for node in (one, other):
            assert node.limit.take("ada") is None
            await node.settled()
        assert other.used() == [2]


async def test_limits_with_the_same_keys_are_counted_apart(redis: Redis) -> None:
    async with ledger_on(redis) as ledger:
        nodes = [Node(ledger, "5/minute", name) for name in ("address", "new visitors")]
        for node in nodes:
            for _ in range(3):
                assert node.limit.take("198.51.100.7") is None
            await node.settled()
        assert [node.used() for node in nodes] == [[3], [3]]


async def test_without_the_broker_a_node_counts_alone_and_says_so() -> None:
    with Redis() as broker:
        async with ledger_on(broker) as ledger:
            node = Node(ledger, "100/minute")
            (lease,) = node.limit.leases("ada")
            assert lease.take() is None
            await node.settled()
            broker.stop(signal.SIGKILL)
            assert [lease.take() for _ in range(99)] == [None] * 99
            assert lease.take() == 60_000
            await node.settled()
            assert ledger.alone >= 1


async def test_names_on_the_broker_tell_nothing_of_people(redis: Redis, tmp_path: Path) -> None:
    async with ledger_on(redis) as ledger:
        limits = RateLimits(Settings(mode="testing", data_dir=tmp_path), FakeClock(), ledger)
        assert limits.new_visitor("198.51.100.7") is None
        assert limits.for_visitor("shop", "198.51.100.7").message() is None
        await eventually(lambda: len(_keys(redis, ledger)) == 3)
        assert all("198" not in key and "shop" not in key for key in _keys(redis, ledger))
        assert all(0 < int(str(redis.ask("PTTL", key))) <= 3_600_000 for key in _keys(redis, ledger))


def _keys(redis: Redis, ledger: OpenLedger) -> list[str]:
    keys = redis.ask("KEYS", f"{ledger.prefix}*")
    assert isinstance(keys, list)
    return keys
