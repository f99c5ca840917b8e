"""S10: what answers somebody who is not signed in does so on purpose; a new address fails here until it is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import hdrs

from tests.routes.conftest import make_site

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

PUBLIC = {
    "GET /": "leads to the console",
    "GET /livez": "says that the process lives",
    "GET /readyz": "says whether it can take what it is for",
    "GET /console": "leads to the form",
    "GET /console/sign-in": "is the form",
    "POST /console/sign-in": "takes the form, with its own token",
    "GET /widget/{key}.js": "is the loader",
    "GET /widget/frame/{key}": "is the framed panel",
    "GET /static/{file}": "is a bundle",
}
REFUSED = {401, 403}


async def test_s10_every_other_address_refuses_who_is_not_signed_in(browser: Browser) -> None:
    site = await make_site(browser, key="plum")
    tried = set()
    for route in browser.app.router.routes():
        resource = route.resource
        assert resource is not None
        address = f"{route.method} {resource.canonical}"
        if route.method == hdrs.METH_HEAD or address in PUBLIC:
            continue
        path = resource.canonical.replace("{key}", site.key).replace("{id}", "1")
        response = await browser.fetch(route.method, path, {})
        assert response.status in REFUSED, address
        tried.add(address)
    assert len(tried) >= 16


async def test_the_list_of_public_addresses_names_no_address_that_is_gone(browser: Browser) -> None:
    existing = {f"{route.method} {route.resource.canonical}" for route in browser.app.router.routes() if route.resource}
    assert set(PUBLIC) <= existing
