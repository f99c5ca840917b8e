"""How often one address may send forms that make accounts or have mails sent, and when to come back (S22, S38)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import limits
from limits.strategies import FixedWindowRateLimiter

from widget_server.core.errors import TryLater
from widget_server.web.clients import limit_key
from widget_server.web.rate_limits import Counters, SharedCounters

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.hub.ledger import Ledger


class FormLimit:
    """One installation's.

    Args:
        rate: as in the settings.
        now_ms: any clock in ms that does not jump.
        ledger: where several nodes count together.
    """

    def __init__(self, rate: str, now_ms: Callable[[], int], ledger: Ledger | None = None) -> None:
        self._now_ms = now_ms
        self._counters = Counters(now_ms) if ledger is None else SharedCounters(now_ms, ledger, "forms")
        self._limiter = FixedWindowRateLimiter(self._counters)
        self._limits = limits.parse_many(rate)

    def take(self, address: str, form: str) -> None:
        """Count one post of ``form`` from a client's address.

        Raises:
            TryLater: ``rate_limited``.
        """
        keys = (form, limit_key(address))
        for each in self._limits:
            if not self._limiter.hit(each, *keys):
                ends_s = self._limiter.get_window_stats(each, *keys).reset_time
                raise TryLater("rate_limited", max(1_000, int(ends_s * 1000) - self._now_ms()))
