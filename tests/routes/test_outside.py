"""Signing in elsewhere, at a real provider on this machine: whom it lets in, and every lie that opens nothing."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import pytest
from sqlalchemy import select

from tests.engines.issuer import CLIENT, SECRET, Issuer
from tests.routes.conftest import PASSWORD, make_agent
from widget_server.actions.bans import do_ban_network
from widget_server.actions.community import NAME as COMMUNITY
from widget_server.routes.office import OFFICE
from widget_server.settings import Settings
from widget_server.store.installation import put_value
from widget_server.store.statement import Statement
from widget_server.store.tables import identity, person, sign_in
from widget_server.web import openid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from aiohttp import ClientResponse

    from tests.engines.backends import Backend
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

OUTSIDE = "/sign-in/outside"
FACTORS = "/account/factors"
ADA = "ada@example.com"
PEOPLE = Statement(select(person.c.name, person.c.kind).order_by(person.c.id))
OUTSIDERS = Statement(select(identity.c.value).where(identity.c.kind == "external"))
MAILS = Statement(select(identity.c.value, identity.c.confirmed_at).where(identity.c.kind == "mail"))
WAYS = Statement(select(sign_in.c.way, sign_in.c.outcome))


@pytest.fixture
async def issuer() -> AsyncGenerator[Issuer]:
    issuer = Issuer()
    async with issuer.server:
        yield issuer


@pytest.fixture
def settings(backend: Backend, tmp_path: Path, issuer: Issuer, request: pytest.FixtureRequest) -> Settings:
    """Settings of a server that lets people sign in at the issuer."""
    backend.lay_out(tmp_path / "data")
    own = backend.settings(tmp_path / "data")
    if "post_office" in request.fixturenames:
        own["mail_url"] = request.getfixturevalue("post_office").url
    return Settings(
        mode="testing",
        public_url="http://localhost:8080",
        internal_port=0,
        limit_forms="1000/minute",
        outgoing_allowed="127.0.0.0/8",
        oidc_issuer=issuer.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Plum ID",
        **own,
    )


async def leave(browser: Browser, path: str = OUTSIDE) -> str:
    """Go to the provider; the address to which the browser is sent."""
    response = await browser.open(path)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def enter(browser: Browser, issuer: Issuer, path: str = OUTSIDE) -> ClientResponse:
    """There and back."""
    return await browser.open(issuer.agree(await leave(browser, path)))


async def rows(browser: Browser, statement: Statement) -> list[tuple[Any, ...]]:
    return await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(statement))


async def set_community(browser: Browser, **kept: object) -> None:
    office = browser.app[OFFICE]
    await office.engine.database.write(lambda tx: put_value(tx, COMMUNITY, orjson.dumps(kept).decode()))
    office.community.forget()


async def refused(response: ClientResponse, status: int = 403) -> str:
    assert response.status == status, response.headers.get("Location")
    return html.unescape(await response.text())


@pytest.mark.everywhere
async def test_somebody_new_becomes_a_member_and_comes_back_as_the_same(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    assert "Continue with Plum ID" in await (await browser.open("/sign-in")).text()
    assert (await enter(browser, issuer)).headers["Location"] == "/"
    assert browser.cookie("session")
    assert (await browser.open(FACTORS)).status == 200
    issuer.person["email"] = "other@example.com"
    assert (await enter(second_browser, issuer)).headers["Location"] == "/"
    assert await rows(browser, PEOPLE) == [("Ada Byron", "member")]
    assert await rows(browser, OUTSIDERS) == [(f"{issuer.url} 248289761001",)]
    assert await rows(browser, WAYS) == [("oidc", "signed_in")] * 2


async def test_the_question_carries_what_protects_the_answer(browser: Browser, issuer: Issuer) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(await leave(browser)).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost:8080/sign-in/outside/back"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    again = {name: values[0] for name, values in parse_qs(urlsplit(await leave(browser)).query).items()}
    assert not {again["state"], again["nonce"], again["code_challenge"]} & set(asked.values())
    ticket = browser.cookie("ticket-outside")
    assert again["state"] not in ticket
    assert "ticket-outside" in browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))


async def test_where_one_wanted_to_go_is_kept_on_the_way_there_and_back(browser: Browser, issuer: Issuer) -> None:
    assert (await enter(browser, issuer, f"{OUTSIDE}?next={FACTORS}")).headers["Location"] == FACTORS


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/%5cevil.example"])
async def test_s34_it_leads_to_no_other_host(browser: Browser, issuer: Issuer, target: str) -> None:
    assert (await enter(browser, issuer, f"{OUTSIDE}?{urlencode({'next': target})}")).headers["Location"] == "/"


LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "A" * 43},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "somebody-else"},
    "an audience of many without a party": {"aud": [CLIENT, "somebody-else"]},
    "another party": {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "an end that is text": {"exp": "never"},
    "made long ago": {"iat": 1_000_000_000},
    "made in the future": {"iat": 99_999_999_999},
    "no time": {"iat": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 5},
    "a subject of two": {"sub": "a\x00b"},
    "an address that is a list": {"email": ["a@example.com"]},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_that_says_something_else_opens_nothing(browser: Browser, issuer: Issuer, lie: str) -> None:
    issuer.claims = LIES[lie]
    assert "Signing in with Plum ID did not work." in await refused(await enter(browser, issuer))
    assert not browser.cookie("session")
    assert await rows(browser, PEOPLE) == []


@pytest.mark.parametrize("way", ["unsigned", "signed_with_public_key", "signed_by_stranger", "changed"])
async def test_a_token_that_the_issuer_did_not_sign_opens_nothing(browser: Browser, issuer: Issuer, way: str) -> None:
    issuer.sign = getattr(issuer, way)
    await refused(await enter(browser, issuer))
    assert await rows(browser, PEOPLE) == []


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "é.é.é", "." * 50])
async def test_what_is_no_token_opens_nothing(browser: Browser, issuer: Issuer, token: str) -> None:
    issuer.sign = lambda _: token
    await refused(await enter(browser, issuer))


async def test_keys_that_were_turned_are_read_again_and_not_for_every_lie(
    browser: Browser, second_browser: Browser, issuer: Issuer, clock: MovedClock
) -> None:
    await enter(browser, issuer)
    issuer.turn_keys()
    await refused(await enter(second_browser, issuer))
    assert issuer.asked.count("/keys") == 1
    clock.ahead_ms += 11_000
    assert (await enter(second_browser, issuer)).status == 303
    assert issuer.asked.count("/keys") == 2
    issuer.sign = issuer.signed_by_stranger
    clock.ahead_ms += 11_000
    await refused(await enter(second_browser, issuer))
    assert issuer.asked.count("/keys") == 2


async def test_an_answer_without_the_state_of_this_browser_opens_nothing(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    back = issuer.agree(await leave(browser))
    for strangers in (back, re.sub("state=[^&]+", "state=x", back), re.sub("state=[^&]+&", "", back)):
        await refused(await second_browser.open(strangers))
    await leave(second_browser)
    await refused(await second_browser.open(back))
    # In the right browser, with the right code: the state alone is another's.
    await refused(await browser.open(re.sub("state=[^&]+", "state=x", issuer.agree(await leave(browser)))))
    assert await rows(browser, PEOPLE) == []


async def test_the_same_answer_counts_once(browser: Browser, issuer: Issuer) -> None:
    back = issuer.agree(await leave(browser))
    ticket = browser.cookie("ticket-outside")
    assert (await browser.open(back)).status == 303
    assert not browser.cookie("ticket-outside")
    browser.keep("ticket-outside", ticket)
    await refused(await browser.open(back))
    # Another code in the same answer: the provider would take it, the state was used.
    asked = issuer.authorization
    browser.keep("ticket-outside", ticket)
    await refused(await browser.open(issuer.agree(f"{issuer.url}/authorize?{urlencode(asked)}")))


async def test_an_answer_after_ten_minutes_opens_nothing(browser: Browser, issuer: Issuer, clock: MovedClock) -> None:
    back = issuer.agree(await leave(browser))
    clock.ahead_ms += 600_001
    await refused(await browser.open(back))


async def test_an_answer_of_another_issuer_is_not_taken_to_this_one(browser: Browser, issuer: Issuer) -> None:
    back = issuer.agree(await leave(browser))
    asked = len(issuer.asked)
    await refused(await browser.open(re.sub("iss=[^&]+", "iss=https%3A%2F%2Fevil.example", back)))
    assert issuer.asked[asked:] == []


async def test_an_issuer_that_names_itself_must_do_so(browser: Browser, issuer: Issuer) -> None:
    issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    back = issuer.agree(await leave(browser))
    await refused(await browser.open(re.sub("&iss=[^&]+", "", back)))


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_provider_that_says_it_is_another_is_not_gone_to(
    browser: Browser, issuer: Issuer, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    await refused(await browser.open(OUTSIDE))


async def test_a_provider_that_is_down_leaves_the_password(browser: Browser, issuer: Issuer) -> None:
    await make_agent(browser)
    await issuer.server.close()
    assert "Signing in with Plum ID did not work." in await refused(await browser.open(OUTSIDE))
    await browser.sign_in(ADA)


async def test_s18_a_check_that_breaks_or_forgets_to_wait_opens_nothing(
    browser: Browser, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in (ZeroDivisionError(), True, {"sub": "1"}):

        def checks(*_: object, answer: object = answer) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(openid.Provider, "_verified", checks)
        await refused(await enter(browser, issuer))
    assert await rows(browser, PEOPLE) == []


async def test_an_account_is_not_handed_over_for_its_address(browser: Browser, issuer: Issuer) -> None:
    await make_agent(browser)
    text = await refused(await enter(browser, issuer))
    assert "There is an account with this address. Sign in with its password, then connect Plum ID to it." in text
    assert await rows(browser, OUTSIDERS) == []


async def connect(browser: Browser, issuer: Issuer) -> ClientResponse:
    """Connect the account of who is signed in."""
    page = await browser.post_form(f"{FACTORS}/outside", csrf=await browser.field("csrf", FACTORS))
    found = re.search(rf'href="({re.escape(issuer.url)}/authorize[^"]+)"', await page.text())
    assert found, await page.text()
    return await browser.open(issuer.agree(html.unescape(found[1])))


async def test_its_owner_connects_it_signs_in_and_disconnects_it(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    await make_agent(browser)
    await browser.sign_in(ADA)
    assert (await connect(browser, issuer)).headers["Location"] == FACTORS
    assert (await enter(second_browser, issuer)).headers["Location"] == "/console"
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 200
    gone = await browser.post_form(f"{FACTORS}/outside/remove", password=PASSWORD)
    assert gone.headers["Location"] == FACTORS
    await second_browser.post_form("/sign-out", csrf=await second_browser.field("csrf", FACTORS))
    await refused(await enter(second_browser, issuer))


async def test_what_opens_one_account_is_not_connected_to_another(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    await enter(browser, issuer)
    await make_agent(browser, "eve@example.com", "Eve")
    await second_browser.sign_in("eve@example.com")
    response = await connect(second_browser, issuer)
    assert response.headers["Location"] == FACTORS
    assert "belongs to another account" in html.unescape(await (await second_browser.open(FACTORS)).text())
    assert len(await rows(browser, OUTSIDERS)) == 1


async def test_nobody_connects_somebody_elses_account_by_sending_them_an_answer(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    await make_agent(browser)
    await browser.sign_in(ADA)
    await make_agent(browser, "eve@example.com", "Eve")
    await second_browser.sign_in("eve@example.com")
    page = await second_browser.post_form(f"{FACTORS}/outside", csrf=await second_browser.field("csrf", FACTORS))
    found = re.search(r'href="(http[^"]+/authorize[^"]+)"', await page.text())
    assert found
    back = issuer.agree(html.unescape(found[1]))
    await refused(await browser.open(back))
    browser.keep("ticket-outside", second_browser.cookie("ticket-outside"))
    await browser.open(back)
    assert await rows(browser, OUTSIDERS) == []


async def test_an_account_with_a_second_factor_asks_for_it_all_the_same(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    from tests.routes.test_factors import set_up  # noqa: PLC0415 - one way to give an account a generator

    await make_agent(browser)
    await browser.sign_in(ADA)
    await connect(browser, issuer)
    await set_up(browser)
    assert (await enter(second_browser, issuer)).headers["Location"] == "/sign-in/code"
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 403


@pytest.mark.parametrize("registration", ["closed", "invited", "approved"])
async def test_nobody_new_comes_where_not_everybody_may_register(
    browser: Browser, issuer: Issuer, registration: str
) -> None:
    await set_community(browser, registration=registration)
    assert "New accounts are not made here at the moment." in await refused(await enter(browser, issuer))
    assert await rows(browser, PEOPLE) == []


async def test_s47_nobody_new_comes_from_a_banned_network_and_who_is_known_still_signs_in(
    browser: Browser, second_browser: Browser, issuer: Issuer
) -> None:
    root = await make_agent(browser, "root@example.com", "Root")
    await enter(browser, issuer)
    for app in {browser.app, second_browser.app}:
        engine = app[OFFICE].engine
        await do_ban_network(engine, root.actor, "127.0.0.0/8", own_address="192.0.2.1")
    assert (await enter(browser, issuer)).headers["Location"] == "/"
    issuer.person |= {"sub": "another", "email": "eve@example.com", "name": "Eve"}
    assert "You may not write here." in await refused(await enter(second_browser, issuer))
    assert ("Eve", "member") not in await rows(browser, PEOPLE)


async def test_without_an_address_there_is_no_account(browser: Browser, issuer: Issuer) -> None:
    for mail in (None, "", "no address"):
        issuer.claims = {"email": mail}
        assert "an account needs one" in await refused(await enter(browser, issuer))


async def test_an_address_that_is_not_verified_is_confirmed_by_mail_first(
    browser: Browser, issuer: Issuer, post_office: Any
) -> None:
    for verified in (False, None, "true", 1):
        issuer.claims = {"email_verified": verified, "email": f"ada{verified}@example.com", "name": f"Ada {verified}"}
        response = await enter(browser, issuer)
        assert response.headers["Location"] == "/register/sent"
        assert not browser.cookie("session")
    assert all(confirmed is None for _, confirmed in await rows(browser, MAILS))
    assert await rows(browser, OUTSIDERS) == []
    assert (await post_office.mail("adaFalse@example.com")).subject == "[Support chat] Confirm your address"


async def test_s21_an_unverified_address_tells_nobody_whether_it_has_an_account(
    browser: Browser, issuer: Issuer, post_office: Any
) -> None:
    await make_agent(browser)
    issuer.claims = {"email_verified": False}
    assert (await enter(browser, issuer)).headers["Location"] == "/register/sent"
    assert "account" in (await post_office.mail(ADA)).subject
    assert await rows(browser, OUTSIDERS) == []


async def test_who_was_first_with_somebodys_address_keeps_nothing(
    browser: Browser, second_browser: Browser, issuer: Issuer, post_office: Any
) -> None:
    """An account that was never confirmed begins anew for whom the address was verified."""
    fields = {"name": "Eve", "email": ADA, "password": PASSWORD, "password_again": PASSWORD}
    assert (await browser.post_form("/register", **fields)).status == 303
    assert (await browser.post_form(email=ADA, password=PASSWORD)).status == 303
    assert (await enter(second_browser, issuer)).headers["Location"] == "/"
    assert (await second_browser.open(FACTORS)).status == 200
    assert (await browser.open("/confirm/again")).status in {303, 405}
    assert (await browser.open("/account/sessions")).headers["Location"].startswith("/sign-in")
    assert (await browser.post_form(email=ADA, password=PASSWORD)).status == 401
    assert await rows(browser, PEOPLE) == [("Ada Byron", "member")]


async def test_a_name_that_is_taken_gets_a_number(browser: Browser, second_browser: Browser, issuer: Issuer) -> None:
    await enter(browser, issuer)
    issuer.person |= {"sub": "2", "email": "grace@example.com"}
    await enter(second_browser, issuer)
    assert [name for name, _ in await rows(browser, PEOPLE)] == ["Ada Byron", "Ada Byron 2"]


async def test_s42_neither_code_nor_token_is_in_the_log(
    browser: Browser, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="widget_server")
    back = issuer.agree(await leave(browser))
    issuer.claims = {"nonce": "wrong"}
    await refused(await browser.open(back))
    code = parse_qs(urlsplit(back).query)["code"][0]
    said = "".join(
        f"{record.getMessage()}{vars(record)}" for record in caplog.records if record.name != "aiohttp.access"
    )
    assert code not in said
    assert SECRET not in said
