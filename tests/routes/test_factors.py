"""The second factor over HTTP: set up, asked for before anything else opens, and wanted of agents."""

from __future__ import annotations

import html
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from tests.routes.conftest import PASSWORD, make_agent
from widget_server.actions import factors as actions
from widget_server.actions.accounts import access_account
from widget_server.actions.agents import do_create_agent
from widget_server.actions.community import NAME as COMMUNITY
from widget_server.actions.community import CommunityText, do_change_community
from widget_server.actions.sessions import PROOF_MS
from widget_server.core.permissions import Role
from widget_server.core.totp import STEP_MS, totp_code
from widget_server.protocol.codes import CloseCode
from widget_server.routes.office import OFFICE
from widget_server.store.installation import put_value

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock, Served
    from widget_server.routes.office import Office

MAIL = "ada@example.com"
FACTORS = "/account/factors"
CODE = "/sign-in/code"


def office_of(browser: Browser) -> Office:
    return browser.app[OFFICE]


def code_of(browser: Browser, secret: str, steps: int = 0) -> str:
    """What the generator shows now, or some half minutes later."""
    return totp_code(secret, office_of(browser).now_ms() // STEP_MS + steps)


async def text_of(response: ClientResponse) -> str:
    return html.unescape(await response.text())


async def send(browser: Browser, path: str, *, page: str = FACTORS, **fields: str) -> ClientResponse:
    """Send a form of ``page``."""
    return await browser.post_form(path, csrf=await browser.field("csrf", page), **fields)


async def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Give who is signed in a generator by the pages; its secret and the recovery codes."""
    begun = await send(browser, f"{FACTORS}/generator")
    assert begun.headers["Location"] == f"{FACTORS}/generator"
    page = await text_of(await browser.open(f"{FACTORS}/generator"))
    letters = re.search(r'<code class="code"[^>]*>([A-Z2-7 ]+)</code>', page)
    assert letters, page
    assert "<svg" in page
    secret = letters[1].replace(" ", "")
    confirmed = await send(
        browser, f"{FACTORS}/generator/confirm", page=f"{FACTORS}/generator", code=code_of(browser, secret, -1)
    )
    assert confirmed.headers["Location"] == f"{FACTORS}/codes", await confirmed.text()
    return secret, await shown_codes(browser)


async def shown_codes(browser: Browser) -> list[str]:
    page = await text_of(await browser.open(f"{FACTORS}/codes"))
    return re.findall(r"<code>([a-z2-7-]{19})</code>", page)


async def with_factor(browser: Browser, second: Browser) -> tuple[str, list[str]]:
    """An agent with a generator, signed in by ``browser``; ``second`` has shown the password."""
    await make_agent(browser)
    await browser.sign_in(MAIL)
    made = await set_up(browser)
    response = await second.post_form(email=MAIL, password=PASSWORD)
    assert response.headers["Location"] == CODE
    return made


async def want_factors(browser: Browser) -> None:
    text = orjson.dumps({"agents_need_factor": True}).decode()
    await office_of(browser).engine.database.write(lambda tx: put_value(tx, COMMUNITY, text))


async def opens_line(browser: Browser) -> bool:
    """Whether the console's socket is opened."""
    own = {"Origin": "http://localhost:8080"}
    response = await browser.client.get(
        "/ws/console",
        headers=own
        | {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        },
    )
    stream = await browser.client.post("/stream/console", headers=own, data="{}")
    assert (response.status == 101) == (stream.status == 200)
    as_json = own | {"Content-Type": "application/json"}
    frames = await browser.client.post("/frames/console", headers=as_json, data="{}")
    why = (await frames.json())["error"]["name"]
    assert (response.status == 101) == (why not in {"factor_needed", "factor_missing"}), why
    for opened in (response, stream):
        opened.close()
    return response.status == 101


@pytest.mark.everywhere
async def test_s16_the_code_opens_what_the_password_did_not_and_in_another_session(
    browser: Browser, second_browser: Browser
) -> None:
    secret, _ = await with_factor(browser, second_browser)
    half = second_browser.cookie("session")
    for path in ("/console", FACTORS, "/account/prove"):
        assert (await second_browser.open(path)).headers["Location"].startswith(f"{CODE}?next=")
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 403
    assert not await opens_line(second_browser)
    taken = await second_browser.post_form(CODE, code=code_of(second_browser, secret))
    assert taken.headers["Location"] == "/console"
    assert second_browser.cookie("session") != half
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 200
    second_browser.keep("session", half)
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 401


async def test_where_one_wanted_to_go_is_kept_through_both_steps(browser: Browser, second_browser: Browser) -> None:
    secret, _ = await with_factor(browser, second_browser)
    await send(second_browser, "/sign-out", page=CODE)
    wanted = f"{FACTORS}/codes"
    asked = await second_browser.open(wanted)
    following = await second_browser.field("next", asked.headers["Location"])
    response = await second_browser.post_form(email=MAIL, password=PASSWORD, next=following)
    assert response.headers["Location"] == f"{CODE}?next={wanted}"
    following = await second_browser.field("next", response.headers["Location"])
    response = await second_browser.post_form(CODE, code=code_of(second_browser, secret), next=following)
    assert response.headers["Location"] == wanted


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
async def test_s34_the_second_step_leads_to_no_other_host(
    browser: Browser, second_browser: Browser, target: str
) -> None:
    secret, _ = await with_factor(browser, second_browser)
    response = await second_browser.post_form(CODE, code=code_of(second_browser, secret), next=target)
    assert response.headers["Location"] == "/console"


async def test_a_wrong_code_is_told_beside_the_field_and_a_recovery_code_is_taken_once(
    browser: Browser, second_browser: Browser
) -> None:
    _, codes = await with_factor(browser, second_browser)
    assert len(codes) == actions.CODES
    wrong = await second_browser.post_form(CODE, code="000000")
    assert wrong.status == 422
    assert "This code is not right, or was used already." in await wrong.text()
    taken = await second_browser.post_form(CODE, code=codes[0])
    assert taken.status == 303
    await send(second_browser, "/sign-out")
    await second_browser.post_form(email=MAIL, password=PASSWORD)
    assert (await second_browser.post_form(CODE, code=codes[0])).status == 422


async def test_s22_guessing_codes_becomes_slow_and_its_owner_still_enters(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    clock.stop()
    secret, _ = await with_factor(browser, second_browser)
    await send(browser, "/sign-out")
    await browser.post_form(email=MAIL, password=PASSWORD)
    assert (await browser.post_form(CODE, code=code_of(browser, secret))).status == 303
    await send(browser, "/sign-out")
    statuses = []
    for guess in range(40):
        # Each time with the password too, which makes the guesser's browser one that is known for passwords.
        await send(second_browser, "/sign-out", page=CODE)
        await second_browser.post_form(email=MAIL, password=PASSWORD)
        answer = await second_browser.post_form(CODE, code=f"{guess:06}")
        statuses.append(answer.status)
    assert statuses[-1] == 429
    assert statuses.count(422) <= 10
    clock.ahead_ms += STEP_MS
    await browser.post_form(email=MAIL, password=PASSWORD)
    assert (await browser.post_form(CODE, code=code_of(browser, secret))).status == 303


async def test_s18_a_check_that_breaks_opens_nothing(
    browser: Browser, second_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, _ = await with_factor(browser, second_browser)

    def breaks(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(actions, "matching_step", breaks)
    assert (await second_browser.post_form(CODE, code=code_of(second_browser, secret))).status == 422
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 403


async def test_recovery_codes_are_shown_once_and_to_their_owner_alone(
    browser: Browser, second_browser: Browser
) -> None:
    await with_factor(browser, second_browser)
    assert await shown_codes(browser) == []
    renewed = await send(browser, f"{FACTORS}/codes", password=PASSWORD)
    assert renewed.status == 303
    ticket = browser.cookie("ticket-recovery")
    assert len(await shown_codes(browser)) == actions.CODES
    assert await shown_codes(browser) == []
    await make_agent(browser, "eve@example.com", "Eve")
    await send(second_browser, "/sign-out", page=CODE)
    await second_browser.sign_in("eve@example.com")
    second_browser.keep("ticket-recovery", ticket)
    assert await shown_codes(second_browser) == []


async def test_the_owner_is_told_by_mail(browser: Browser, post_office: PostOffice) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    await set_up(browser)
    mail = await post_office.mail(MAIL)
    assert mail.subject == "[Support chat] Your account has a new way to show that it is you"
    assert "Added to your account at Support chat: the codes of an app." in mail.text
    assert "If it was not you, change your password at once" in mail.html
    await browser.post_form(f"{FACTORS}/generator/remove", password=PASSWORD)
    mail = await post_office.mail(MAIL)
    assert "Taken from your account at Support chat: the codes of an app." in mail.text


async def test_removing_and_renewing_ask_for_the_password(browser: Browser, second_browser: Browser) -> None:
    await with_factor(browser, second_browser)
    for path in (f"{FACTORS}/codes", f"{FACTORS}/generator/remove"):
        refused = await browser.post_form(path, password="wrong")
        assert refused.status == 422
        assert "This is not your password." in await refused.text()
    assert (await browser.post_form(f"{FACTORS}/generator/remove", password=PASSWORD)).status == 303
    await send(second_browser, "/sign-out")
    response = await second_browser.post_form(email=MAIL, password=PASSWORD)
    assert response.headers["Location"] == "/console"


async def test_adding_wants_a_fresh_proof(browser: Browser, clock: MovedClock) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    clock.ahead_ms += PROOF_MS + 1_000
    asked = await send(browser, f"{FACTORS}/generator")
    assert asked.headers["Location"] == "/account/prove?next=/account"
    assert (await browser.fetch("GET", f"{FACTORS}/passkeys/options")).status == 403
    proved = await browser.post_form("/account/prove", password=PASSWORD, next=FACTORS)
    assert proved.headers["Location"] == FACTORS
    assert (await send(browser, f"{FACTORS}/generator")).headers["Location"] == f"{FACTORS}/generator"


async def test_s16_the_first_factor_ends_sessions_that_were_opened_without_one(
    browser: Browser, second_browser: Browser
) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    await second_browser.sign_in(MAIL)
    before = browser.cookie("session")
    await set_up(browser)
    assert browser.cookie("session") != before
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 401
    assert (await browser.fetch("GET", "/console/api/me")).status == 200


@pytest.mark.everywhere
async def test_agents_without_a_factor_are_led_to_add_one_where_the_installation_wants_it(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(MAIL)
    assert await opens_line(browser)
    await want_factors(browser)
    assert (await browser.open("/console")).headers["Location"].startswith(FACTORS)
    call: Any = await (await browser.fetch("GET", "/console/api/me")).json()
    assert call["error"]["name"] == "factor_missing"
    assert not await opens_line(browser)
    assert "Agents need a second factor here." in await text_of(await browser.open(FACTORS))
    await set_up(browser)
    assert (await browser.fetch("GET", "/console/api/me")).status == 200
    assert await opens_line(browser)


async def test_s24_the_name_of_the_installation_is_text_in_the_address_for_the_app(browser: Browser) -> None:
    await make_agent(browser)
    name = orjson.dumps({"name": "<b>&\"'?secret=AAAA"}).decode()
    await office_of(browser).engine.database.write(lambda tx: put_value(tx, COMMUNITY, name))
    office_of(browser).community.forget()
    await browser.sign_in(MAIL)
    await send(browser, f"{FACTORS}/generator")
    page = await (await browser.open(f"{FACTORS}/generator")).text()
    assert "<b>" not in page
    address = re.search(r'href="(otpauth:[^"]+)"', page)
    assert address, page
    asked = parse_qs(urlsplit(html.unescape(address[1])).query)
    assert len(asked["secret"]) == 1
    assert asked["secret"] != ["AAAA"]


@pytest.mark.everywhere
async def test_s06_consoles_close_when_a_second_factor_is_wanted(served: Served) -> None:
    ada = await served.staff("Ada")
    database = served.engine.database
    office = served.agents_app[OFFICE]
    made = await do_create_agent(
        database, office.passwords, mail="grace@chat.test", name="Grace", role=Role.ADMINISTRATOR,
        now_ms=served.clock.now_ms(), random=secrets.token_bytes,
    )  # fmt: skip
    wanted = CommunityText("Plum", "", "open", "", "", agents_need_factor=True)
    async with served.console(ada) as console:
        assert console.closes == []
        await do_change_community(database, made.agent.actor, wanted, now_ms=served.clock.now_ms())
        await console.until(lambda: bool(console.closes), seconds=60)
    assert console.closes == [(CloseCode.SIGNED_OUT, "")]


@pytest.mark.everywhere
async def test_s06_a_console_of_a_session_without_the_factor_closes_when_the_account_gets_one(served: Served) -> None:
    ada = await served.staff("Ada")
    database, office = served.engine.database, served.agents_app[OFFICE]
    account = await access_account(database, ada.person_id)
    async with served.console(ada) as console:
        now = served.clock.now_ms()
        await actions.do_begin_generator(database, office.sealer, account, now_ms=now, random=secrets.token_bytes)
        secret = await actions.access_new_generator(database, office.sealer, account)
        assert secret is not None
        await actions.do_confirm_generator(
            database, office.sealer, account, totp_code(secret, now // STEP_MS),
            session_id=0, now_ms=now, random=secrets.token_bytes,
        )  # fmt: skip
        await console.until(lambda: bool(console.closes), seconds=60)
    assert console.closes == [(CloseCode.SIGNED_OUT, "")]
