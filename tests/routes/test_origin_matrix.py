"""S01 and S09 through the public way in: sites by origins, before a socket is opened and on every post."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSServerHandshakeError

from tests.routes.conftest import SHOP, make_agent, make_site
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

OWN = "http://localhost:8080"
FOREIGN = ["https://evil.example", f"{SHOP}.evil.example", f"{SHOP}:444", "http://shop.example", "null", ""]


def origin(value: str) -> dict[str, str]:
    return {"Origin": value} if value else {}


@pytest.mark.parametrize("allowed", [SHOP, OWN])
async def test_s01_a_listed_page_and_our_own_open_a_socket(browser: Browser, allowed: str) -> None:
    site = await make_site(browser)
    async with browser.client.ws_connect(f"/ws/{site.key}", headers=origin(allowed)) as socket:
        await socket.send_str('{"t":"hello","v":1}')
        welcome = json.loads((await socket.receive()).data)
        assert welcome["t"] == "welcome"


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_s01_a_foreign_page_is_refused_before_the_socket_opens(browser: Browser, foreign: str) -> None:
    site = await make_site(browser)
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    for path in (f"/ws/{site.key}", "/ws/console"):
        with pytest.raises(WSServerHandshakeError) as refused:
            await browser.client.ws_connect(path, headers=origin(foreign))
        assert refused.value.status == 403


async def test_s01_the_console_is_closed_to_a_sites_page(browser: Browser) -> None:
    await make_site(browser)
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    with pytest.raises(WSServerHandshakeError) as refused:
        await browser.client.ws_connect("/ws/console", headers=origin(SHOP))
    assert refused.value.status == 403
    async with browser.client.ws_connect("/ws/console", headers=origin(browser.app[OFFICE].settings.public_url)):
        pass


@pytest.mark.parametrize("path", ["frames", "stream"])
async def test_s09_a_listed_page_may_read_the_answer_also_an_error(browser: Browser, path: str) -> None:
    site = await make_site(browser)
    address = f"/{path}/{site.key}"
    for method in ("POST", "OPTIONS"):
        response = await browser.client.request(method, address, headers=origin(SHOP), data=b"{")
        if path == "stream" and method == "POST":
            response.close()
        assert response.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("path", ["frames", "stream"])
async def test_s09_a_foreign_page_may_read_nothing(browser: Browser, path: str, foreign: str) -> None:
    site = await make_site(browser)
    for method in ("POST", "OPTIONS"):
        response = await browser.client.request(method, f"/{path}/{site.key}", headers=origin(foreign), data=b"{}")
        assert response.status == 403
        assert (await response.json())["error"]["name"] == "foreign_origin"
        assert "Access-Control-Allow-Origin" not in response.headers
