"""Every error of every address has the one shape, and tells nobody what only the log should know."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestClient, TestServer

from widget_server.ops.logging import name_requests
from widget_server.protocol.codes import ERRORS
from widget_server.store.database import StoreUnavailable
from widget_server.web.addresses import Addresses
from widget_server.web.assets import Assets
from widget_server.web.errors import tell_errors
from widget_server.web.templating import Templates

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def check_shape(response: ClientResponse, name: str) -> None:
    error = (await response.json())["error"]
    assert set(error) - {"retry_after"} == {"code", "name", "message", "request"}
    assert (error["name"], error["code"], response.status) == (name, ERRORS[name].number, ERRORS[name].http)
    assert error["request"] == response.headers["X-Request-Id"]
    assert ("retry_after" in error) == ("Retry-After" in response.headers)


async def test_s2_02_a_browser_gets_a_page_and_a_program_gets_json(browser: Browser) -> None:
    for accept in ("application/json", "*/*"):
        await check_shape(await browser.client.get("/nowhere", headers={"Accept": accept}), "not_found")
    page = await browser.open("/nowhere")
    text = await page.text()
    assert page.status == 404
    assert page.content_type == "text/html"
    assert "There is nothing here by that name." in text
    assert page.headers["X-Request-Id"] in text
    assert "/static/pages.DDDD.css" in text


async def test_every_address_answers_another_method_in_the_same_shape(browser: Browser) -> None:
    resources = {resource.canonical for resource in browser.app.router.resources()}
    assert len(resources) > 10
    for path in sorted(resources):
        response = await browser.client.request("TRACE", path.replace("{", "").replace("}", ""))
        if response.status == 404:
            continue
        await check_shape(response, "wrong_method")
        assert response.headers["Allow"]


async def test_s37_a_body_that_is_too_large_is_refused(browser: Browser) -> None:
    response = await browser.client.post("/console/sign-in", data=io.BytesIO(b"x" * 2_000_000), headers=FORM)
    assert response.status == 413
    assert (await response.json())["error"]["name"] == "too_large"


@pytest.fixture
async def failing(bundles: Path) -> web.Application:
    async def fail(request: web.Request) -> web.Response:
        raise {
            "/secret": ValueError("token=abc"),
            "/store": StoreUnavailable("disk full at /var/lib"),
            "/teapot": web.HTTPGone(),
            "/forbidden": web.HTTPForbidden(),
            "/gateway": web.HTTPBadGateway(),
        }[request.path]

    templates = Templates(Assets(bundles), Addresses("http://localhost"))
    app = web.Application(middlewares=[name_requests, tell_errors(templates)])
    templates.attach(app)
    for path in ("/secret", "/store", "/teapot", "/forbidden", "/gateway"):
        app.router.add_get(path, fail)
    return app


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/secret", "internal"),
        ("/store", "unavailable"),
        ("/teapot", "bad_request"),
        ("/forbidden", "not_allowed"),
        ("/gateway", "internal"),
    ],
)
async def test_s45_what_went_wrong_is_logged_and_not_told(
    failing: web.Application, path: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with TestClient(TestServer(failing)) as client:
        response = await client.get(path)
        await check_shape(response, name)
        told = await response.text()
        page = await client.get(path, headers={"Accept": "text/html"})
        told += await page.text()
    for secret in ("abc", "ValueError", "Traceback", "/var/lib"):
        assert secret not in told
    if path in {"/secret", "/store"}:
        assert caplog.records


async def test_an_answer_that_has_begun_is_cut_and_nothing_is_added_to_it(bundles: Path) -> None:
    async def begin_and_fail(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"begun")
        raise ValueError("secret")

    app = web.Application(
        middlewares=[name_requests, tell_errors(Templates(Assets(bundles), Addresses("http://localhost")))]
    )
    app.router.add_get("/", begin_and_fail)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/")
        with pytest.raises(ClientPayloadError):
            await response.read()


async def test_a_redirect_passes(bundles: Path) -> None:
    async def send_on(_: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/elsewhere")

    app = web.Application(
        middlewares=[name_requests, tell_errors(Templates(Assets(bundles), Addresses("http://localhost")))]
    )
    app.router.add_get("/", send_on)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/", allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (303, "/elsewhere")
