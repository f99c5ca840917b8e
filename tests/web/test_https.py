"""Plain HTTP is sent on to HTTPS where the installation says so, and never to where a stranger says."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from widget_server.web.addresses import Addresses
from widget_server.web.clients import trusted
from widget_server.web.https import redirect_plain


def client(
    public_url: str = "https://chat.example.org", proxies: str = "1"
) -> TestClient[web.Request, web.Application]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    app = web.Application(middlewares=[redirect_plain(Addresses(public_url), trusted(proxies))])
    app.router.add_route("*", "/{rest:.*}", answer)
    return TestClient(TestServer(app))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_s2_28_plain_http_is_sent_to_the_same_page_by_https(method: str) -> None:
    async with client() as browser:
        response = await browser.request(method, "/sign-in?next=%2Fa%26b", allow_redirects=False)
        assert response.status == 308
        assert response.headers["Location"] == "https://chat.example.org/sign-in?next=/a%26b"


async def test_s2_28_what_came_by_https_to_our_proxy_is_served() -> None:
    async with client() as browser:
        response = await browser.get("/sign-in", headers={"X-Forwarded-Proto": "https"}, allow_redirects=False)
        assert (response.status, await response.text()) == (200, "/sign-in")


async def test_s2_28_a_stranger_cannot_say_that_it_was_https() -> None:
    async with client(proxies="10.0.0.0/8") as browser:
        response = await browser.get("/", headers={"X-Forwarded-Proto": "https"}, allow_redirects=False)
        assert response.status == 308


async def test_s2_28_the_target_is_ours_whatever_a_request_says() -> None:
    async with client() as browser:
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        response = await browser.get("/a", headers=headers, allow_redirects=False)
        assert response.headers["Location"].startswith("https://chat.example.org/")


@pytest.mark.parametrize("asked", ["/apps/chat/sign-in", "/sign-in"])
async def test_s2_28_under_a_path_the_target_has_it_once(asked: str) -> None:
    async with client("https://example.org/apps/chat") as browser:
        response = await browser.get(asked, allow_redirects=False)
        assert response.headers["Location"] == "https://example.org/apps/chat/sign-in"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_s2_28_health_is_answered_without_https(path: str) -> None:
    async with client() as browser:
        assert (await browser.get(path, allow_redirects=False)).status == 200
