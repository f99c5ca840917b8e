"""A member's profile as they change it and as others see it, picture included."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from aiohttp import FormData
from PIL import Image

from tests.routes.conftest import Browser, make_agent, make_member, sign_in_as, text_of
from widget_server.core.pictures import MAX_BYTES
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.serving import MovedClock

FIELDS = {"name": "Ada Byron", "place": "", "about": "", "language": "", "zone": ""}
HOSTILE = ("{{7*7}}", "{% for x in y %}", "${7*7}", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')


def encoded(kind: str = "PNG", colour: str = "navy") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(written, kind)
    return written.getvalue()


async def save(browser: Browser, **fields: str) -> ClientResponse:
    return await browser.post_form("/account", **(FIELDS | fields))


async def send(browser: Browser, data: bytes, filename: str = "me.png", kind: str = "image/png") -> ClientResponse:
    form = FormData()
    form.add_field("csrf", await browser.field("csrf", "/account"))
    form.add_field("picture", io.BytesIO(data), filename=filename, content_type=kind)
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    return await browser.client.post("/account/picture", data=form, headers=headers, allow_redirects=False)


@pytest.mark.everywhere
async def test_s2_22_a_member_edits_their_profile_and_is_told_that_it_was_saved(browser: Browser) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    response = await save(
        browser, name=" Ada  Lovelace ", place="London", about="Numbers\r\nand looms.\r\n\r\n\r\nAlso tea."
    )
    assert (response.status, response.headers["Location"]) == (303, "/account")
    page = await text_of(browser, "/account")
    assert "Your profile is saved." in page
    assert 'value="Ada Lovelace"' in page
    assert "Your profile is saved." not in await text_of(browser, "/account")
    profile = await text_of(browser, f"/members/{ada.public_id}")
    assert '<h1 dir="auto">Ada Lovelace</h1>' in profile
    assert "London" in profile
    assert '<p dir="auto">Numbers<br>and looms.</p>' in profile
    assert '<p dir="auto">Also tea.</p>' in profile


@pytest.mark.everywhere
async def test_s2_21_a_profile_shows_since_when_and_when_last(browser: Browser, clock: MovedClock) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    before = re.findall(r'datetime="([^"]*)"', await text_of(browser, f"/members/{ada.public_id}"))
    assert len(before) == 2
    clock.ahead_ms = 2 * 3_600_000
    await browser.open("/members")
    after = re.findall(r'datetime="([^"]*)"', await text_of(browser, f"/members/{ada.public_id}"))
    assert after[0] == before[0]
    assert after[1] > before[1]


async def test_s2_06_what_was_typed_is_kept_and_the_reason_stands_beside_the_field(browser: Browser) -> None:
    await make_member(browser)
    await make_member(browser, "Bob Babbage", "bob@example.com")
    await sign_in_as(browser)
    for field, value, reason in (
        ("name", "", "This cannot be empty."),
        ("name", "\u200b", "This cannot be empty."),
        ("name", "x" * 81, "This may have 80 characters."),
        ("name", "bob  BABBAGE", "This name or address is taken."),
        ("name", "Bob\u202e Babbage", "This name or address is taken."),
        ("place", "x" * 81, "This may have 80 characters."),
        ("about", "x" * 1001, "This may have 1000 characters."),
        ("language", "klingon", "Choose one of these."),
        ("zone", "Mars/Olympus", "Choose one of these."),
        ("zone", "../../etc/passwd", "Choose one of these."),
    ):
        response = await save(browser, **{"about": "As I typed it.", field: value})
        page = await response.text()
        assert response.status == 422, field
        assert f'<p class="problem" id="{field}-problem">{reason}</p>' in page
        assert field == "about" or "As I typed it." in page


async def test_s36_what_nobody_can_see_is_no_part_of_a_name(browser: Browser) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    assert (await save(browser, name="A\u202eda\u200b", place="\u2066Lon\u00addon", about="a\u202eb")).status == 303
    page = await text_of(browser, f"/members/{ada.public_id}")
    assert '<h1 dir="auto">Ada</h1>' in page
    assert ">London<" in page
    assert ">ab<" in page


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_s24_markup_and_template_syntax_stay_text_everywhere(browser: Browser, hostile: str) -> None:
    ada = await make_member(browser)
    await make_member(browser, "Bob", "bob@example.com")
    await sign_in_as(browser)
    await browser.post_form("/account", **(FIELDS | {"name": hostile, "place": hostile, "about": hostile}))
    for path in ("/account", "/members", f"/members/{ada.public_id}", f"/members/{ada.public_id}/followers", "/"):
        page = await text_of(browser, path)
        assert "49" not in re.sub(r'(?:csrf" value|href|src|datetime)="[^"]*"', "", page)
        for live in ("<script>alert", "<img src=x"):
            assert live not in page
    picture = await browser.open(f"/people/{ada.public_id}/picture")
    assert b"<script" not in await picture.read()


async def test_s2_24_without_a_script_times_are_told_in_the_zone_of_the_account(
    browser: Browser, clock: MovedClock
) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    page = await text_of(browser, f"/members/{ada.public_id}")
    assert re.search(r'data-moment="">\d{4}-\d\d-\d\d \d\d:\d\d UTC</time>', page)
    await save(browser, zone="Asia/Kolkata")
    page = await text_of(browser, f"/members/{ada.public_id}")
    utc, told = re.findall(r'<time datetime="([^"]*)" data-moment="Asia/Kolkata">([^<]*)</time>', page)[0]
    assert told.endswith(" IST")
    minutes = (int(told[11:13]) * 60 + int(told[14:16])) - (int(utc[11:13]) * 60 + int(utc[14:16]))
    assert minutes % (24 * 60) == 5 * 60 + 30


async def test_s2_24_pages_speak_the_language_of_the_account(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    tags = browser.app[OFFICE].languages.tags
    for tag in tags:
        assert (await save(browser, language=tag)).status == 303
        assert f'<html lang="{tag}"' in await text_of(browser, "/account")


@pytest.mark.everywhere
async def test_s2_21_a_picture_is_shown_re_encoded_and_can_be_removed(browser: Browser) -> None:
    ada = await make_member(browser)
    address = f"/people/{ada.public_id}/picture"
    drawn = await browser.open(address)
    assert (drawn.status, drawn.content_type) == (200, "image/svg+xml")
    assert b">AB<" in await drawn.read()
    await sign_in_as(browser)
    response = await send(browser, encoded("JPEG"), "me.jpeg", "image/jpeg")
    assert (response.status, response.headers["Location"]) == (303, "/account")
    page = await text_of(browser, "/account")
    assert "Your picture is saved." in page
    named = re.search(rf'src="({address}\?v=[0-9a-f]{{12}})"', page)
    assert named
    shown = await browser.open(named[1])
    assert (shown.status, shown.content_type) == (200, "image/webp")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "immutable" in shown.headers["Cache-Control"]
    again = await browser.open(named[1], headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    assert "immutable" not in (await browser.open(address)).headers["Cache-Control"]
    assert "immutable" not in (await browser.open(f"{address}?v={'0' * 12}")).headers["Cache-Control"]
    await browser.post_form("/account/picture/remove", csrf=await browser.field("csrf", "/account"))
    assert (await browser.open(address)).content_type == "image/svg+xml"


@pytest.mark.parametrize(
    ("data", "filename", "kind"),
    [
        (b"<!doctype html><script>alert(1)</script>", "me.png", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "me.png", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "../x", "image/svg+xml"),
        (b"GIF89a" + bytes(100), "me.gif", "image/gif"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "me.png", "image/png"),
        (b"#!/bin/sh\n", "/etc/cron.d/x", "image/png"),
        (b"", "empty.png", "image/png"),
    ],
)
async def test_s0_14_what_is_no_picture_is_refused_beside_the_field(
    browser: Browser, data: bytes, filename: str, kind: str
) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    response = await send(browser, data, filename, kind)
    assert response.status == 422
    assert 'id="picture-problem">Choose a picture (PNG, JPEG or WebP) of at most 5 MB.</p>' in await response.text()
    assert (await browser.open(f"/people/{ada.public_id}/picture")).content_type == "image/svg+xml"


@pytest.mark.parametrize("filename", ["../x", "..\\..\\x.png", "/etc/passwd", "<script>.png", "x" * 5000])
async def test_s0_14_what_a_file_is_called_plays_no_part(browser: Browser, filename: str) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    response = await send(browser, encoded(), filename)
    assert response.status in {303, 400}
    assert not list(browser.app[OFFICE].settings.data_dir.rglob("*x"))


async def test_a_file_that_is_too_large_is_told_so_and_not_read_to_its_end(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    response = await send(browser, encoded() + bytes(MAX_BYTES + 100_000))
    assert response.status == 413
    assert 'id="picture-problem">This file is too large. It may have 5 MB.</p>' in await response.text()
    response = await send(browser, encoded() + bytes(MAX_BYTES - 10_000))
    assert response.status == 303


async def test_a_small_form_cannot_bring_a_large_body(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    form = FormData()
    form.add_field("csrf", await browser.field("csrf", "/account"))
    form.add_field("about", io.BytesIO(b"x" * 2_000_000), filename="about.txt")
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    response = await browser.client.post("/account", data=form, headers=headers, allow_redirects=False)
    assert response.status == 413


@pytest.mark.parametrize("site", ["cross-site", "same-origin"])
async def test_s08_a_forged_upload_is_refused(browser: Browser, site: str) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    form = FormData()
    form.add_field("csrf", "x" * 43)
    form.add_field("picture", encoded(), filename="me.png", content_type="image/png")
    headers = {"Accept": "text/html", "Sec-Fetch-Site": site}
    response = await browser.client.post("/account/picture", data=form, headers=headers, allow_redirects=False)
    assert response.status == 403


async def test_where_no_picture_can_be_taken_none_is_asked_for(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    assert 'type="file"' in await text_of(browser, "/account")
    object.__setattr__(browser.app[OFFICE].pictures, "are_taken", False)
    assert 'type="file"' not in await text_of(browser, "/account")


async def test_what_one_says_of_oneself_is_for_who_is_signed_in_and_confirmed(
    browser: Browser, second_browser: Browser
) -> None:
    ada = await make_member(browser, is_confirmed=False)
    own = f"/members/{ada.public_id}"
    for path in ("/account", "/members", f"{own}/followers"):
        response = await browser.open(path)
        assert response.headers["Location"].startswith("/sign-in?next="), path
    await sign_in_as(browser)
    for path in ("/account", "/members", f"{own}/followers"):
        response = await browser.open(path)
        assert response.headers["Location"].startswith("/confirm?next="), path
    await make_member(second_browser, "Bea Brown", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    await save(second_browser, name="Bea Brown", place="Leeds", about="Plants and more")
    bea = re.search(r"/members/([0-9a-f-]{36})", await text_of(second_browser, "/account"))
    for shown in ("Leeds", "Plants and more", "Last seen"):
        assert bea
        assert shown in await text_of(second_browser, bea[0])
        assert shown not in await text_of(browser, bea[0])
    assert "bea@example.com" not in await text_of(browser, bea[0] if bea else "")


async def test_an_agent_edits_their_profile_as_anybody(browser: Browser) -> None:
    ada = await make_agent(browser)
    await browser.sign_in("ada@example.com")
    assert (await save(browser, name="Ada")).status == 303
    assert '<h1 dir="auto">Ada</h1>' in await text_of(browser, f"/members/{ada.public_id}")
    for unknown in ("nobody", "..%2fx", "0"):
        assert (await browser.open(f"/members/{unknown}")).status == 404
