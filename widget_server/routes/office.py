"""What the pages and calls of signed-in people share, and who is behind one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from widget_server.web.clients import client_address

if TYPE_CHECKING:
    from widget_server.actions.agents import Agent
    from widget_server.actions.engine import Engine
    from widget_server.actions.passwords import Passwords
    from widget_server.settings import Settings
    from widget_server.web.addresses import Addresses
    from widget_server.web.csrf import Csrf
    from widget_server.web.sessions import Sessions
    from widget_server.web.sign_in_throttle import SignInThrottle
    from widget_server.web.templating import Templates


@dataclass(frozen=True, slots=True)
class Office:
    """One application's."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    passwords: Passwords
    throttle: SignInThrottle
    csrf: Csrf
    templates: Templates
    addresses: Addresses

    def now_ms(self) -> int:
        """UTC time in ms."""
        return self.engine.clock.now_ms()

    def address_of(self, request: web.Request) -> str:
        """Return the client's network address, as far as our proxies vouch for it."""
        return client_address(request, self.settings.trusted_proxies)


class Caller(NamedTuple):
    """Who calls, and by which session."""

    agent: Agent
    token: str


OFFICE = web.AppKey("office", Office)


async def check_caller(request: web.Request) -> Caller:
    """Return who makes a call of the JSON API.

    Raises:
        Refused: ``signed_out``, or ``forged`` where the call would change something and does not come from our page.
        Malformed: ``bad_request`` for another content type than JSON.
    """
    office = request.app[OFFICE]
    signed_in = await office.sessions.signed_in(request)
    token = office.sessions.token_of(request)
    office.csrf.check_call(request, token)
    return Caller(signed_in.agent, token or "")
