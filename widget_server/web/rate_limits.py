"""How much one connection, visitor, address and site may send, and how long who sent more has to wait (S38).

Counting is done by the ``limits`` library in fixed windows. A key that is used all the time takes *leases*: a tenth of
a window's allowance at once, counted down locally, so that a message costs a few comparisons. What belongs to one
connection is a lease of the whole allowance. Counters live in memory, addresses with them, and end with their window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from widget_server.web.clients import limit_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.settings import Settings

_LEASES_PER_WINDOW: Final = 10
_SWEEP_FLOOR: Final = 1024


class Counters(Storage):
    """Where ``limits`` keeps its counts: one dictionary, swept when it has doubled.

    The library's own memory storage starts a thread for every 10 ms of use, which would cost more than the limits.

    Args:
        now_ms: UTC time in ms.
    """

    STORAGE_SCHEME = None

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._now_ms = now_ms
        self._counts: dict[str, tuple[int, int]] = {}
        """Count, and when it ends (ms)."""
        self._sweep_at = _SWEEP_FLOOR

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failure of this storage would look like."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add ``amount``, in a window of ``expiry`` seconds that begins with the first, and return the sum."""
        now = self._now_ms()
        count, ends = self._counts.get(key, (0, 0))
        if ends <= now:
            count, ends = 0, now + int(expiry * 1000)
        self._counts[key] = (count + amount, ends)
        if len(self._counts) > self._sweep_at:
            self._counts = {key: value for key, value in self._counts.items() if value[1] > now}
            self._sweep_at = max(_SWEEP_FLOOR, 2 * len(self._counts))
        return count + amount

    def get(self, key: str) -> int:
        """Return the count of the window that runs."""
        count, ends = self._counts.get(key, (0, 0))
        return count if ends > self._now_ms() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since 1970."""
        now = self._now_ms()
        return max(self._counts.get(key, (0, now))[1], now) / 1000

    def check(self) -> bool:
        """Return that memory is there."""
        return True

    def reset(self) -> int:
        """Forget everything and return how much that was."""
        forgotten = len(self._counts)
        self._counts = {}
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._counts.pop(key, None)


class Lease:
    """A part of a key's allowance, counted down locally. Everyone who counts for the key shares the one object."""

    __slots__ = ("__weakref__", "_ends", "_left", "_renew")

    def __init__(self, renew: Callable[[], tuple[int, int]]) -> None:
        self._renew = renew
        self._left = 0
        self._ends = 0

    def take(self, now_ms: int) -> int | None:
        """Count one and return None, or return how long (ms) there is nothing left."""
        if self._left > 0 and now_ms < self._ends:
            self._left -= 1
            return None
        self._left, self._ends = self._renew()
        if self._left == 0:
            return max(1, self._ends - now_ms)
        self._left -= 1
        return None


