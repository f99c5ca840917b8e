"""What somebody changes about their own account: password, address, sessions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSMsgType

from tests.routes.conftest import PASSWORD, make_agent
from widget_server.protocol.codes import CloseCode
from widget_server.routes.office import OFFICE
from widget_server.workers import pulse

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

MAIL = "ada@example.com"
NEW = "another fine river"
QUARTER_MS = 15 * 60_000
EVERYTHING_ENDS_WITHIN_S = 5


@pytest.fixture
def hints_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pulse helps: what ends has ended by what the nodes tell each other, at once."""
    monkeypatch.setattr(pulse, "EVERY_S", 3_600.0)


async def sockets_of(browser: Browser) -> ClientWebSocketResponse:
    """An open socket of the browser's session."""
    own = browser.app[OFFICE].settings.public_url
    socket = await browser.client.ws_connect("/ws/console", headers={"Origin": own})
    await socket.send_str('{"t":"hello","v":1}')
    assert (await socket.receive()).type is WSMsgType.TEXT
    return socket


async def closed(socket: ClientWebSocketResponse) -> int | None:
    """With what the socket is closed."""
    async with asyncio.timeout(EVERYTHING_ENDS_WITHIN_S):
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
    return socket.close_code


async def change_password(browser: Browser, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> int:
    response = await browser.post_form(
        "/account/password", old=old, password=new, password_again=new if again is None else again
    )
    return response.status


@pytest.mark.everywhere
async def test_s2_12_s17_a_changed_password_ends_the_other_sessions_and_their_sockets(
    hints_alone: None, browser: Browser, second_browser: Browser
) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    await second_browser.sign_in(MAIL)
    socket = await sockets_of(second_browser)
    own_socket = await sockets_of(browser)
    assert await change_password(browser, old="not this one") == 422
    assert await change_password(browser, again="something else") == 422
    assert await change_password(browser, new="password123") == 422
    assert await change_password(browser) == 303
    assert await closed(socket) == CloseCode.SIGNED_OUT
    assert (await second_browser.open("/account/sessions")).status == 303
    assert (await browser.open("/account/sessions")).status == 200
    assert not own_socket.closed
    await own_socket.close()
    assert (await second_browser.post_form(email=MAIL, password=PASSWORD)).status == 401
    assert (await second_browser.post_form(email=MAIL, password=NEW)).status == 303


# Between nodes the pause is kept by Redis, whose clock cannot be moved.
@pytest.mark.only("sqlite", "postgresql")
async def test_s22_the_old_password_is_not_guessed_by_who_has_a_session(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    clock.stop()
    await make_agent(browser)
    await browser.sign_in(MAIL)
    browser.keep("known", "")
    statuses = [await change_password(browser, old="a wrong one") for _ in range(8)]
    assert statuses[:3] == [422, 422, 422]
    assert statuses[-1] == 429
    assert await change_password(browser) == 429


@pytest.mark.everywhere
async def test_s2_13_a_forgotten_password(
    hints_alone: None, browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    await make_agent(browser)
    await second_browser.sign_in(MAIL)
    socket = await sockets_of(second_browser)
    known = await browser.post_form("/forgotten", email=MAIL)
    unknown = await browser.post_form("/forgotten", email="eve@example.com")
    assert (known.status, known.headers["Location"]) == (303, "/forgotten/new")
    assert (known.status, sorted(known.headers), await known.text()) == (
        unknown.status,
        sorted(unknown.headers),
        await unknown.text(),
    )
    mail = await post_office.mail(MAIL)
    fields = {"code": mail.code, "password": NEW, "password_again": NEW}
    response = await browser.post_form("/forgotten/new", **(fields | {"password": "password123"}))
    assert response.status == 422
    assert mail.code in await response.text()
    assert (await browser.post_form("/forgotten/new", **(fields | {"code": "a" * 32}))).status == 403
    response = await browser.post_form("/forgotten/new", **fields)
    assert (response.status, response.headers["Location"]) == (303, "/sign-in")
    assert await closed(socket) == CloseCode.SIGNED_OUT
    assert (await browser.post_form("/forgotten/new", **fields)).status == 403
    assert (await browser.post_form(email=MAIL, password=PASSWORD)).status == 401
    assert (await browser.post_form(email=MAIL, password=NEW)).status == 303
    assert {sent.to for sent in post_office.mails} == {MAIL}


async def test_where_no_mail_is_sent_the_page_says_whom_to_ask(browser: Browser) -> None:
    text = await (await browser.open("/forgotten")).text()
    assert "Ask whoever runs this site" in text
    assert '<input id="email"' not in text


async def test_s2_14_an_address_is_changed_by_the_link_and_both_are_told(
    browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    response = await browser.post_form("/account/address", email="Countess@example.com")
    assert (response.status, response.headers["Location"]) == (303, "/account/address/confirm")
    told, asked = await post_office.mail(MAIL), await post_office.mail("Countess@example.com")
    assert "being changed" in told.subject
    assert asked.link.endswith(f"/account/address/confirm#{asked.code}")
    assert MAIL in await (await browser.open("/account/address")).text()
    response = await second_browser.post_form("/account/address/confirm", code=asked.code)
    assert (response.status, response.headers["Location"]) == (303, "/sign-in")
    assert not second_browser.cookie("session")
    assert "Countess@example.com" in await (await browser.open("/account/address")).text()
    assert (await second_browser.post_form(email=MAIL, password=PASSWORD)).status == 401
    assert (await second_browser.post_form(email="countess@example.com", password=PASSWORD)).status == 303


async def test_s21_somebody_elses_address_gets_the_same_answer(browser: Browser, post_office: PostOffice) -> None:
    await make_agent(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await browser.sign_in(MAIL)
    taken = await browser.post_form("/account/address", email="grace@example.com")
    free = await browser.post_form("/account/address", email="ada@elsewhere.example")
    assert (taken.status, taken.headers["Location"]) == (free.status, free.headers["Location"])
    assert "already" in (await post_office.mail("grace@example.com")).subject


@pytest.mark.everywhere
async def test_s06_one_session_is_ended_and_then_all_others(
    hints_alone: None, browser: Browser, second_browser: Browser
) -> None:
    await make_agent(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await second_browser.sign_in(MAIL)
    socket = await sockets_of(second_browser)
    await browser.sign_in(MAIL)
    await browser.post_form(email=MAIL, password="wrong", csrf="x")
    text = await (await browser.open("/account/sessions")).text()
    assert text.count("This browser") == 1
    number = await browser.field("session", "/account/sessions")
    csrf = await browser.field("csrf", "/account/sessions")
    for wrong in ("0", "999999", "one", "1" * 40, ""):
        assert (await browser.post_form("/account/sessions/end", csrf=csrf, session=wrong)).status in {303, 404}
    assert (await browser.post_form("/account/sessions/end", csrf=csrf, session=number)).status == 303
    assert await closed(socket) == CloseCode.SIGNED_OUT
    assert (await second_browser.open("/account/sessions")).status == 303
    await second_browser.sign_in(MAIL)
    socket = await sockets_of(second_browser)
    assert (await browser.post_form("/account/sessions/end-others", csrf=csrf)).status == 303
    assert await closed(socket) == CloseCode.SIGNED_OUT
    assert (await browser.open("/account/sessions")).status == 200


async def test_a_session_of_somebody_else_is_not_ended(browser: Browser, second_browser: Browser) -> None:
    await make_agent(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await browser.sign_in(MAIL)
    await second_browser.sign_in("grace@example.com")
    csrf = await second_browser.field("csrf", "/account/sessions")
    for number in range(1, 4):
        await second_browser.post_form("/account/sessions/end", csrf=csrf, session=str(number))
    assert (await browser.open("/account/sessions")).status == 200


async def test_an_old_session_shows_again_who_it_is_before_the_address_changes(
    browser: Browser, clock: MovedClock
) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    clock.ahead_ms += QUARTER_MS + 1_000
    response = await browser.open("/account/address")
    assert (response.status, response.headers["Location"]) == (303, "/account/prove?next=/account/address")
    csrf = await browser.field("csrf", "/account/prove")
    response = await browser.post_form("/account/address", csrf=csrf, email="ada@elsewhere.example")
    assert response.headers["Location"] == "/account/prove?next=/account"
    response = await browser.post_form("/account/prove", password="wrong", next="/account/address")
    assert response.status == 422
    assert "This is not your password." in await response.text()
    response = await browser.post_form("/account/prove", password=PASSWORD, next="/account/address")
    assert (response.status, response.headers["Location"]) == (303, "/account/address")
    assert (await browser.open("/account/address")).status == 200


@pytest.mark.parametrize("wished", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_s34_a_proof_leads_to_our_own_pages_alone(browser: Browser, wished: str) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    response = await browser.post_form("/account/prove", password=PASSWORD, next=wished)
    assert response.headers["Location"] == "/account"


async def test_the_latest_attempts_are_shown_to_their_owner(browser: Browser) -> None:
    await make_agent(browser)
    await browser.post_form(email=MAIL, password="a wrong one")
    await browser.sign_in(MAIL)
    text = await (await browser.open("/account/sessions")).text()
    assert text.count("127.0.0.0/24") >= 2
    assert text.count("Refused") == 1


async def test_s4_17_s2_09_a_guarded_page_is_come_back_to(browser: Browser) -> None:
    await make_agent(browser)
    response = await browser.open("/account/sessions")
    assert response.headers["Location"] == "/sign-in?next=/account/sessions"
    response = await browser.post_form(email=MAIL, password=PASSWORD, next="/account/sessions")
    assert response.headers["Location"] == "/account/sessions"
    response = await browser.open("/sign-in?next=/account/sessions")
    assert (response.status, response.headers["Location"]) == (303, "/account/sessions")


async def test_s0_02_signing_out_of_a_page_ends_the_session_on_the_server(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    stolen = browser.cookie("session")
    csrf = await browser.field("csrf", "/account/sessions")
    response = await browser.post_form("/sign-out", csrf=csrf)
    assert response.status == 303
    assert "You are signed out." in await (await browser.open("/")).text()
    assert "You are signed out." not in await (await browser.open("/")).text()
    browser.keep("session", stolen)
    assert (await browser.open("/account/sessions")).status == 303
