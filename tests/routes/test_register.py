"""Becoming a member over the pages, with a real mail server, and where no mail is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.routes.conftest import PASSWORD, make_agent
from widget_server.actions.sign_ins import list_sign_ins
from widget_server.routes.office import OFFICE
from widget_server.store.queries import accounts as queries
from widget_server.store.statement import Statement
from widget_server.store.tables import identity, person

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

MAIL = "ada@example.com"
ADDRESSES = Statement(select(identity.c.value).where(identity.c.kind == "mail"))
PEOPLE = Statement(select(func.count()).select_from(person))


async def register(browser: Browser, **other: str) -> ClientResponse:
    """Send the form as a person does."""
    fields = {"name": "Ada", "email": MAIL, "password": PASSWORD, "password_again": PASSWORD} | other
    return await browser.post_form("/register", **fields)


async def people(browser: Browser) -> int:
    row = await browser.app[OFFICE].engine.database.read(lambda tx: tx.one(PEOPLE))
    assert row is not None
    return int(row[0])


async def test_s4_01_s2_08_one_registers_signs_out_and_in_again_and_is_told_each_once(browser: Browser) -> None:
    await register(browser)
    assert "Welcome, Ada." in await (await browser.open("/")).text()
    assert "Welcome, Ada." not in await (await browser.open("/")).text()
    await browser.post_form("/sign-out", csrf=await browser.field("csrf", "/account/sessions"))
    page = await (await browser.open("/")).text()
    assert "You are signed out." in page
    assert "data-dismiss" in page
    response = await browser.post_form(email=MAIL, password=PASSWORD)
    assert (response.status, response.headers["Location"]) == (303, "/")
    for name, email, problem in (("ADA", "eve@example.com", "name-problem"), ("Eve", MAIL, "email-problem")):
        await browser.post_form("/sign-out", csrf=await browser.field("csrf", "/account/sessions"))
        refused = await register(browser, name=name, email=email)
        assert refused.status == 422
        assert problem in await refused.text()
        await browser.post_form(email=MAIL, password=PASSWORD)


async def test_s0_01_s3_01_where_no_mail_is_sent_one_is_signed_in_at_once(browser: Browser) -> None:
    response = await register(browser)
    assert (response.status, response.headers["Location"]) == (303, "/")
    text = await (await browser.open("/")).text()
    assert "Welcome, Ada." in text
    assert (await browser.open("/account/sessions")).status == 200


async def test_s3_20_s2_11_until_the_link_is_used_only_the_sign_in_area_opens(
    browser: Browser, post_office: PostOffice
) -> None:
    response = await register(browser)
    assert (response.status, response.headers["Location"]) == (303, "/register/sent")
    assert not browser.cookie("session")
    response = await browser.post_form(email=MAIL, password=PASSWORD)
    assert (response.status, response.headers["Location"]) == (303, "/confirm")
    assert (await browser.open("/sign-in")).headers["Location"] == "/confirm"
    for path in ("/account/sessions", "/account/password", "/account/address"):
        response = await browser.open(path)
        assert response.status == 303
        assert response.headers["Location"].startswith("/confirm?next=")
    notice = await (await browser.open("/confirm")).text()
    assert "Send the mail again" in notice
    first = await post_office.mail(MAIL)
    response = await browser.post_form("/confirm/again", csrf=await browser.field("csrf", "/confirm"))
    assert response.headers["Location"] == "/confirm"
    second = await post_office.mail(MAIL)
    assert (await browser.post_form("/confirm", code=first.code)).status == 403
    response = await browser.post_form("/confirm", code=second.code)
    assert (response.status, response.headers["Location"]) == (303, "/")
    assert (await browser.open("/account/sessions")).status == 200


async def test_the_link_signs_in_and_nobody_elses_session_stays_in_the_browser(
    browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    await make_agent(browser, "grace@example.com", "Grace")
    await browser.sign_in("grace@example.com")
    graces = browser.cookie("session")
    await register(second_browser)
    mail = await post_office.mail(MAIL)
    response = await browser.post_form("/confirm", code=mail.code)
    assert response.headers["Location"] == "/account/password"
    text = await (await browser.open("/account/password")).text()
    assert "one that was given in another browser is not kept" in text
    assert 'name="old"' not in text
    response = await browser.post_form(
        "/account/password", password="another fine river", password_again="another fine river"
    )
    assert response.status == 303
    browser.keep("session", graces)
    assert (await browser.open("/account/sessions")).headers["Location"].startswith("/sign-in")
    assert (await second_browser.post_form(email=MAIL, password=PASSWORD)).status == 401
    assert (await second_browser.post_form(email=MAIL, password="another fine river")).status == 303


@pytest.mark.parametrize("confirmed", [True, False])
async def test_s21_a_taken_address_gets_the_same_answer(
    browser: Browser, second_browser: Browser, post_office: PostOffice, *, confirmed: bool
) -> None:
    first = await register(second_browser)
    mail = await post_office.mail(MAIL)
    if confirmed:
        await second_browser.post_form("/confirm", code=mail.code)
    second = await register(browser, name="Eve", email=f" {MAIL.upper()}")
    assert (first.status, first.headers["Location"]) == (second.status, second.headers["Location"])
    assert await first.text() == await second.text()
    assert {name.lower() for name in first.headers} == {name.lower() for name in second.headers}
    addresses = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(ADDRESSES))
    assert [address for (address,) in addresses if "@" in address] == [MAIL]


async def test_s2_06_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(browser: Browser) -> None:
    response = await register(browser, name=" ", email="ada", password="password1", password_again="other")
    text = await response.text()
    assert response.status == 422
    for problem in ("name-problem", "email-problem", "password-problem", "password_again-problem"):
        assert f'id="{problem}"' in text
    assert 'value="ada"' in text
    assert "password1" not in text
    assert await people(browser) == 0


async def test_s2_09_a_taken_name_is_told(browser: Browser, post_office: PostOffice) -> None:
    await make_agent(browser)
    for name, told in (("ada", "is taken"), ("\u0410da", "looks like somebody else")):
        response = await register(browser, name=name, email="eve@example.com")
        assert response.status == 422
        assert told in await response.text()
    assert post_office.mails == []


async def test_s2_05_a_form_without_its_token_registers_nobody(browser: Browser) -> None:
    response = await register(browser, csrf="x" * 43)
    assert response.status == 403
    assert 'value="Ada"' in await response.text()
    assert await people(browser) == 0


async def test_s2_07_a_reload_after_registering_sends_nothing_again(browser: Browser, post_office: PostOffice) -> None:
    response = await register(browser)
    assert response.status == 303
    assert (await browser.open(response.headers["Location"])).status == 200
    assert (await browser.open(response.headers["Location"])).status == 200
    await post_office.mail(MAIL)
    assert len(post_office.mails) == 1


# Between nodes the pause is kept by Redis, whose clock cannot be moved.
@pytest.mark.only("sqlite", "postgresql")
async def test_s22_forms_that_mail_say_when_to_come_back(
    browser: Browser, clock: MovedClock, post_office: PostOffice
) -> None:
    mistakes = [await register(browser, name=" ") for _ in range(21)]
    assert {answer.status for answer in mistakes} == {422}
    forgotten = [await browser.post_form("/forgotten", email="eve@example.com") for _ in range(21)]
    assert [answer.status for answer in forgotten] == [303] * 20 + [429]
    seconds = int(forgotten[-1].headers["Retry-After"])
    assert f"Try again in {seconds} s." in await forgotten[-1].text()
    clock.ahead_ms += seconds * 1000
    assert (await browser.post_form("/forgotten", email="eve@example.com")).status == 303
    assert post_office.mails == []


async def test_the_confirmation_is_the_first_line_of_the_history(browser: Browser, post_office: PostOffice) -> None:
    await register(browser)
    await browser.post_form("/confirm", code=(await post_office.mail(MAIL)).code)
    database = browser.app[OFFICE].engine.database
    row = await database.read(lambda tx: tx.one(queries.BY_MAIL, mail=MAIL))
    assert row is not None
    (attempt,) = await list_sign_ins(database, row[0])
    assert (attempt.way, attempt.outcome, attempt.network) == ("link", "signed_in", "127.0.0.0/24")
