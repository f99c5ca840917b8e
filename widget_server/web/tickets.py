"""What one browser was handed for some minutes and must bring back: a challenge, where it wanted to go, codes to show.

A ticket is a cookie of this browser, sealed with the installation's key: nobody else can make, read or lend one, and
nothing is stored. Each kind is good for one thing only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import orjson

from widget_server.actions.sealing import Unopenable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from widget_server.actions.sealing import Sealer
    from widget_server.web.sessions import Cookies

_MINUTE_MS: Final = 60_000
_EXPIRES: Final = "until"


class TicketKind(StrEnum):
    """What a ticket is for; the value is in its cookie's name."""

    RECOVERY = "recovery"
    """Recovery codes that are shown on the next page."""
    PASSKEY = "passkey"
    """The challenge that a passkey has to sign."""
    OUTSIDE = "outside"
    """What a provider's answer has to fit."""
    UNSENT = "unsent"
    """What somebody wrote who was not signed in."""


class Tickets:
    """The tickets of one installation.

    Args:
        sealer: seals them.
        cookies: how cookies are written.
        now_ms: UTC time in ms.
    """

    def __init__(self, sealer: Sealer, cookies: Cookies, now_ms: Callable[[], int]) -> None:
        self._sealer = sealer
        self._cookies = cookies
        self._now_ms = now_ms

    def give(self, response: web.StreamResponse, kind: TicketKind, facts: Mapping[str, Any], *, minutes: int) -> None:
        """Hand out a ticket with ``facts``; an earlier one of its kind is gone."""
        body = {**facts, _EXPIRES: self._now_ms() + minutes * _MINUTE_MS}
        self._cookies.set(response, self._name(kind), self._sealer.seal(orjson.dumps(body).decode(), f"ticket {kind}"))

    def read(self, request: web.BaseRequest, kind: TicketKind) -> dict[str, Any] | None:
        """Return the facts of the ticket that a browser brings; None where it has none that holds."""
        try:
            body = orjson.loads(self._sealer.open(request.cookies.get(self._name(kind), ""), f"ticket {kind}"))
        except (Unopenable, ValueError):
            return None
        if not isinstance(body, dict) or body.pop(_EXPIRES, 0) <= self._now_ms():
            return None
        return body

    def take_back(self, request: web.BaseRequest, response: web.StreamResponse, kind: TicketKind) -> None:
        """End the browser's ticket."""
        if self._name(kind) in request.cookies:
            self._cookies.drop(response, self._name(kind))

    def _name(self, kind: TicketKind) -> str:
        return self._cookies.named(f"ticket-{kind}")
