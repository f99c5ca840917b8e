"""The installation's settings on their page, and where visitors read them."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from aiohttp import FormData
from PIL import Image

from tests.routes.conftest import make_agent, make_member, sign_in_as, text_of

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

PATH = "/admin/community"
FIELDS = {"name": "Plum Club", "welcome": "", "registration": "open", "terms": "", "privacy": ""}


async def save(browser: Browser, **fields: str) -> ClientResponse:
    return await browser.post_form(PATH, **(FIELDS | fields))


@pytest.mark.everywhere
async def test_the_name_the_welcome_and_the_pages_are_what_an_administrator_says(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    assert "Plum Club" not in await text_of(second_browser, "/")
    assert (await browser.open("/terms")).status == 404
    response = await save(
        browser,
        welcome="Come in.",
        terms="Be kind.\r\n\r\nBe brief.",
        privacy="We keep\nlittle.",
    )
    assert (response.status, response.headers["Location"]) == (303, PATH)
    page = await text_of(browser, PATH)
    assert "The settings are saved." in page
    assert 'value="Plum Club"' in page
    front = await text_of(browser, "/")
    assert "<title>Welcome · Plum Club</title>" in front
    assert "Come in." in front
    assert 'href="/terms"' in front
    clock.ahead_ms = 1_000
    assert "Plum Club" in await text_of(second_browser, "/")
    terms = await text_of(browser, "/terms")
    assert '<p dir="auto">Be kind.</p>' in terms
    assert '<p dir="auto">Be brief.</p>' in terms
    assert '<p dir="auto">We keep<br>little.</p>' in await text_of(browser, "/privacy")


async def test_who_may_join_decides_whether_there_is_a_form(browser: Browser, second_browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    assert 'href="/register"' in await text_of(second_browser, "/sign-in")
    await save(browser, registration="closed")
    assert 'href="/register"' not in await text_of(second_browser, "/sign-in")
    fields = {"name": "Eve", "email": "eve@example.com", "password": "x" * 20, "password_again": "x" * 20}
    response = await second_browser.post_form("/register", **fields)
    assert response.status == 403
    assert "New accounts are not made here at the moment." in await response.text()


async def test_s2_06_what_is_wrong_stands_beside_the_field(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    for field, value, reason in (
        ("name", "", "This cannot be empty."),
        ("name", "x" * 61, "This may have 60 characters."),
        ("welcome", "x" * 501, "This may have 500 characters."),
        ("registration", "whoever", "Choose one of these."),
        ("terms", "x" * 50_001, "This may have 50000 characters."),
    ):
        response = await save(browser, **{"privacy": "As I typed it.", field: value})
        page = await response.text()
        assert response.status == 422, field
        assert f'id="{field}-problem">{reason}</p>' in page
        assert "As I typed it." in page


async def test_s24_what_administrators_write_is_text_too(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    hostile = "<script>alert(1)</script>{{7*7}}"
    await save(browser, name=hostile, welcome=hostile, terms=hostile, privacy=hostile)
    for path in ("/", "/terms", "/privacy", PATH):
        page = await (await browser.open(path)).text()
        assert "<script>alert" not in page
        assert "{{7*7}}" in page


async def test_the_logo_stands_in_the_bar_and_hostile_ones_are_refused(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")

    async def send(data: bytes) -> ClientResponse:
        form = FormData()
        form.add_field("csrf", await browser.field("csrf", PATH))
        form.add_field("picture", io.BytesIO(data), filename="logo.png", content_type="image/png")
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        return await browser.client.post(f"{PATH}/logo", data=form, headers=headers, allow_redirects=False)

    refused = await send(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert refused.status == 422
    assert 'id="picture-problem">' in await refused.text()
    assert (await send(bytes(5_200_000))).status == 413
    written = io.BytesIO()
    Image.new("RGB", (400, 100), "navy").save(written, "PNG")
    assert (await send(written.getvalue())).status == 303
    shown = re.search(r'<img src="(/pictures/[0-9a-f]{64})"', await text_of(browser, "/"))
    assert shown
    logo = await browser.open(shown[1])
    assert (logo.status, logo.content_type) == (200, "image/webp")
    assert logo.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    await browser.post_form(f"{PATH}/logo/remove", csrf=await browser.field("csrf", PATH))
    assert "/pictures/" not in await text_of(browser, "/")
    for wrong in ("x", "0" * 64, "..%2f..%2fetc%2fpasswd"):
        assert (await browser.open(f"/pictures/{wrong}")).status == 404


async def test_s10_a_member_sees_none_of_it(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    csrf = await browser.field("csrf", "/account")
    assert (await browser.open(PATH)).status == 403
    for path in (PATH, f"{PATH}/logo", f"{PATH}/logo/remove"):
        assert (await browser.post_form(path, csrf=csrf, **FIELDS)).status == 403
