"""One-time notices: what an action has done is told once, on the page that comes next (S2.08).

They travel in a signed cookie of this browser, so that nothing is stored, and nobody else can put words on our pages.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.web.sessions import Cookies

Kind = Literal["good", "info", "warning", "bad"]

_MAX_CHARS: Final = 2_000


class Notice(NamedTuple):
    """One sentence for the person, and how it is meant."""

    kind: Kind
    text: str


class Notices:
    """The notices of one installation.

    Args:
        secret: the installation's key.
        cookies: how cookies are written.
    """

    def __init__(self, secret: bytes, cookies: Cookies) -> None:
        self._key = hashlib.sha256(b"notices\x00" + secret).digest()
        self._cookies = cookies

    def leave(self, response: web.StreamResponse, *notices: Notice) -> None:
        """Have ``notices`` told on the next page that this browser opens."""
        body = base64.urlsafe_b64encode(json.dumps(notices).encode()).decode()
        if len(body) <= _MAX_CHARS:
            self._cookies.set(response, self._cookies.notices, f"{body}.{self._signature(body)}")

    def read(self, request: web.BaseRequest) -> list[Notice]:
        """Return what was left for this browser; what somebody else wrote is nothing."""
        kept = request.cookies.get(self._cookies.notices)
        if not kept:
            return []
        body, _, signature = kept.rpartition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode("utf-8", "replace")):
            return []
        return [Notice(kind, text) for kind, text in json.loads(base64.urlsafe_b64decode(body))]

    def drop(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Forget what was told."""
        if self._cookies.notices in request.cookies:
            self._cookies.drop(response, self._cookies.notices)

    def _signature(self, body: str) -> str:
        return hmac.digest(self._key, body.encode("utf-8", "replace"), "sha256").hex()[:32]
