"""Which origins may talk to which part, by exact comparison (S01, S09; RFC 6454).

A browser puts the page's origin into every WebSocket handshake and every cross-origin request, and no page can change
it. A site lists its own; our own pages, the framed panel among them, come from the public address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.origins import parse_origin

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


CHECKED_ORIGIN = web.RequestKey("checked_origin", str)
"""Set on a request whose origin was found in a site's list: that page may read the answer, an error too."""


class Origins:
    """The policy of one installation.

    Args:
        own: our own, as a browser writes it.
    """

    def __init__(self, own: str) -> None:
        self.own = own

    def check_own(self, headers: Mapping[str, str]) -> str:
        """Return the ``Origin`` of a request that must come from our own pages.

        They are ours under whatever name they were opened: an origin that names the asked host is same-origin.

        Raises:
            Refused: ``foreign_origin``, also where there is none.
        """
        origin = headers.get("Origin", "")
        if same_host(origin, headers.get("Host", "")):
            return origin
        return self.check_listed(headers, ())

    def check_listed(self, headers: Mapping[str, str], listed: Collection[str]) -> str:
        """Return the ``Origin`` of a request that must come from a site's pages or our own.

        Args:
            headers: of the request.
            listed: the site's origins, as :func:`widget_server.core.origins.parse_origin` writes them.

        Raises:
            Refused: ``foreign_origin``, also where there is none.
        """
        origin = headers.get("Origin", "")
        if origin and (origin == self.own or origin in listed):
            return origin
        raise Refused("foreign_origin")


def cors(origin: str) -> dict[str, str]:
    """Return the headers that let the page of a checked ``origin`` read the answer. No cookie ever goes along."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def preflight_headers(origin: str) -> dict[str, str]:
    """Return the headers that answer a preflight of a checked ``origin``."""
    return cors(origin) | {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "600",
    }


def same_host(origin: str, host: str) -> bool:
    """Return whether a request's ``Origin`` names the host that its ``Host`` header asks, ports included."""
    try:
        parsed = parse_origin(origin)
        return parsed == parse_origin(f"{parsed.partition('://')[0]}://{host}")
    except Unacceptable:
        return False
