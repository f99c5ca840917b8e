"""Every error of every address has the one shape, and tells nobody what only the log should know."""

from __future__ import annotations

import io
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestClient, TestServer
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from widget_server.core.errors import Malformed, Refused, TryLater, Unacceptable
from widget_server.ops.logging import name_requests
from widget_server.protocol.codes import ERRORS
from widget_server.store.database import StoreUnavailable
from widget_server.web.addresses import Addresses
from widget_server.web.assets import Assets
from widget_server.web.errors import tell_errors
from widget_server.web.languages import Languages
from widget_server.web.templating import Templates

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
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
    assert "<h1>There is nothing here</h1>" in text
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
    response = await browser.client.post("/sign-in", data=io.BytesIO(b"x" * 2_000_000), headers=FORM)
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

    templates = Templates(Assets(bundles), Addresses("http://localhost"), Languages())
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
        middlewares=[name_requests, tell_errors(Templates(Assets(bundles), Addresses("http://localhost"), Languages()))]
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
        middlewares=[name_requests, tell_errors(Templates(Assets(bundles), Addresses("http://localhost"), Languages()))]
    )
    app.router.add_get("/", send_on)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/", allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (303, "/elsewhere")


STATUSES = {
    "/400": (Malformed("bad_request", where="the form"), 400, "This request cannot be read"),
    "/403": (Refused("not_allowed"), 403, "You may not do this"),
    "/404": (web.HTTPNotFound(), 404, "There is nothing here"),
    "/405": (web.HTTPMethodNotAllowed("GET", ["POST"]), 405, "This address is not used in this way"),
    "/409": (Unacceptable("taken"), 409, "This request cannot be read"),
    "/413": (web.HTTPRequestEntityTooLarge(1, 2), 413, "This is too large"),
    "/429": (TryLater("rate_limited", 90_000), 429, "That was a lot at once"),
    "/500": (ValueError("s3cret"), 500, "Something went wrong on our side"),
    "/503": (StoreUnavailable("s3cret at /var/lib"), 503, "This is not available at the moment"),
    "/503-busy": (TryLater("busy", 1_500), 503, "This is not available at the moment"),
}


@pytest.fixture
async def every_status(bundles: Path) -> AsyncGenerator[TestClient[Any, Any]]:
    async def fail(request: web.Request) -> web.Response:
        raise STATUSES[request.path.removesuffix("/")][0]

    templates = Templates(Assets(bundles), Addresses("http://localhost"), Languages())
    app = web.Application(middlewares=[name_requests, tell_errors(templates)])
    templates.attach(app)
    for path in STATUSES:
        app.router.add_get(path, fail)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize("path", STATUSES)
async def test_s2_02_every_status_has_a_page_in_the_sites_look_that_says_what_to_do(
    every_status: TestClient[Any, Any], path: str
) -> None:
    _, status, heading = STATUSES[path]
    page = await every_status.get(path, headers={"Accept": "text/html"})
    text = await page.text()
    assert (page.status, page.content_type) == (status, "text/html")
    assert f"<h1>{heading}</h1>" in text
    assert f"<title>{heading} · " in text
    assert "/static/pages.DDDD.css" in text
    assert 'class="bar"' in text
    assert f"<code>{page.headers['X-Request-Id']}</code>" in text
    for inside in ("s3cret", "/var/lib", "Traceback", "ValueError", "aiohttp", "Python"):
        assert inside not in text
    assert "by itself" not in text, "a page is not loaded again by itself"


@pytest.mark.parametrize("path", STATUSES)
async def test_s2_02_every_status_has_one_shape_for_programs(every_status: TestClient[Any, Any], path: str) -> None:
    answer = await every_status.get(path, headers={"Accept": "application/json"})
    assert answer.status == STATUSES[path][1]
    assert answer.content_type == "application/json"
    await check_shape(answer, (await answer.json())["error"]["name"])


@pytest.mark.parametrize(("path", "seconds"), [("/429", 90), ("/503-busy", 2)])
async def test_s2_02_when_to_come_back_is_a_moment_on_the_page(
    every_status: TestClient[Any, Any], path: str, seconds: int
) -> None:
    before = datetime.now(UTC)
    page = await every_status.get(path, headers={"Accept": "text/html"})
    found = re.search(r'<time datetime="([^"]+)" data-moment>\d\d:\d\d:\d\d UTC</time>', await page.text())
    assert found
    told = datetime.fromisoformat(found[1]) - before
    assert timedelta(seconds=seconds - 1) <= told <= timedelta(seconds=seconds + 60)
    assert page.headers["Retry-After"] == str(seconds)


async def test_s2_24_an_error_page_speaks_the_visitors_language(bundles: Path, tmp_path: Path) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("There is nothing here", "Hier ist nichts")
    catalogue.add("There is nothing here by that name.", "Unter diesem Namen gibt es hier nichts.")
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    with (tmp_path / "de" / "LC_MESSAGES" / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
    languages = Languages(tmp_path)
    templates = Templates(Assets(bundles), Addresses("http://localhost"), languages)
    app = web.Application(middlewares=[name_requests, languages.listen, tell_errors(templates)])
    templates.attach(app)
    async with TestClient(TestServer(app)) as client:
        page = await client.get("/", headers={"Accept": "text/html", "Accept-Language": "de"})
        text = await page.text()
        answer = await client.get("/", headers={"Accept": "application/json", "Accept-Language": "de"})
        told = (await answer.json())["error"]["message"]
    assert '<html lang="de"' in text
    assert "<h1>Hier ist nichts</h1>" in text
    assert "Unter diesem Namen gibt es hier nichts." in text
    assert told == "There is nothing here by that name."
