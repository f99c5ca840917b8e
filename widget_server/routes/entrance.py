"""Who is calling: what is checked of a request before a line is opened, the same for socket, stream and post."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.actors import Agent, Reader, Visitor
from widget_server.core.errors import ProductError, Refused, TryLater
from widget_server.core.permissions import GUEST
from widget_server.protocol.codes import CloseCode
from widget_server.routes.desk import DESK
from widget_server.routes.keys import ORIGINS, SESSIONS
from widget_server.store.records import Author
from widget_server.web.clients import client_address, limit_key, trusted
from widget_server.web.origins import CHECKED_ORIGIN
from widget_server.web.policies import check_complete, check_desk

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.actors import Actor
    from widget_server.actions.sites import Site
    from widget_server.protocol.session import Speaker
    from widget_server.routes.desk import Desk

_BROWSER_CHARS = 300


class Caller(NamedTuple):
    """A request that may open a line."""

    actor: Actor
    address: str
    """What of the network address is counted: sockets, too, are capped for all of an IPv6 network at once (S40)."""
    origin: str
    site: Site | None
    client: str
    """The whole network address, for as long as the line is open: ranges can be banned that are narrower."""

    @property
    def is_agent(self) -> bool:
        """Whether it is a signed-in agent."""
        return isinstance(self.actor, Agent)

    @property
    def speaker(self) -> Speaker:
        """As the session knows them."""
        if isinstance(self.actor, Visitor):
            return "visitor"
        return "agent" if isinstance(self.actor, Agent) else "reader"

    @property
    def kind(self) -> str:
        """For the measures."""
        return self.speaker

    @property
    def site_key(self) -> str | None:
        """The visitor's site."""
        return self.site.key if self.site is not None else None


def _client(request: web.Request, desk: Desk) -> str:
    return client_address(request, trusted(desk.settings.trusted_proxies))


async def visitor_calling(request: web.Request) -> Caller:
    """A visitor of the site in the path; their token comes later, in ``hello`` or a header.

    :raises Refused: ``unknown_site`` or ``foreign_origin``.
    """
    desk = request.app[DESK]
    site = await desk.reception.site(request.match_info["key"])
    origin = request.app[ORIGINS].check_listed(request.headers, site.allowed_origins)
    request[CHECKED_ORIGIN] = origin
    browser = request.headers.get("User-Agent", "")[:_BROWSER_CHARS]
    visitor = Visitor(site.id, site.key, "", browser.encode("utf-8", "replace").decode())
    client = _client(request, desk)
    return Caller(visitor, limit_key(client), origin, site, client)


async def agent_calling(request: web.Request) -> Caller:
    """A signed-in agent on our own page.

    :raises Refused: ``foreign_origin`` or ``signed_out``.
    """
    desk = request.app[DESK]
    origin = request.app[ORIGINS].check_own(request.headers)
    signed_in = await request.app[SESSIONS].signed_in(request)
    found = check_desk(signed_in)
    author = Author(found.person_id, found.public_id, found.name, found.picture)
    actor = Agent(author, found.actor, signed_in.session_id)
    client = _client(request, desk)
    return Caller(actor, limit_key(client), origin, None, client)


async def reader_calling(request: web.Request) -> Caller:
    """A page of the community, open in front of a member or of a guest.

    :raises Refused: ``foreign_origin``.
    """
    desk = request.app[DESK]
    origin = request.app[ORIGINS].check_own(request.headers)
    client = _client(request, desk)
    return Caller(await _reader(request), limit_key(client), origin, None, client)


async def _reader(request: web.Request) -> Reader:
    try:
        signed_in = await request.app[SESSIONS].signed_in(request)
        found = check_complete(signed_in)
    except Refused:
        # As the page itself is shown: who has not signed in completely sees what a guest sees.
        return Reader(None, GUEST)
    author = Author(found.person_id, found.public_id, found.name, found.picture)
    return Reader(author, found.actor, signed_in.session_id)


def code_of_refusal(refusal: ProductError) -> CloseCode:
    """Return how a line ends whose ``hello`` was refused."""
    if isinstance(refusal, TryLater):
        return CloseCode.BUSY
    return CloseCode.SIGNED_OUT if isinstance(refusal, Refused) else CloseCode.MALFORMED
