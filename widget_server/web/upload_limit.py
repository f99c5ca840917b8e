"""How much visitors of one address may announce, and how much of it may stay unfinished, until when (S38).

Somebody without an account is as many visitors as they like: what one person may have (:mod:`actions.uploads`) is no
limit for them. What was announced counts whether it comes or not, for it takes up room of the site's share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import limits
from limits.strategies import FixedWindowRateLimiter

from widget_server.core.errors import TryLater
from widget_server.web.clients import limit_key
from widget_server.web.rate_limits import Counters, SharedCounters

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.hub.ledger import Ledger
    from widget_server.settings import Settings

_MEGABYTE: Final = 1_000_000
_MINUTE_MS: Final = 60_000


class UploadLimit:
    """One installation's.

    Args:
        settings: how much is allowed.
        now_ms: any clock in ms that does not jump.
        ledger: where several nodes count together.
    """

    def __init__(self, settings: Settings, now_ms: Callable[[], int], ledger: Ledger | None = None) -> None:
        self._now_ms = now_ms
        self._counters = Counters(now_ms) if ledger is None else SharedCounters(now_ms, ledger, "uploads")
        self._windows = FixedWindowRateLimiter(self._counters)
        self._megabytes = limits.parse_many(settings.limit_file_megabytes_address)
        self._unfinished = limits.parse_many(settings.limit_unfinished_files_address)

    def take(self, address: str, size: int) -> None:
        """Count a file that a visitor announces; one of less than a megabyte counts as one.

        Args:
            address: where it comes from.
            size: bytes announced, no more than a file may have.

        Raises:
            TryLater: ``files_limited``.
        """
        key = limit_key(address)
        # A file that is larger than the whole allowance takes all of it.
        costs = [("megabytes", each, min(each.amount, -(-size // _MEGABYTE))) for each in self._megabytes]
        costs += [("unfinished", each, 1) for each in self._unfinished]
        waits = [
            round(self._windows.get_window_stats(each, name, key).reset_time * 1000) - self._now_ms()
            for name, each, cost in costs
            if not self._windows.test(each, name, key, cost=cost)
        ]
        if waits:
            wait = max(1_000, *waits)
            raise TryLater("files_limited", wait, minutes=-(-wait // _MINUTE_MS))
        for name, each, cost in costs:
            self._windows.hit(each, name, key, cost=cost)

    def ended(self, address: str) -> None:
        """Count a visitor's file as unfinished no longer: it is whole, or was given up."""
        for each in self._unfinished:
            window = each.key_for("unfinished", limit_key(address))
            self._counters.incr(window, each.get_expiry(), -min(1, self._counters.get(window)))
