"""Passkeys over HTTP: what a device says is taken once, from this site, in this browser, with its owner verified."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import webauthn
from sqlalchemy import select

from tests.engines.authenticator import PRESENT, Authenticator, encoded
from tests.routes.conftest import PASSWORD, make_agent
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import passkey

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

ADA = "ada@example.com"
FACTORS = "/account/factors"
ROWS = Statement(select(passkey.c.name, passkey.c.sign_count, passkey.c.transports))


async def options(browser: Browser, path: str = "/sign-in/passkey/options") -> Any:
    return await (await browser.open(path)).json()


async def add(browser: Browser, device: Authenticator, name: str = "My phone", **client: Any) -> ClientResponse:
    """Add the device's passkey to the account of who is signed in."""
    csrf = await browser.field("csrf", FACTORS)
    answer = device.create(await options(browser, f"{FACTORS}/passkeys/options"), **client)
    return await browser.post_form(f"{FACTORS}/passkeys", csrf=csrf, name=name, credential=answer)


async def show(browser: Browser, answer: str) -> ClientResponse:
    """Sign in with what a device said."""
    csrf = await browser.field("csrf", "/sign-in")
    return await browser.post_form("/sign-in/passkey", csrf=csrf, credential=answer)


async def rows(browser: Browser) -> list[tuple[Any, ...]]:
    return await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(ROWS))


async def with_passkey(browser: Browser) -> Authenticator:
    """An agent's device; they are signed in by ``browser``."""
    await make_agent(browser)
    await browser.sign_in(ADA)
    device = Authenticator()
    assert (await add(browser, device)).headers["Location"] == f"{FACTORS}/codes"
    return device


@pytest.mark.everywhere
async def test_a_passkey_signs_in_by_itself_and_counts_as_two_factors(
    browser: Browser, second_browser: Browser
) -> None:
    device = await with_passkey(browser)
    assert await rows(browser) == [("My phone", 0, '["internal"]')]
    response = await show(second_browser, device.get(await options(second_browser)))
    assert response.headers["Location"] == "/console"
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 200
    assert (await rows(browser))[0][1] == 1


@pytest.mark.everywhere
async def test_50_parallel_uses_of_one_answer_sign_in_once(browser: Browser, second_browser: Browser) -> None:
    device = await with_passkey(browser)
    answer = device.get(await options(second_browser))
    csrf = await second_browser.field("csrf", "/sign-in")
    statuses = await asyncio.gather(
        *(second_browser.post_form("/sign-in/passkey", csrf=csrf, credential=answer) for _ in range(50))
    )
    assert sum(response.status == 303 for response in statuses) == 1


async def test_an_answer_that_comes_again_opens_nothing_though_its_device_keeps_no_count(
    browser: Browser, second_browser: Browser
) -> None:
    device = await with_passkey(browser)
    device.count = -1
    answer = device.get(await options(second_browser))
    ticket = second_browser.cookie("ticket-passkey")
    assert (await show(second_browser, answer)).status == 303
    await second_browser.post_form("/sign-out", csrf=await second_browser.field("csrf", FACTORS))
    second_browser.keep("ticket-passkey", ticket)
    assert (await show(second_browser, answer)).status == 403
    device.count = -1
    assert (await show(second_browser, device.get(await options(second_browser)))).status == 303


