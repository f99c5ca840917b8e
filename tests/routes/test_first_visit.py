"""From a stranger to a member who comes back, on pages that all look alike; and what strangers try on the way."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from widget_server.actions.accounts import read_account
from widget_server.routes.office import OFFICE
from widget_server.store.queries.accounts import BY_MAIL

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser

PASSWORD = "correct horse battery"
SQL = "Robert'); DROP TABLE person;--"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
OPEN_PAGES = ["/", "/sign-in", "/register", "/confirm", "/forgotten", "/set-up", "/nowhere"]


async def register(browser: Browser, name: str, mail: str = "ada@example.org") -> ClientResponse:
    fields = {"name": name, "email": mail, "password": PASSWORD, "password_again": PASSWORD}
    return await browser.post_form("/register", **fields)


async def register_and_enter(browser: Browser, name: str, mail: str = "ada@example.org") -> None:
    answer = await register(browser, name, mail)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("path", OPEN_PAGES)
async def test_s2_01_every_page_has_the_one_look_and_loads_from_our_own_host(browser: Browser, path: str) -> None:
    text = await (await browser.open(path)).text()
    assert 'class="bar"' in text
    assert 'rel="icon"' in text
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in text
    assert "/static/pages.DDDD.css" in text
    loaded = re.findall(r'(?:src|href|action)="([^"#]+)"', text)
    assert loaded
    hosts = {urlsplit(address).netloc for address in loaded if not address.startswith("data:")}
    assert hosts <= {"", "localhost:8080"}, "the head names our own pages in full"


async def test_s2_08_a_notice_appears_once_and_can_be_dismissed(browser: Browser) -> None:
    await register_and_enter(browser, "Ada")
    first, second = [await (await browser.open("/")).text() for _ in range(2)]
    assert "Welcome, Ada." in first
    assert "data-dismiss" in first
    assert "Welcome, Ada." not in second


@pytest.mark.parametrize("name", [SQL, MARKUP, "{{7*7}} ${7*7} {% if %}", "\"quoted\" 'name' \\ %s"])
async def test_s0_09_s0_16_what_stands_in_a_name_is_text(browser: Browser, second_browser: Browser, name: str) -> None:
    await register_and_enter(browser, name)
    text = await (await browser.open("/")).text()
    assert name in html.unescape(text)
    assert MARKUP not in text
    assert "49" not in re.sub(r"<[^>]+>", "", text)
    taken = await register(second_browser, name, "eve@example.org")
    assert 'id="name-problem"' in await taken.text(), "it is stored, and so are the tables"


@pytest.mark.parametrize("cookie", [SQL, "' OR '1'='1", '"; SELECT 1', "a" * 4000])
async def test_s0_09_a_cookie_full_of_sql_is_nobodys(browser: Browser, cookie: str) -> None:
    names = browser.app[OFFICE].sessions.cookies
    for name in (names.session, names.form):
        answer = await browser.open("/", headers={"Cookie": f"{name}={cookie.replace(';', '%3B')}"})
        assert answer.status == 200
        assert "Sign in" in await answer.text()


@pytest.mark.parametrize("path", ["/account", "/admin", "/console"])
async def test_s0_17_s3_02_who_is_signed_out_is_asked_to_sign_in(browser: Browser, path: str) -> None:
    answer = await browser.open(path)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/sign-in")


async def test_s0_17_sending_something_while_signed_out_leads_to_signing_in(browser: Browser) -> None:
    csrf = await browser.field("csrf", "/sign-in")
    answer = await browser.post_form("/account/password", csrf=csrf, password="a", new="b", new_again="b")
    assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/sign-in")


async def test_s3_02_a_wrong_address_and_a_wrong_password_get_the_same_answer(browser: Browser) -> None:
    await register_and_enter(browser, "Ada")
    await browser.post_form("/sign-out", csrf=await browser.field("csrf", "/"))
    csrf = await browser.field("csrf", "/sign-in")
    told = []
    for mail in ("ada@example.org", "nobody@example.org"):
        answer = await browser.post_form("/sign-in", csrf=csrf, email=mail, password="wrong horse battery")
        text = (await answer.text()).replace(mail, "")
        told.append((answer.status, re.sub(r'(value|nonce)="[^"]*"|<code>[^<]*</code>', "", text)))
    assert told[0] == told[1]
    assert told[0][0] == 401


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [("Ada", "abc", "password"), ("", PASSWORD, "name"), ("A" * 81, PASSWORD, "name")],
)
async def test_s4_01_a_short_password_or_a_name_without_measure_is_refused(
    browser: Browser, name: str, password: str, field: str
) -> None:
    fields = {"name": name, "email": "ada@example.org", "password": password, "password_again": password}
    answer = await browser.post_form("/register", **fields)
    assert answer.status == 422
    assert f'id="{field}-problem"' in await answer.text()


async def test_s4_01_a_name_is_unique_and_the_day_of_joining_is_kept(browser: Browser, second_browser: Browser) -> None:
    await register_and_enter(browser, "Ada")
    taken = await register(second_browser, "ADA", "eve@example.org")
    assert taken.status in {409, 422}
    assert 'id="name-problem"' in await taken.text()
    office = browser.app[OFFICE]
    row = await office.engine.database.read(lambda tx: tx.one(BY_MAIL, mail="ada@example.org"))
    account = await office.engine.database.read(lambda tx: read_account(tx, row))
    assert 0 <= office.now_ms() - account.created_at < 60_000