class RateLimit:
    """One limit, for many keys.

    Args:
        rate: as in the settings, ``30/10seconds``; several are joined by ``;``.
        counters: where the counts are kept.
        now_ms: UTC time in ms.
    """

    def __init__(self, rate: str, counters: Counters, now_ms: Callable[[], int]) -> None:
        self._items = limits.parse_many(rate)
        self._windows = FixedWindowRateLimiter(counters)
        self._now_ms = now_ms
        self._leases: WeakValueDictionary[tuple[str, int], Lease] = WeakValueDictionary()

    def leases(self, key: str) -> tuple[Lease, ...]:
        """Return the leases of a key, one for each rate; whoever holds them shares them with others of the key."""
        return tuple(self._lease(key, index, item) for index, item in enumerate(self._items))

    def local(self) -> tuple[Lease, ...]:
        """Return leases of somebody who shares with nobody: a whole window at once."""
        return tuple(Lease(self._whole(item)) for item in self._items)

    def take(self, key: str) -> int | None:
        """Count one for a key that is seldom used. None, or how long (ms) to wait."""
        waits = [ends for item in self._items for left, ends in (self._draw(item, key, 1),) if not left]
        return max(1, max(waits) - self._now_ms()) if waits else None

    def _lease(self, key: str, index: int, item: limits.RateLimitItem) -> Lease:
        lease = self._leases.get((key, index))
        if lease is None:
            share = max(1, item.amount // _LEASES_PER_WINDOW)
            lease = self._leases[key, index] = Lease(lambda: self._draw(item, key, share))
        return lease

    def _draw(self, item: limits.RateLimitItem, key: str, wanted: int) -> tuple[int, int]:
        """Take up to ``wanted`` from the window: how many there were, and when it ends (ms)."""
        stats = self._windows.get_window_stats(item, key)
        drawn = min(wanted, stats.remaining)
        if drawn:
            self._windows.hit(item, key, cost=drawn)
            stats = self._windows.get_window_stats(item, key)
        return drawn, round(stats.reset_time * 1000)

    def _whole(self, item: limits.RateLimitItem) -> Callable[[], tuple[int, int]]:
        amount, length = item.amount, item.get_expiry() * 1000
        ends = 0

        def renew() -> tuple[int, int]:
            nonlocal ends
            now = self._now_ms()
            if now < ends:
                return 0, ends
            ends = now + length
            return amount, ends

        return renew


class ConnectionLimits:
    """What one connection may send: the ``Limiter`` of its session (:mod:`widget_server.protocol.session`)."""

    __slots__ = ("_frames", "_messages", "_now_ms", "_visitors")

    def __init__(
        self,
        frames: tuple[Lease, ...],
        messages: tuple[Lease, ...],
        visitors: RateLimit | None,
        now_ms: Callable[[], int],
    ) -> None:
        self._frames = frames
        self._messages = messages
        self._visitors = visitors
        self._now_ms = now_ms

    def know_visitor(self, token_hash: str) -> None:
        """Count for this visitor as well, once ``hello`` has told who it is."""
        if self._visitors is not None:
            self._messages = (*self._messages, *self._visitors.leases(token_hash))
            self._visitors = None

    def frame(self) -> int | None:
        """Count a frame: None, or how long (ms) to wait."""
        return self._take(self._frames)

    def message(self) -> int | None:
        """Count a message for everybody it counts for: None, or how long (ms) to wait."""
        return self._take(self._messages)

    def _take(self, leases: tuple[Lease, ...]) -> int | None:
        now = self._now_ms()
        for lease in leases:
            wait = lease.take(now)
            if wait is not None:
                return wait
        return None


class RateLimits:
    """The limits of one installation.

    Args:
        settings: how much is allowed.
        now_ms: UTC time in ms.
    """

    def __init__(self, settings: Settings, now_ms: Callable[[], int]) -> None:
        def limit(rate: str) -> RateLimit:
            return RateLimit(rate, Counters(now_ms), now_ms)

        self._now_ms = now_ms
        self._frames = limit(settings.limit_frames_connection)
        self._connection = limit(settings.limit_messages_connection)
        self._visitor = limit(settings.limit_messages_visitor)
        self._address = limit(settings.limit_messages_address)
        self._site = limit(settings.limit_messages_site)
        self._new_visitors = limit(settings.limit_new_visitors_address)

    def for_visitor(self, site_key: str, address: str) -> ConnectionLimits:
        """Return the limits of a visitor's new connection, or of one post.

        Args:
            site_key: the site.
            address: where it comes from (:func:`widget_server.web.clients.client_address`).
        """
        messages = (
            *self._connection.local(),
            *self._address.leases(limit_key(address)),
            *self._site.leases(site_key),
        )
        return ConnectionLimits(self._frames.local(), messages, self._visitor, self._now_ms)

    def for_agent(self) -> ConnectionLimits:
        """Return the limits of an agent's new connection: who has signed in is known, and often shares an address."""
        return ConnectionLimits(self._frames.local(), self._connection.local(), None, self._now_ms)

    def new_visitor(self, address: str) -> int | None:
        """Count a new visitor from this address: None, or how long (ms) to wait."""
        return self._new_visitors.take(limit_key(address))