async def test_an_answer_counts_in_the_browser_that_was_asked_and_for_minutes(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    device = await with_passkey(browser)
    asked = await options(second_browser)
    await browser.post_form("/sign-out", csrf=await browser.field("csrf", FACTORS))
    assert (await show(browser, device.get(asked))).status == 403
    clock.ahead_ms += 300_001
    assert (await show(second_browser, device.get(asked))).status == 403
    assert (await show(second_browser, device.get(await options(second_browser)))).status == 303


LIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "a neighbour": {"origin": "http://localhost:8081"},
    "another challenge": {"challenge": encoded(b"A" * 32)},
    "another kind of answer": {"type": "webauthn.create"},
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_was_said_to_somebody_else_opens_nothing(
    browser: Browser, second_browser: Browser, lie: str
) -> None:
    device = await with_passkey(browser)
    assert (await show(second_browser, device.get(await options(second_browser), **LIES[lie]))).status == 403
    assert not second_browser.cookie("session")


async def test_a_device_that_answers_wrong_opens_nothing(browser: Browser, second_browser: Browser) -> None:
    device = await with_passkey(browser)
    for change in (
        {"flags": PRESENT},
        {"flags": 0},
        {"host": "evil.example"},
        {"key": Authenticator().key},
        {"count": -1},
        {"credential_id": b"x" * 32},
        {"user": encoded(b"somebody else")},
    ):
        wrong = Authenticator()
        vars(wrong).update(vars(device) | {"count": 5} | change)
        if "count" in change:
            # The right one was used meanwhile: a copy falls behind.
            assert (await show(second_browser, device.get(await options(second_browser)))).status == 303
            await second_browser.post_form("/sign-out", csrf=await second_browser.field("csrf", FACTORS))
        assert (await show(second_browser, wrong.get(await options(second_browser)))).status == 403, change
        assert not second_browser.cookie("session")


@pytest.mark.parametrize("answer", ["", "{", "[]", "null", '{"id": 5}', '{"id": "AA", "response": []}', "[" * 15_000])
async def test_what_is_no_answer_opens_nothing_and_breaks_nothing(browser: Browser, answer: str) -> None:
    await options(browser)
    assert (await show(browser, answer)).status == 403


async def test_a_passkey_without_a_verified_owner_is_not_added(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in(ADA)
    for change in ({"flags": PRESENT}, {"host": "evil.example"}):
        device = Authenticator()
        vars(device).update(change)
        assert (await add(browser, device)).headers["Location"] == FACTORS
    for lie in LIES.values():
        assert (await add(browser, Authenticator(), **({"type": "webauthn.get"} if "type" in lie else lie))).headers[
            "Location"
        ] == FACTORS
    assert await rows(browser) == []
    assert "This passkey was not taken." in await (await browser.open(FACTORS)).text()


async def test_a_passkey_belongs_to_one_account(browser: Browser, second_browser: Browser) -> None:
    device = await with_passkey(browser)
    assert (await add(browser, device)).headers["Location"] == FACTORS
    await make_agent(browser, "eve@example.com", "Eve")
    await second_browser.sign_in("eve@example.com")
    assert (await add(second_browser, device)).headers["Location"] == FACTORS
    assert len(await rows(browser)) == 1


async def test_as_second_factor_it_must_be_of_the_account_whose_password_was_shown(
    browser: Browser, second_browser: Browser
) -> None:
    device = await with_passkey(browser)
    await make_agent(browser, "eve@example.com", "Eve")
    await second_browser.sign_in("eve@example.com")
    evil = Authenticator()
    await add(second_browser, evil)
    await second_browser.post_form("/sign-out", csrf=await second_browser.field("csrf", FACTORS))
    half = await second_browser.post_form(email=ADA, password=PASSWORD)
    assert half.headers["Location"] == "/sign-in/code"
    csrf = await second_browser.field("csrf", "/sign-in/code")
    asked = await options(second_browser)
    assert [each["id"] for each in asked["allowCredentials"]] == [encoded(device.credential_id)]
    wrong = await second_browser.post_form("/sign-in/passkey", csrf=csrf, credential=evil.get(asked))
    assert wrong.status == 403
    right = await second_browser.post_form(
        "/sign-in/passkey", csrf=csrf, credential=device.get(await options(second_browser))
    )
    assert right.headers["Location"] == "/console"


async def test_who_is_not_signed_in_is_told_of_nobodys_passkeys(browser: Browser, second_browser: Browser) -> None:
    await with_passkey(browser)
    assert (await options(second_browser))["allowCredentials"] == []


@pytest.mark.parametrize("name", ["", "x" * 61])
async def test_a_name_is_wanted(browser: Browser, name: str) -> None:
    await make_agent(browser)
    await browser.sign_in(ADA)
    assert (await add(browser, Authenticator(), name=name)).headers["Location"] == FACTORS
    assert await rows(browser) == []


async def test_somebody_elses_passkey_cannot_be_removed(browser: Browser, second_browser: Browser) -> None:
    await with_passkey(browser)
    await make_agent(browser, "eve@example.com", "Eve")
    await second_browser.sign_in("eve@example.com")
    assert (await second_browser.open(f"{FACTORS}/passkeys/1/remove")).status == 404
    csrf = await second_browser.field("csrf", FACTORS)
    await second_browser.post_form(f"{FACTORS}/passkeys/1/remove", csrf=csrf, password=PASSWORD)
    assert len(await rows(browser)) == 1


async def test_s18_a_check_that_breaks_or_forgets_to_wait_opens_nothing(
    browser: Browser, second_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await with_passkey(browser)
    for answer in (ZeroDivisionError(), True, json):

        def checks(*_: object, answer: object = answer, **__: object) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(webauthn, "verify_authentication_response", checks)
        assert (await show(second_browser, device.get(await options(second_browser)))).status == 403
