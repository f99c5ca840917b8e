"""How programs show who they are: a token in the ``Authorization`` header and nowhere else, and how much they may call.

No cookie is looked at, so that no page of anybody can call in somebody's name, and no header allows other origins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import limits
from limits.strategies import FixedWindowRateLimiter

from widget_server.core.errors import Refused
from widget_server.web.rate_limits import Counters, SharedCounters

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from widget_server.hub.ledger import Ledger

CHALLENGE: Final = 'Bearer realm="api"'


def bearer_of(request: web.BaseRequest) -> str:
    """Return the token that a request shows.

    Raises:
        Refused: ``bad_token`` where it shows none, or more than one.
    """
    shown = request.headers.getall("Authorization", [])
    kind, _, token = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
    if kind.lower() != "bearer" or not token:
        raise Refused("bad_token")
    return token.strip()


class Allowance(NamedTuple):
    """How a token stands after a call was counted."""

    wait_ms: int | None
    """How long there is nothing left; None: the call may go on."""
    headers: dict[str, str]
    """``RateLimit`` and ``RateLimit-Policy``, as the IETF's draft writes them."""


class TokenLimit:
    """How often each token may call.

    Args:
        rate: as in the settings.
        now_ms: any clock in ms that does not jump.
        ledger: where several nodes count together.
        name: what is counted.
    """

    def __init__(self, rate: str, now_ms: Callable[[], int], ledger: Ledger | None = None, name: str = "calls") -> None:
        self._now_ms = now_ms
        self._name = name
        counters = Counters(now_ms) if ledger is None else SharedCounters(now_ms, ledger, f"api {name}")
        self._limiter = FixedWindowRateLimiter(counters)
        self._limits = limits.parse_many(rate)

    def take(self, token: str) -> Allowance:
        """Count one call of the token with this public id."""
        waits, policies, states = [], [], []
        for number, each in enumerate(self._limits, 1):
            name = self._name if number == 1 else f"{self._name}-{number}"
            granted = self._limiter.hit(each, token)
            stats = self._limiter.get_window_stats(each, token)
            left_ms = max(0, int(stats.reset_time * 1000) - self._now_ms())
            if not granted:
                waits.append(max(1_000, left_ms))
            policies.append(f'"{name}";q={each.amount};w={each.get_expiry()}')
            states.append(f'"{name}";r={max(0, stats.remaining)};t={-(-left_ms // 1000)}')
        return Allowance(
            max(waits) if waits else None,
            {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)},
        )
