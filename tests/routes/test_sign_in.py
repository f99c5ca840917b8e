"""Signing in as a person does it, with and without mistakes, and as an attacker would."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING

import pytest
from aiohttp import FormData, WSMsgType
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from tests.routes.conftest import PASSWORD, Browser, make_agent
from widget_server.actions.passwords import Passwords
from widget_server.app import create_app
from widget_server.protocol.codes import CloseCode
from widget_server.routes.office import OFFICE
from widget_server.settings import Settings
from widget_server.store.statement import Statement
from widget_server.store.tables import session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.serving import MovedClock

MAIL = "ada@example.com"


async def test_the_console_leads_to_the_form_and_the_form_to_the_console(browser: Browser) -> None:
    await make_agent(browser)
    response = await browser.open("/console")
    assert (response.status, response.headers["Location"]) == (303, "/sign-in?next=/console")
    response = await browser.post_form(email=MAIL, password=PASSWORD)
    assert (response.status, response.headers["Location"]) == (303, "/console")
    page = await browser.open("/console")
    text = await page.text()
    assert page.status == 200
    assert '<div id="app" data-base=""></div>' in text
    assert "/static/console.BBBB.js" in text
    assert "/static/console.CCCC.css" in text


async def test_the_form_has_names_for_everything(browser: Browser) -> None:
    text = await (await browser.open("/sign-in")).text()
    for piece in ('<label for="email">Email</label>', '<label for="password">Password</label>', ">Sign in</button>"):
        assert piece in text
    assert "<script" not in text


async def test_who_is_signed_in_already_is_sent_on(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    response = await browser.open("/sign-in", params={"next": "/console?view=mine"})
    assert (response.status, response.headers["Location"]) == (303, "/console?view=mine")


@pytest.mark.parametrize(
    "wished",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%2f/evil.example",
        "/%252f/evil.example",
        "/%5cevil.example",
        "javascript:alert(1)",
        "/console\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:a=b",
        "console",
        "/" + "a" * 600,
    ],
)
async def test_s34_nobody_is_sent_to_another_host(browser: Browser, wished: str) -> None:
    await make_agent(browser)
    response = await browser.post_form(email=MAIL, password=PASSWORD, next=wished)
    assert (response.status, response.headers["Location"]) == (303, "/console")


async def test_s1_13_agents_sign_in_each_under_their_own_name(browser: Browser, second_browser: Browser) -> None:
    await make_agent(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await browser.sign_in(MAIL)
    await second_browser.sign_in("grace@example.com")
    first = await browser.call("GET", "/console/api/me")
    second = await second_browser.call("GET", "/console/api/me")
    assert (first["name"], second["name"]) == ("Ada", "Grace")
    assert first["csrf"] != second["csrf"]


@pytest.mark.parametrize(("mail", "password"), [(MAIL, "wrong"), ("eve@example.com", PASSWORD), ("", ""), (MAIL, "")])
async def test_s21_s3_02_every_wrong_sign_in_gets_the_same_answer_and_keeps_the_typed_address(
    browser: Browser, mail: str, password: str
) -> None:
    await make_agent(browser)
    response = await browser.post_form(email=mail, password=password)
    text = await response.text()
    assert response.status == 401
    assert "The address or the password is not right." in text
    assert f'value="{mail}"' in text
    assert PASSWORD not in text
    assert not browser.cookie("session")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=nonsense", b"email=a"),
        ("application/x-www-form-urlencoded; charset=ascii", b"email=\xff"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"not the boundary"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\xff\r\n--x--',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: nothing\r\n\r\na\r\n--x--\r\n"),
    ],
)
async def test_a_body_that_is_no_form_is_refused_and_nothing_breaks(browser: Browser, kind: str, body: bytes) -> None:
    response = await browser.client.post("/sign-in", data=body, headers={"Content-Type": kind})
    assert response.status in {400, 403}
    assert (await browser.open("/sign-in")).status == 200


async def test_cookies_of_any_bytes_are_nobodys(browser: Browser) -> None:
    await make_agent(browser)
    junk = "session=\udcff\udc00; form=\udcff; known=\udcff.\udcff"
    for path in ("/console", "/sign-in", "/console/api/me"):
        assert (await browser.open(path, headers={"Cookie": junk})).status in {200, 303, 401}
    response = await browser.client.post(
        "/sign-in",
        data={"email": MAIL, "password": PASSWORD, "csrf": "x"},
        headers={"Cookie": junk, "Accept": "text/html"},
    )
    assert response.status == 403


async def test_an_endless_address_is_cut_before_anything_is_made_of_it(browser: Browser) -> None:
    response = await browser.post_form(email="é" * 20_000, password="x" * 50_000)
    text = await response.text()
    assert response.status == 401
    assert len(text) < 10_000


async def test_what_is_typed_comes_back_as_text(browser: Browser) -> None:
    response = await browser.post_form(email='"><script>alert(1)</script>', password="x")
    text = await response.text()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


async def test_s16_the_cookie_is_out_of_reach_and_changes_at_every_sign_in(browser: Browser) -> None:
    await make_agent(browser)
    response = await browser.post_form(email=MAIL, password=PASSWORD)
    written = {cookie.key: cookie for cookie in response.cookies.values()}["session"]
    assert written["httponly"]
    assert written["samesite"] == "Lax"
    assert written["path"] == "/"
    assert not written["domain"]
    before = browser.cookie("session")
    csrf = await _form_token_of_another_visit(browser)
    await browser.post_form(email=MAIL, password=PASSWORD, csrf=csrf)
    assert browser.cookie("session") not in {"", before}
    browser.keep("session", before)
    assert (await browser.fetch("GET", "/console/api/me")).status == 401


async def _form_token_of_another_visit(browser: Browser) -> str:
    """A form that was opened before signing in is still open in another tab."""
    office = browser.app[OFFICE]
    binding = office.engine.clock.token()
    browser.keep("form", binding)
    return office.csrf.token(binding)


async def test_s16_over_https_the_cookie_belongs_to_this_host_alone(empty_store: Path, tmp_path: Path) -> None:
    settings = Settings(mode="testing", data_dir=tmp_path / "https", public_url="https://chat.example", port=0)
    settings.data_dir.mkdir()
    shutil.copyfile(empty_store, settings.database_path)
    app = create_app(settings, passwords=Passwords(memory_kib=8, passes=1))
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/sign-in")
        cookie = response.cookies["__Host-form"]
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_the_store_holds_no_usable_token(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    everything = Statement(select(session))
    rows = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(everything))
    assert len(rows) == 1
    assert browser.cookie("session") not in str(rows)


async def test_signing_out_ends_the_session_on_the_server_too(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    stolen = browser.cookie("session")
    assert (await browser.fetch("POST", "/console/sign-out")).status == 204
    assert not browser.cookie("session")
    browser.keep("session", stolen)
    assert (await browser.fetch("GET", "/console/api/me")).status == 401
    assert (await browser.open("/console")).headers["Location"] == "/sign-in?next=/console"


async def test_signing_out_closes_the_sockets_of_the_session(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    own = browser.app[OFFICE].settings.public_url
    async with browser.client.ws_connect("/ws/console", headers={"Origin": own}) as socket:
        await socket.send_str('{"t":"hello","v":1}')
        assert (await socket.receive()).type is WSMsgType.TEXT
        await browser.call("POST", "/console/sign-out")
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
        assert socket.close_code == CloseCode.SIGNED_OUT


async def test_a_session_ends_by_itself(browser: Browser, clock: MovedClock) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    clock.ahead_ms = 15 * 86_400_000
    assert (await browser.fetch("GET", "/console/api/me")).status == 401


async def test_a_session_that_is_used_is_marked_as_seen_now_and_then(browser: Browser, clock: MovedClock) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    clock.ahead_ms = 2 * 3_600_000
    await browser.call("GET", "/console/api/me")
    seen = Statement(select(session.c.seen_at - session.c.created_at))
    ((later,),) = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(seen))
    assert later >= 2 * 3_600_000


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_s08_a_form_on_another_site_signs_nobody_in(browser: Browser, site: str) -> None:
    await make_agent(browser)
    csrf = await browser.field("csrf")
    response = await browser.client.post(
        "/sign-in",
        data={"email": MAIL, "password": PASSWORD, "csrf": csrf},
        headers={"Sec-Fetch-Site": site, "Accept": "text/html"},
        allow_redirects=False,
    )
    assert response.status == 403
    assert "did not come from our own page" in await response.text()
    assert not browser.cookie("session")


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), ("own", 303), ("asked host", 303), (None, 303)]
)
async def test_s08_an_older_browser_is_judged_by_its_origin(browser: Browser, origin: str | None, status: int) -> None:
    await make_agent(browser)
    csrf = await browser.field("csrf")
    known = {
        "own": browser.app[OFFICE].settings.public_url,
        "asked host": str(browser.client.make_url("/")).rstrip("/"),
    }
    response = await browser.client.post(
        "/sign-in",
        data={"email": MAIL, "password": PASSWORD, "csrf": csrf},
        headers={"Origin": known.get(origin, origin)} if origin else {},
        allow_redirects=False,
    )
    assert response.status == status


@pytest.mark.parametrize("token", ["", "x" * 43, "é"])
async def test_s08_a_form_needs_the_token_of_its_own_browser(browser: Browser, token: str) -> None:
    await make_agent(browser)
    await browser.field("csrf")
    response = await browser.post_form(email=MAIL, password=PASSWORD, csrf=token)
    assert response.status == 403
    assert f'value="{MAIL}"' in await response.text()


async def test_s08_the_token_of_another_browser_is_none(browser: Browser, second_browser: Browser) -> None:
    await make_agent(browser)
    await browser.field("csrf")
    foreign = await second_browser.field("csrf")
    assert (await browser.post_form(email=MAIL, password=PASSWORD, csrf=foreign)).status == 403


async def test_a_file_in_the_place_of_a_field_is_nothing(browser: Browser) -> None:
    csrf = await browser.field("csrf")
    form = FormData({"csrf": csrf, "email": MAIL})
    form.add_field("password", b"plum", filename="password.txt")
    response = await browser.client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status == 401


# Between nodes the pause is kept by Redis, whose clock cannot be moved.
@pytest.mark.only("sqlite", "postgresql")
async def test_s22_guesses_become_slower_and_the_right_password_waits_too(browser: Browser, clock: MovedClock) -> None:
    clock.stop()
    await make_agent(browser)
    guesses = [await browser.post_form(email=MAIL, password="wrong") for _ in range(20)]
    assert [guess.status for guess in guesses] == [401] * 3 + [429] * 17
    seconds = int(guesses[-1].headers["Retry-After"])
    assert f"Try again in {seconds} s." in await guesses[-1].text()
    assert (await browser.post_form(email=MAIL, password=PASSWORD)).status == 429
    clock.ahead_ms += seconds * 1000
    assert (await browser.post_form(email=MAIL, password=PASSWORD)).status == 303


async def test_s21_an_unknown_account_is_slowed_in_the_same_way(browser: Browser, clock: MovedClock) -> None:
    clock.stop()
    statuses = [(await browser.post_form(email="eve@example.com", password="x")).status for _ in range(6)]
    await make_agent(browser)
    assert statuses[:3] == [401, 401, 401]
    assert statuses[-1] == 429


async def test_s22_the_owner_with_a_known_browser_still_enters(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    clock.stop()
    await make_agent(browser)
    await browser.sign_in(MAIL)
    await browser.call("POST", "/console/sign-out")
    for _ in range(8):
        await second_browser.post_form(email=MAIL, password="guess")
    assert (await second_browser.post_form(email=MAIL, password=PASSWORD)).status == 429
    await browser.sign_in(MAIL)
    for mark in ("made.up", "no dot", "x" * 5000):
        second_browser.keep("known", mark)
        assert (await second_browser.post_form(email=MAIL, password=PASSWORD)).status == 429


async def test_s22_many_guesses_at_once_do_not_slip_through(browser: Browser) -> None:
    await make_agent(browser)
    csrf = await browser.field("csrf")
    responses = await asyncio.gather(
        *(browser.post_form(email=MAIL, password=f"guess {n}", csrf=csrf) for n in range(20))
    )
    assert sum(response.status == 401 for response in responses) <= 3


async def test_s42_the_log_tells_that_and_not_what(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agent = await make_agent(browser)
    await browser.post_form(email=MAIL, password="some wrong secret")
    await browser.sign_in(MAIL)
    told = [(record.message, vars(record).get("reason"), vars(record).get("person")) for record in caplog.records]
    assert ("Not signed in.", "wrong_sign_in", None) in told
    assert ("Signed in.", None, agent.public_id) in told
    everything = " ".join(str(vars(record)) for record in caplog.records)
    for secret in ("some wrong secret", PASSWORD, browser.cookie("session"), browser.csrf):
        assert secret not in everything
