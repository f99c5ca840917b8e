"""The pause between guesses doubles, and no owner is locked out."""

from __future__ import annotations

import pytest

from widget_server.core.errors import TryLater
from widget_server.web.sign_in_throttle import SignInThrottle

MAIL = "ada@example.com"
ADDRESS = "198.51.100.7"


class FakeClock:
    now_ms = 5_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def throttle(clock: FakeClock) -> SignInThrottle:
    return SignInThrottle("10/10minutes", b"a key of this installation", clock)


def fail(throttle: SignInThrottle, mail: str = MAIL, address: str = ADDRESS, mark: str | None = None) -> int:
    """Try with a wrong password; the milliseconds to wait, or 0 where the attempt was looked at."""
    try:
        throttle.check(mail, address, mark)
    except TryLater as later:
        return later.retry_after_ms
    throttle.attempted(mail, address, mark)
    return 0


def test_s22_the_pause_grows_to_the_window_and_a_thousand_guesses_are_few(
    throttle: SignInThrottle, clock: FakeClock
) -> None:
    pauses = []
    for _ in range(20):
        wait = fail(throttle)
        if wait:
            pauses.append(wait)
            clock.now_ms += wait
    assert pauses == sorted(pauses)
    assert pauses[-1] == 600_000
    looked_at = sum(fail(throttle) == 0 for _ in range(1000))
    assert looked_at <= 1


def test_s22_one_account_from_many_addresses_and_one_address_for_many_accounts_wait(throttle: SignInThrottle) -> None:
    assert [bool(fail(throttle, address=f"203.0.113.{n}")) for n in range(5)] == [False] * 3 + [True] * 2
    assert [bool(fail(throttle, f"user{n}@example.com", "203.0.113.99")) for n in range(5)] == [False] * 3 + [True] * 2


def test_an_account_is_the_same_in_every_spelling(throttle: SignInThrottle) -> None:
    spellings = ["Ada@Example.com", "ADA@EXAMPLE.COM", "ada@example.com\u200b", MAIL]
    assert bool([fail(throttle, mail, f"203.0.113.{n}") for n, mail in enumerate(spellings)][-1])


def test_failures_are_forgotten_after_the_window(throttle: SignInThrottle, clock: FakeClock) -> None:
    for _ in range(3):
        fail(throttle)
    assert fail(throttle)
    clock.now_ms += 600_000
    assert [fail(throttle) for _ in range(3)] == [0, 0, 0]


def test_success_clears_the_account_and_not_the_address(throttle: SignInThrottle) -> None:
    for guess in range(3):
        fail(throttle, f"user{guess}@example.com", "203.0.113.1")
    fail(throttle, "mine@example.com", "203.0.113.2")
    throttle.succeeded("mine@example.com", "203.0.113.1", None)
    throttle.attempted("x@example.com", "203.0.113.1", None)
    assert fail(throttle, "user9@example.com", "203.0.113.1")
    assert [fail(throttle, "mine@example.com", "203.0.113.3") for _ in range(3)] == [0, 0, 0]


def test_s22_a_mark_fits_one_account_and_is_slowed_by_its_own_failures_alone(throttle: SignInThrottle) -> None:
    mark = throttle.succeeded(MAIL, ADDRESS, None)
    for _ in range(10):
        fail(throttle)
    assert fail(throttle, mark=mark) == 0
    assert fail(throttle, "eve@example.com", mark=mark)
    assert throttle.succeeded(MAIL, ADDRESS, mark) == mark
    assert [bool(fail(throttle, mark=mark)) for _ in range(4)] == [False] * 3 + [True]


@pytest.mark.parametrize("mark", ["", ".", "a.b", "é.é", "x" * 100])
def test_a_made_up_mark_is_none(throttle: SignInThrottle, mark: str) -> None:
    for _ in range(4):
        fail(throttle)
    assert fail(throttle, mark=mark)


def test_the_memory_has_an_end(throttle: SignInThrottle, clock: FakeClock) -> None:
    for number in range(11_000):
        throttle.attempted(f"user{number}@example.com", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", None)
    for _ in range(3):
        throttle.attempted(MAIL, ADDRESS, None)
    with pytest.raises(TryLater, match="rate_limited"):
        throttle.check(MAIL, ADDRESS, None)
