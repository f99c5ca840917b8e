"""S10: what answers somebody who is not signed in does so on purpose; a new address fails here until it is decided."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from tests.routes.conftest import make_site
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.web.policies import Policy

PUBLIC = {
    "GET /livez": "says that the process lives",
    "GET /readyz": "says whether it can take what it is for",
    "GET /widget/{key}.js": "is the loader",
    "GET /widget/frame/{key}": "is the framed panel",
    "GET /static/{file}": "is a bundle",
    "GET /api/v1/openapi.json": "describes the API",
    "GET /chat-mails/stop/{token}": "asks whoever holds the mail's own token",
    "POST /chat-mails/stop/{token}": "ends the mails of the conversation whose token it is",
    "POST /inbound/mail": "asks for a signature, and is missing where none was agreed on",
    "OPTIONS /files": "tells what uploads speak",
    "OPTIONS /files/{id}": "tells what uploads speak",
    "OPTIONS /files/{id}/small": "tells what uploads speak",
    "OPTIONS /files/{id}/state": "tells what uploads speak",
}
REFUSED = {401, 403}
UNSEEN = "/files/{id}"
"""Below it everything is missing for whoever may not have it, as what does not exist is."""
ASKS_ITSELF = {
    "/console/api/": "asks check_caller, which refuses whoever is no agent; its actions look at the site",
    "/ws/": "asks who is calling before the socket is opened; each channel has a door",
    "/stream/": "as a socket",
    "/frames/": "as a socket",
    "/console/sign-out": "ends the session that it finds",
    "/contacts/": "asks for the token of the visitor whose address it is",
    "/claims/": "asks for the token of the visitor whose chats are claimed",
    "/files": "asks who is calling; a file is its uploader's until a message carries it, then that channel has a door",
}
"""Addresses that are no pages, by how they begin: who may is decided there, and test_matrix.py tries it."""


def policy_of(route: web.AbstractRoute) -> Policy | None:
    """The policy with which a page was registered."""
    return getattr(route.handler, "policy", None)


async def test_s10_every_other_address_refuses_who_is_not_signed_in(browser: Browser) -> None:
    site = await make_site(browser, key="plum")
    tried = set()
    for route in browser.app.router.routes():
        resource = route.resource
        assert resource is not None
        address = f"{route.method} {resource.canonical}"
        if route.method == hdrs.METH_HEAD or address in PUBLIC or policy_of(route) is everybody:
            continue
        path = re.sub(r"\{\w+\}", "1", resource.canonical.replace("{key}", site.key))
        response = await browser.fetch(route.method, path, {})
        assert response.status in ({404} if resource.canonical.startswith(UNSEEN) else REFUSED), address
        tried.add(address)
    assert len(tried) >= 16


async def test_s10_every_route_has_a_policy_or_a_reason_to_have_none(browser: Browser) -> None:
    for route in browser.app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if policy_of(route) is not None or f"{route.method} {path}" in PUBLIC or route.method == hdrs.METH_HEAD:
            continue
        has_scope = hasattr(route.handler, "operation")
        assert has_scope or path.startswith(tuple(ASKS_ITSELF)), f"{route.method} {path} has no policy"


async def test_the_list_of_public_addresses_names_no_address_that_is_gone(browser: Browser) -> None:
    existing = {f"{route.method} {route.resource.canonical}" for route in browser.app.router.routes() if route.resource}
    assert set(PUBLIC) <= existing
