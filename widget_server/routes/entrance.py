"""Who is calling: what is checked of a request before a line is opened, the same for socket, stream and post."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.actors import Agent, Visitor
from widget_server.routes.desk import DESK
from widget_server.routes.keys import ORIGINS, SESSIONS
from widget_server.store.records import Author
from widget_server.web.clients import client_address, limit_key
from widget_server.web.origins import CHECKED_ORIGIN

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.actors import Actor
    from widget_server.actions.sites import Site
    from widget_server.routes.desk import Desk

_BROWSER_CHARS = 300


class Caller(NamedTuple):
    """A request that may open a line."""

    actor: Actor
    address: str
    """What of the network address is counted: sockets, too, are capped for all of an IPv6 network at once (S40)."""
    origin: str
    site: Site | None

    @property
    def is_agent(self) -> bool:
        """Whether it is a signed-in agent."""
        return self.site is None

    @property
    def kind(self) -> str:
        """For the measures."""
        return "agent" if self.site is None else "visitor"

    @property
    def site_key(self) -> str | None:
        """The visitor's site."""
        return self.site.key if self.site is not None else None


def _address(request: web.Request, desk: Desk) -> str:
    return limit_key(client_address(request, desk.settings.trusted_proxies))


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
    return Caller(visitor, _address(request, desk), origin, site)


async def agent_calling(request: web.Request) -> Caller:
    """A signed-in agent on our own page.

    :raises Refused: ``foreign_origin`` or ``signed_out``.
    """
    desk = request.app[DESK]
    origin = request.app[ORIGINS].check_own(request.headers)
    signed_in = await request.app[SESSIONS].signed_in(request)
    found = signed_in.agent
    author = Author(found.person_id, found.public_id, found.name, found.picture)
    actor = Agent(author, found.actor, signed_in.session_id)
    return Caller(actor, _address(request, desk), origin, None)
