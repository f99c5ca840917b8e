"""How much one connection, visitor, address and site may send, and how long who sent more has to wait (S38).

Counting is done by the ``limits`` library in fixed windows. A key that is used all the time takes *leases*: a tenth of
a window's allowance at once, counted down locally, so that a message costs a few comparisons. What belongs to one
connection is a lease of the whole allowance. Counters live in memory, addresses with them, and end with their window.

Several nodes count together: each draw is told to the broker behind the caller's back, and the sum of all nodes comes
back with its answer. Without a broker each node counts alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from widget_server.hub.ledger import BrokerLost
from widget_server.web.clients import limit_key

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from widget_server.hub.ledger import Ledger
    from widget_server.settings import Settings

_LEASES_PER_WINDOW: Final = 10
_SWEEP_FLOOR: Final = 1024


class Counters(Storage):
    """Where ``limits`` keeps its counts: one dictionary, swept when it has doubled.

    The library's own memory storage starts a thread for every 10 ms of use, which would cost more than the limits.

    Args:
        now_ms: any clock in ms that does not jump.
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


_ADD: Final = """
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if sum < 0 then
  redis.call('SET', KEYS[1], 0, 'KEEPTTL')
  sum = 0
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {sum, left}
"""


class SharedCounters(Counters):
    """Counts of all nodes: this node's at once, the others' as of the last answer.

    Args:
        now_ms: any clock in ms that does not jump.
        ledger: where all nodes count.
        name: what is counted; two limits may have the same keys.
    """

    def __init__(self, now_ms: Callable[[], int], ledger: Ledger, name: str) -> None:
        super().__init__(now_ms)
        self._ledger = ledger
        self._name = name
        self._untold: dict[str, int] = {}
        """What was counted here and is not in the sum that the ledger gave last."""

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count here, and tell the ledger; see :meth:`Counters.incr`."""
        count = super().incr(key, expiry, amount)
        try:
            answer = self._ledger.request(_ADD, [f"{self._name} {key}"], amount, int(expiry * 1000))
        except BrokerLost:
            return count
        self._untold[key] = self._untold.get(key, 0) + amount
        answer.add_done_callback(lambda done: self._told(key, amount, done))
        return count

    def _told(self, key: str, amount: int, answer: Future[tuple[int, int]]) -> None:
        untold = self._untold[key] - amount
        if untold:
            self._untold[key] = untold
        else:
            del self._untold[key]
        if not answer.cancelled() and answer.exception() is None:
            count, left = answer.result()
            self._counts[key] = (max(0, count + untold), self._now_ms() + left)


class Lease:
    """A part of an allowance, counted down locally. Connections hold thousands of these: they are kept small.

    What is left of it when its window ends may still be used, so that nobody looks at a clock before it is used up.
    """

    __slots__ = ("_dry_until", "_limit", "left")

    def __init__(self, limit: OneRate) -> None:
        self._limit = limit
        self._dry_until = 0
        self.left = 0
        """How many may still be counted without asking."""

    def take(self) -> int | None:
        """Count one and return None, or return how long (ms) there is nothing left."""
        if self.left > 0:
            self.left -= 1
            return None
        return self.renew()

    def renew(self) -> int | None:
        """Draw again when nothing is left, and count one: None, or how long (ms) there is nothing to draw."""
        now = self._limit.now_ms()
        if now < self._dry_until:
            return self._dry_until - now
        drawn, ends = self._draw()
        if drawn == 0:
            self._dry_until = max(ends, now + 1)
            return self._dry_until - now
        self.left = drawn - 1
        return None

    def _draw(self) -> tuple[int, int]:
        """Take a whole window: how many there are, and when it ends (ms)."""
        self._dry_until = self._limit.now_ms() + self._limit.length_ms
        return self._limit.amount, self._dry_until


class SharedLease(Lease):
    """A lease that everyone who counts for the same key shares: it draws a tenth of the key's window at once."""

    __slots__ = ("__weakref__", "_key")

    def __init__(self, limit: OneRate, key: str) -> None:
        super().__init__(limit)
        self._key = key

    def _draw(self) -> tuple[int, int]:
        return self._limit.draw(self._key, self._limit.share)

    def __del__(self) -> None:
        """Give back what is left with the last who held it: a post of the fallback holds it for one message."""
        if self.left:
            self._limit.give_back(self._key, self.left)


