"""How much somebody who is not signed in may read from one address: enough for people, and for crawlers that behave.

What is dear (feeds, searches, what stands far back in a list) has an allowance of its own beside the one for all.
Whoever is signed in is known and not counted, nor are addresses that the settings name, nor is what is kept ready
(:mod:`widget_server.web.page_cache`) and costs next to nothing. Each node counts for itself:
a page is read too often to tell others of it.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

import limits

from widget_server.core.errors import TryLater
from widget_server.web.clients import limit_key
from widget_server.web.rate_limits import Counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from widget_server.settings import Settings

_FAR_BACK: Final = 10
"""Pages from this one on cost the store the more, the higher their number is."""


def is_dear(request: web.BaseRequest) -> bool:
    """Whether a page costs more than most."""
    path = request.path
    if path.endswith((".atom", ".xml", "/search")):
        return True
    page = request.query.get("page", "")
    return page.isascii() and page.isdigit() and (len(page) > 1 and int(page[:9]) >= _FAR_BACK)


class ReadLimit:
    """One node's.

    Args:
        settings: how many pages, how many of those that cost more (which count as pages too), and for whom not.
        now_ms: any clock in ms that does not jump.
    """

    def __init__(self, settings: Settings, now_ms: Callable[[], int]) -> None:
        self._counters = Counters(now_ms)
        self._now_ms = now_ms
        self._pages = limits.parse_many(settings.limit_pages)
        self._dear = limits.parse_many(settings.limit_dear_pages)
        named = settings.limit_pages_not_for.split(",")
        self._unlimited = tuple(ipaddress.ip_network(part.strip()) for part in named if part.strip())

    def take(self, request: web.BaseRequest, address: str) -> None:
        """Count one page that a guest reads.

        Args:
            request: of the page.
            address: where it comes from.

        Raises:
            TryLater: ``rate_limited``.
        """
        key = limit_key(address)
        waits = [self._wait(each, "pages", key) for each in self._pages]
        if is_dear(request):
            waits += [self._wait(each, "dear", key) for each in self._dear]
        wait = max(waits, default=0)
        if wait and not self._is_unlimited(address):
            raise TryLater("rate_limited", wait)

    def _wait(self, item: limits.RateLimitItem, name: str, key: str) -> int:
        """Count one, and return how long (ms) there is nothing left; 0 where there is."""
        window = item.key_for(name, key)
        if self._counters.incr(window, item.get_expiry()) <= item.amount:
            return 0
        return max(1_000, int(self._counters.get_expiry(window) * 1000) - self._now_ms())

    def _is_unlimited(self, address: str) -> bool:
        """Asked only of who had too much."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return True  # came through a unix socket of ours
        return any(parsed in network for network in self._unlimited)
