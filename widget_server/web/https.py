"""Plain HTTP is sent on to HTTPS, where the installation says so (S2.28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from widget_server.web.clients import client_scheme

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from widget_server.web.addresses import Addresses
    from widget_server.web.clients import Proxies

_HEALTH: Final = ("/livez", "/readyz")
"""Asked from inside, past the proxy that speaks HTTPS."""


def redirect_plain(addresses: Addresses, proxies: Proxies) -> Middleware:
    """Return the middleware that answers plain HTTP with the same address under our own, public one.

    Args:
        addresses: where that is: never what a request says of itself in ``Host``.
        proxies: whose word about the scheme is believed.
    """

    @web.middleware
    async def redirect(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.rel_url.raw_path
        own = path.removeprefix(addresses.prefix) if path.startswith(f"{addresses.prefix}/") else path
        if own in _HEALTH or client_scheme(request, proxies) == "https":
            return await handler(request)
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        # 308 keeps the method: what was posted is posted again, and a socket's handshake fails.
        return web.Response(status=308, headers={"Location": addresses.base + own + query})

    return redirect
