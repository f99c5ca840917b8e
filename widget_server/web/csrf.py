"""Nothing is changed by a request that another site made a browser send (S08).

Two walls, and a request has to pass both:

1. *Where it comes from.* ``Sec-Fetch-Site`` must say same-origin (or none: the person themselves); where a browser does
   not send it, ``Origin`` must name the host that was asked. This is Filippo Valsorda's algorithm, as in Go's
   ``net/http.CrossOriginProtection``. What carries neither header is no browser and has no cookie worth stealing.
2. *A token* bound to a cookie of this browser, in the form or in ``X-CSRF`` (OWASP, "signed double submit cookie"). It
   is an HMAC of the cookie's value, so there is nothing to store, and it ends with the cookie.

Calls of the JSON API must also say ``Content-Type: application/json``, which no HTML form can.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from widget_server.core.errors import Malformed, Refused
from widget_server.web.origins import same_host

if TYPE_CHECKING:
    from aiohttp import web

HEADER: Final = "X-CSRF"
FIELD: Final = "csrf"
"""The hidden field of a form."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Csrf:
    """The policy of one installation.

    Args:
        secret: the installation's key.
        own_origin: our own origin, which may post whatever host a proxy puts into the request.
    """

    def __init__(self, secret: bytes, own_origin: str) -> None:
        self._key = hashlib.sha256(b"csrf\x00" + secret).digest()
        self._own = own_origin

    def token(self, cookie: str) -> str:
        """Return the token that goes with the value of a cookie."""
        digest = hmac.digest(self._key, cookie.encode("utf-8", "surrogatepass"), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def check_form(self, request: web.Request, cookie: str | None, token: object) -> None:
        """Refuse the post of a form that does not come from our own page in this browser.

        Args:
            request: what arrived.
            cookie: the value of the cookie that the form is bound to.
            token: what came in the hidden field.

        Raises:
            Refused: ``forged``.
        """
        self.check_source(request)
        self._check_token(cookie, token)

    def check_call(self, request: web.Request, cookie: str | None) -> None:
        """Refuse a call of the JSON API that changes something and does not come from our own page; others pass.

        Raises:
            Refused: ``forged``.
            Malformed: ``bad_request`` for another content type.
        """
        if request.method in _SAFE:
            return
        self.check_source(request)
        self._check_token(cookie, request.headers.get(HEADER))
        if request.content_type != "application/json":
            raise Malformed("bad_request", where="Content-Type must be application/json")

    def check_source(self, request: web.Request) -> None:
        """Refuse what another site made a browser send, whatever token it brings.

        Raises:
            Refused: ``forged``.
        """
        if not self.is_own(request):
            raise Refused("forged")

    def is_own(self, request: web.Request) -> bool:
        """Return whether our own page, or the person themselves, made the browser send it."""
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in {"same-origin", "none"}
        return origin is None or origin == self._own or same_host(origin, request.host)

    def _check_token(self, cookie: str | None, token: object) -> None:
        if not cookie or not isinstance(token, str):
            raise Refused("forged")
        if not hmac.compare_digest(self.token(cookie).encode(), token.encode("utf-8", "replace")):
            raise Refused("forged")
