"""The pause between guesses doubles, and no owner is locked out: on one node, and on several that count together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engines.redis import Redis
from tests.hub.neighbours import ledger_on
from widget_server.core.errors import TryLater
from widget_server.web.sign_in_throttle import SignInThrottle

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

MAIL = "ada@example.com"
ADDRESS = "198.51.100.7"
SECRET = b"a key of this installation"


class FakeClock:
    now_ms = 5_000_000

    def __call__(self) -> int:
        return self.now_ms

    def go(self, ms: int) -> None:
        """Let time pass."""
        self.now_ms += ms


class BrokerClock(FakeClock):
    """Lets time pass for the numbers of one installation on a broker as well."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    def go(self, ms: int) -> None:
        super().go(ms)
        keys = self._redis.ask("KEYS", f"{self._prefix}*")
        assert isinstance(keys, list)
        for key in keys:
            left = self._redis.ask("PTTL", key)
            assert isinstance(left, int)
            self._redis.ask("PEXPIRE", key, str(max(0, left - ms)))


class Door:
    """One or several nodes where somebody may sign in: each attempt comes to the next one."""

    def __init__(self, throttles: list[SignInThrottle], clock: FakeClock) -> None:
        self._throttles = throttles
        self._turn = 0
        self.clock = clock

    @property
    def node(self) -> SignInThrottle:
        self._turn += 1
        return self._throttles[self._turn % len(self._throttles)]

    async def fail(self, mail: str = MAIL, address: str = ADDRESS, mark: str | None = None) -> int:
        """Try with a wrong password; the milliseconds to wait, or 0 where the attempt was looked at."""
        try:
            await self.node.attempt(mail, address, mark)
        except TryLater as later:
            return later.retry_after_ms
        return 0


@pytest.fixture(params=["one node", "two nodes"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    if request.param == "one node":
        clock = FakeClock()
        yield Door([SignInThrottle("10/10minutes", SECRET, clock)], clock)
        return
    redis: Redis = request.getfixturevalue("redis")
    async with ledger_on(redis) as one, ledger_on(redis, one.prefix) as other:
        clock = BrokerClock(redis, one.prefix)
        yield Door([SignInThrottle("10/10minutes", SECRET, clock, ledger) for ledger in (one, other)], clock)


async def test_s22_the_pause_grows_to_the_window_and_a_thousand_guesses_are_few(door: Door) -> None:
    pauses = []
    for _ in range(20):
        wait = await door.fail()
        if wait:
            pauses.append(wait)
            door.clock.go(wait)
    rounded = [round(pause, -2) for pause in pauses]
    assert rounded == sorted(rounded)
    assert rounded[-1] == 600_000
    looked_at = [await door.fail() for _ in range(1000)].count(0)
    assert looked_at <= 1


async def test_s22_one_account_from_many_addresses_and_one_address_for_many_accounts_wait(door: Door) -> None:
    accounts = [bool(await door.fail(address=f"203.0.113.{n}")) for n in range(5)]
    assert accounts == [False] * 3 + [True] * 2
    addresses = [bool(await door.fail(f"user{n}@example.com", "203.0.113.99")) for n in range(5)]
    assert addresses == [False] * 3 + [True] * 2


async def test_an_account_is_the_same_in_every_spelling(door: Door) -> None:
    spellings = ["Ada@Example.com", "ADA@EXAMPLE.COM", "ada@example.com\u200b", MAIL]
    assert [bool(await door.fail(mail, f"203.0.113.{n}")) for n, mail in enumerate(spellings)][-1]


async def test_failures_are_forgotten_after_the_window(door: Door) -> None:
    for _ in range(3):
        await door.fail()
    assert await door.fail()
    door.clock.go(600_000)
    assert [await door.fail() for _ in range(3)] == [0, 0, 0]


async def test_success_clears_the_account_and_not_the_address(door: Door) -> None:
    for guess in range(3):
        await door.fail(f"user{guess}@example.com", "203.0.113.1")
    await door.fail("mine@example.com", "203.0.113.2")
    await door.node.succeeded("mine@example.com", "203.0.113.1", None)
    assert [bool(await door.fail(f"user{n}@example.com", "203.0.113.1")) for n in (8, 9)] == [False, True]
    assert [await door.fail("mine@example.com", "203.0.113.3") for _ in range(3)] == [0, 0, 0]


async def test_s22_a_mark_fits_one_account_and_is_slowed_by_its_own_failures_alone(door: Door) -> None:
    mark = await door.node.succeeded(MAIL, ADDRESS, None)
    for _ in range(10):
        await door.fail()
    assert await door.fail(mark=mark) == 0
    assert await door.fail("eve@example.com", mark=mark)
    assert await door.node.succeeded(MAIL, ADDRESS, mark) == mark
    assert [bool(await door.fail(mark=mark)) for _ in range(4)] == [False] * 3 + [True]


@pytest.mark.parametrize("mark", ["", ".", "a.b", "é.é", "x" * 100])
async def test_a_made_up_mark_is_none(door: Door, mark: str) -> None:
    for _ in range(4):
        await door.fail()
    assert await door.fail(mark=mark)


async def test_the_memory_has_an_end() -> None:
    throttle = SignInThrottle("10/10minutes", SECRET, FakeClock())
    for number in range(11_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        await throttle.attempt(f"user{number}@example.com", address, None)
    assert len(throttle._failures) == 20_000
    for _ in range(3):
        await throttle.attempt(MAIL, ADDRESS, None)
    with pytest.raises(TryLater, match="rate_limited"):
        await throttle.attempt(MAIL, ADDRESS, None)


async def test_a_broker_that_hangs_neither_locks_out_nor_lets_anybody_guess() -> None:
    clock = FakeClock()
    with Redis() as broker:
        async with ledger_on(broker) as ledger:
            throttle = SignInThrottle("10/10minutes", SECRET, clock, ledger)
            await throttle.attempt(MAIL, ADDRESS, None)
            broker.pause()
            await throttle.attempt(MAIL, ADDRESS, None)
            await throttle.attempt(MAIL, ADDRESS, None)
            with pytest.raises(TryLater, match="rate_limited"):
                await throttle.attempt(MAIL, ADDRESS, None)
            clock.go(600_000)
            await throttle.attempt(MAIL, ADDRESS, None)
            assert await throttle.succeeded(MAIL, ADDRESS, None)
            assert ledger.alone >= 5