class OneRate:
    """One allowance per window, for many keys."""

    def __init__(self, item: limits.RateLimitItem, counters: Counters, now_ms: Callable[[], int]) -> None:
        self._item = item
        self._counters = counters
        self._windows = FixedWindowRateLimiter(counters)
        self._leases: WeakValueDictionary[str, SharedLease] = WeakValueDictionary()
        self.now_ms = now_ms
        self.amount = item.amount
        self.length_ms = item.get_expiry() * 1000
        self.share = max(1, item.amount // _LEASES_PER_WINDOW)

    def lease(self, key: str) -> SharedLease:
        """Return the key's lease; it lasts as long as somebody holds it."""
        lease = self._leases.get(key)
        if lease is None:
            lease = self._leases[key] = SharedLease(self, key)
        return lease

    def give_back(self, key: str, left: int) -> None:
        """Put what was drawn and not used back into the key's window, if one runs."""
        name = self._item.key_for(key)
        self._counters.incr(name, self._item.get_expiry(), -min(left, self._counters.get(name)))

    def draw(self, key: str, wanted: int) -> tuple[int, int]:
        """Take up to ``wanted`` from the key's window: how many there were, and when it ends (ms)."""
        stats = self._windows.get_window_stats(self._item, key)
        drawn = min(wanted, stats.remaining)
        if drawn:
            self._windows.hit(self._item, key, cost=drawn)
            stats = self._windows.get_window_stats(self._item, key)
        return drawn, round(stats.reset_time * 1000)


class RateLimit:
    """A limit as the settings write it, for many keys.

    Args:
        rates: ``30/10seconds``; several are joined by ``;``.
        now_ms: any clock in ms that does not jump.
        counters: where it is counted; a dictionary of its own when left out.
    """

    def __init__(self, rates: str, now_ms: Callable[[], int], counters: Counters | None = None) -> None:
        counters = counters or Counters(now_ms)
        self._now_ms = now_ms
        self._rates = [OneRate(item, counters, now_ms) for item in limits.parse_many(rates)]

    def leases(self, key: str) -> tuple[Lease, ...]:
        """Return the leases of a key, one for each rate."""
        return tuple(rate.lease(key) for rate in self._rates)

    def own(self) -> tuple[Lease, ...]:
        """Return leases of somebody who shares with nobody: a whole window at once."""
        return tuple(Lease(rate) for rate in self._rates)

    def take(self, key: str) -> int | None:
        """Count one for a key that is seldom used. None, or how long (ms) to wait."""
        waits = [ends for rate in self._rates for drawn, ends in (rate.draw(key, 1),) if not drawn]
        return max(1, max(waits) - self._now_ms()) if waits else None


class ConnectionLimits:
    """What one connection may send: the ``Limiter`` of its session (:mod:`widget_server.protocol.session`).

    The leases for messages are taken with the first one: most visitors only look.
    """

    __slots__ = ("_address", "_frames", "_limits", "_messages", "_site_key", "_visitor")

    def __init__(self, limits: RateLimits, site_key: str | None, address: str) -> None:
        self._limits = limits
        self._frames = limits.frames.own()
        self._messages: tuple[Lease, ...] = ()
        self._site_key = site_key
        self._address = address
        self._visitor: str | None = None

    def know_visitor(self, token_hash: str) -> None:
        """Count for this visitor as well: called once, when ``hello`` has told who it is and before any message."""
        self._visitor = token_hash

    def share_frames(self, who: str) -> None:
        """Count frames for ``who`` over all their posts: each is a connection of its own, and would begin anew."""
        self._frames = self._limits.frames.leases(who)

    def frame(self) -> int | None:
        """Count a frame: None, or how long (ms) to wait."""
        return _taken(self._frames)

    def message(self) -> int | None:
        """Count a message for everybody it counts for: None, or how long (ms) to wait."""
        if not self._messages:
            self._messages = self._limits.of_messages(self._site_key, self._address, self._visitor)
        return _taken(self._messages)


def _taken(leases: tuple[Lease, ...]) -> int | None:
    """Count one in each, up to the first that has nothing left."""
    for lease in leases:
        # Lease.take, written out: this is on every message's way.
        if lease.left > 0:
            lease.left -= 1
        elif (wait := lease.renew()) is not None:
            return wait
    return None


class RateLimits:
    """The limits of one installation.

    Args:
        settings: how much is allowed.
        now_ms: any clock in ms that does not jump.
        ledger: where several nodes count together.
    """

    def __init__(self, settings: Settings, now_ms: Callable[[], int], ledger: Ledger | None = None) -> None:
        def limit(rates: str, name: str) -> RateLimit:
            return RateLimit(rates, now_ms, None if ledger is None else SharedCounters(now_ms, ledger, name))

        self.frames = limit(settings.limit_frames_connection, "frames")
        self._connection = RateLimit(settings.limit_messages_connection, now_ms)
        self._visitor = limit(settings.limit_messages_visitor, "visitor")
        self._address = limit(settings.limit_messages_address, "address")
        self._site = limit(settings.limit_messages_site, "site")
        self._new_visitors = limit(settings.limit_new_visitors_address, "new visitors")

    def for_visitor(self, site_key: str, address: str) -> ConnectionLimits:
        """Return the limits of a visitor's new connection, or of one post.

        Args:
            site_key: the site.
            address: where it comes from (:func:`widget_server.web.clients.client_address`).
        """
        return ConnectionLimits(self, site_key, address)

    def for_agent(self) -> ConnectionLimits:
        """Return the limits of an agent's new connection."""
        return ConnectionLimits(self, None, "")

    def of_messages(self, site_key: str | None, address: str, visitor: str | None) -> tuple[Lease, ...]:
        """Return the leases that a message of one connection counts in.

        An agent, who has no ``site_key`` here, is limited by the connection alone: they are known, and often share an
        address with colleagues.
        """
        own = self._connection.own()
        if site_key is None:
            return own
        shared = (*self._address.leases(limit_key(address)), *self._site.leases(site_key))
        return (*own, *self._visitor.leases(visitor), *shared) if visitor else (*own, *shared)

    def member(self, public_id: str) -> int | None:
        """Count a message that somebody signed in writes on our pages, as a visitor's: None, or how long (ms) to wait.

        Args:
            public_id: theirs.
        """
        return self._visitor.take(f"member {public_id}")

    def new_visitor(self, address: str) -> int | None:
        """Count a new visitor from this address: None, or how long (ms) to wait."""
        return self._new_visitors.take(limit_key(address))
