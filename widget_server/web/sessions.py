"""Cookies of signed-in people (S16): 256 random bits, of which the store knows a hash, and nothing else in it.

``HttpOnly``, ``SameSite=Lax``, for this host and no other. Where browsers reach us by https it is also ``Secure`` and
its name begins with ``__Host-``, so that no neighbouring subdomain can set it. Under a path prefix it is only sent
there, so that no other application of the host is shown it (which ``__Host-`` forbids: ``__Secure-`` stands in its
place), and its name carries the prefix, because what an installation above has set is sent here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.sessions import SignedIn, access_session, do_begin_session, do_end_session
from widget_server.core.errors import Refused
from widget_server.core.ids import is_token

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Clock
    from widget_server.store.database import Database
    from widget_server.web.addresses import Addresses

_DAY_SECONDS: Final = 86_400
_MARK_DAYS: Final = 400
"""How long a browser is remembered; no browser keeps a cookie longer."""


class Cookies:
    """How cookies are written.

    Args:
        addresses: where browsers reach us.
    """

    def __init__(self, addresses: Addresses) -> None:
        self._secure = addresses.https
        self._path = addresses.prefix or "/"
        self._place = addresses.prefix.replace("/", ".")
        self.session: Final = self.named("session")
        self.form: Final = self.named("form")
        """What the token of a form is bound to while nobody is signed in."""
        self.notices: Final = self.named("notices")
        """What is told on the next page."""
        self.claim: Final = self.named("claim")
        """The chats that this browser is about to save to an account."""
        self.mark: Final = self.named("known")
        """That this browser has signed in before (:mod:`widget_server.web.sign_in_throttle`)."""
        self.factor_mark: Final = self.named("known-factor")
        """The same of the second factor."""

    def named(self, name: str) -> str:
        """Return the whole name of a cookie."""
        if not self._secure:
            return name + self._place
        return f"__Secure-{name}{self._place}" if self._place else f"__Host-{name}"

    def set(self, response: web.StreamResponse, name: str, value: str, *, days: int | None = None) -> None:
        """Write a cookie; without ``days`` it ends with the browser."""
        max_age = None if days is None else days * _DAY_SECONDS
        response.set_cookie(
            name, value, max_age=max_age, path=self._path, secure=self._secure, httponly=True, samesite="Lax"
        )

    def set_mark(self, response: web.StreamResponse, mark: str, *, factor: bool = False) -> None:
        """Remember that this browser has signed in, or has shown a second ``factor``."""
        self.set(response, self.factor_mark if factor else self.mark, mark, days=_MARK_DAYS)

    def drop(self, response: web.StreamResponse, name: str) -> None:
        """Take a cookie away."""
        response.del_cookie(name, path=self._path, secure=self._secure, httponly=True, samesite="Lax")


class Sessions:
    """Who is behind a request.

    Args:
        database: where sessions are kept.
        clock: time and tokens.
        cookies: how they are written.
        days: after which one has to sign in again.
    """

    def __init__(self, database: Database, clock: Clock, cookies: Cookies, *, days: int) -> None:
        self._database = database
        self._clock = clock
        self._days = days
        self.cookies = cookies

    def token_of(self, request: web.BaseRequest) -> str | None:
        """Return the token that the browser shows, whether it opens anything or not; None for what is no token."""
        token = request.cookies.get(self.cookies.session, "")
        return token if is_token(token) else None

    async def signed_in(self, request: web.BaseRequest) -> SignedIn:
        """Return who is signed in.

        Raises:
            Refused: ``signed_out``.
        """
        token = self.token_of(request)
        if token is None:
            raise Refused("signed_out")
        return await access_session(self._database, token, self._clock.now_ms())

    async def begin(
        self,
        request: web.BaseRequest,
        response: web.StreamResponse,
        account: Account,
        *,
        network: str = "",
        has_shown_factor: bool = False,
    ) -> None:
        """Begin a session for who has just proved who they are; the one that this browser had ends."""
        token = self._clock.token()
        await do_begin_session(
            self._database,
            account,
            token,
            replaced=self.token_of(request),
            browser=request.headers.get("User-Agent", ""),
            network=network,
            has_shown_factor=has_shown_factor,
            now_ms=self._clock.now_ms(),
            days=self._days,
        )
        self.cookies.set(response, self.cookies.session, token, days=self._days)

    async def end(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """End the session of this browser, on the server and in the browser."""
        token = self.token_of(request)
        if token is not None:
            await do_end_session(self._database, token, self._clock.now_ms())
        self.cookies.drop(response, self.cookies.session)
