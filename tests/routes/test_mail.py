"""Mails of a served installation, received by a real mail server."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiosmtplib
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from tests.patience import until_read
from tests.routes.conftest import PASSWORD
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import link, outbox
from widget_server.workers.letters import PAGES, Letters

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientResponse

    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser

ADA = "ada@example.com"
OTHER = "river under a plum tree"
ROWS = Statement(select(outbox.c.done_at, outbox.c.dead_at, outbox.c.attempts, outbox.c.problem))
EVERYTHING = (Statement(select(outbox)), Statement(select(link)))


async def register(browser: Browser, **other: str) -> None:
    """Register as a person does."""
    wish = {"name": "Ada", "email": ADA, "password": PASSWORD} | other
    response = await browser.post_form("/register", **wish, password_again=wish["password"])
    assert (response.status, response.headers["Location"]) == (303, "/register/sent"), await response.text()


async def rows(browser: Browser) -> list[tuple[Any, ...]]:
    return await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(ROWS))


async def until_done(browser: Browser) -> list[tuple[Any, ...]]:
    """Every row of the outbox, once nothing waits; the worker does it in its own time."""
    return await until_read(lambda: rows(browser), lambda found: all(row[0] or row[1] for row in found))


@pytest.mark.everywhere
async def test_s2_11_the_link_of_the_mail_confirms_the_address(browser: Browser, post_office: PostOffice) -> None:
    await register(browser)
    mail = await post_office.mail(ADA)
    assert mail.subject == "[Support chat] Confirm your address"
    assert mail.link == f"http://localhost:8080/confirm#{mail.code}"
    assert mail.link in mail.html
    assert mail.code in mail.html.replace(mail.link, "")
    response = await browser.post_form("/confirm", code=mail.code)
    assert (response.status, response.headers["Location"]) == (303, "/")
    assert browser.cookie("session")


async def test_the_page_of_every_mailed_link_is_there(browser: Browser) -> None:
    for page in PAGES.values():
        assert (await browser.open(page)).status in {200, 303}, page


@pytest.mark.everywhere
async def test_s2_25_a_mail_server_that_is_down_delays_no_page_and_loses_no_mail(
    browser: Browser, post_office: PostOffice, clock: Any
) -> None:
    post_office.stop()
    await register(browser)
    waiting = await until_read(lambda: rows(browser), lambda found: found and found[0][3] is not None)
    assert waiting[0][3] == "The mail server cannot be reached (SMTPConnectError)."
    assert waiting[0][:2] == (None, None)
    post_office.start()
    clock.ahead_ms = 60_000
    mail = await post_office.mail(ADA)
    assert (await browser.post_form("/confirm", code=mail.code)).status == 303
    await until_done(browser)
    assert len(post_office.mails) == 1


async def test_s2_25_a_mail_server_that_hangs_delays_no_page(browser: Browser, post_office: PostOffice) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        goes_on.wait(60)

    post_office.before_taking = hang
    try:
        await register(browser)
        await asyncio.to_thread(hangs.wait, 60)
        await register(browser, name="Grace", email="grace@example.com")
        assert (await browser.open("/sign-in")).status == 200
    finally:
        goes_on.set()
    await post_office.mail("grace@example.com")


@pytest.mark.only("sqlite", "nodes")
async def test_s2_25_two_nodes_send_each_mail_once(
    browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    people = [f"person{number}@example.com" for number in range(12)]
    for number, address in enumerate(people):
        await register((browser, second_browser)[number % 2], name=f"Person {number}", email=address)
    for address in people:
        await post_office.mail(address)
    done = await until_done(browser)
    assert Counter(mail.to for mail in post_office.mails) == Counter(people)
    assert [row[2] for row in done] == [1] * len(people)


async def post_as(browser: Browser, host: str, **headers: str) -> ClientResponse:
    """Register while naming another host in every way there is."""
    csrf = await browser.field("csrf", "/register")
    wish = {"name": "Ada", "email": ADA, "password": PASSWORD, "password_again": PASSWORD, "csrf": csrf}
    own = {"Host": host, "X-Forwarded-Host": host, "Forwarded": f"host={host}", "X-Forwarded-Proto": "ftp"}
    sent = own | {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"} | headers
    return await browser.client.post("/register", data=wish, headers=sent, allow_redirects=False)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "localhost:8080@evil.example"])
async def test_s35_links_lead_to_the_configured_address_whatever_host_a_request_names(
    browser: Browser, post_office: PostOffice, host: str
) -> None:
    response = await post_as(browser, host)
    assert response.status in {303, 400, 403}
    if response.status == 303:
        mail = await post_office.mail(ADA)
        assert mail.link == f"http://localhost:8080/confirm#{mail.code}"
        assert "evil" not in mail.raw.decode()
        assert "evil" not in mail.html + mail.text


@pytest.mark.parametrize(
    "typed",
    [
        {"email": "ada@example.com\r\nBcc: eve@evil.example"},
        {"email": "ada@example.com, eve@evil.example"},
        {"email": "ada@example.com>\r\nRCPT TO:<eve@evil.example"},
        {"email": "<eve@evil.example> ada@example.com"},
        {"name": "Ada\r\nBcc: eve@evil.example"},
        {"name": "Ada\n.\nMAIL FROM:<eve@evil.example>"},
    ],
)
async def test_s35_nothing_typed_adds_a_header_or_a_recipient(
    browser: Browser, post_office: PostOffice, typed: dict[str, str]
) -> None:
    wish = {"name": "Ada", "email": ADA, "password": PASSWORD, "password_again": PASSWORD} | typed
    await browser.post_form("/register", **wish)
    await register(browser, name="Grace", email="grace@example.com")
    await post_office.mail("grace@example.com")
    await until_done(browser)
    for mail in post_office.mails:
        assert "evil" not in mail.to
        assert mail.message["Bcc"] is None
        assert len(mail.message["To"].addresses) == 1
        assert "eve@" not in str(mail.message["Subject"])


async def test_s42_no_token_address_or_mail_is_in_any_line_of_the_log(
    browser: Browser, post_office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await register(browser)
    first = await post_office.mail(ADA)
    assert (await browser.post_form("/confirm", code="a" * 32)).status != 303
    assert (await browser.post_form("/confirm", code=first.code)).status == 303
    session = browser.cookie("session")
    await browser.post_form("/sign-out", csrf=await browser.field("csrf", "/"))
    await register(browser, name="Another")
    second = await post_office.mail(ADA)
    assert second.subject.endswith("You have an account already")
    assert (await browser.post_form("/forgotten", email=ADA)).status == 303
    third = await post_office.mail(ADA)
    fresh = {"password": OTHER, "password_again": OTHER}
    assert (await browser.post_form("/forgotten/new", code=third.code, **fresh)).status == 303
    assert (await post_office.mail(ADA)).subject.endswith("Your password was changed")
    await until_done(browser)
    lines = "\n".join(
        f"{record.getMessage()} {vars(record)}" for record in caplog.records if not record.name.startswith("mail.log")
    )
    assert "Sent a mail." in lines
    for secret in (first.code, third.code, session, PASSWORD, OTHER, ADA, "Somebody, probably you"):
        assert secret not in lines


async def test_s20_neither_the_outbox_nor_the_links_hold_what_the_mail_carries(
    browser: Browser, post_office: PostOffice
) -> None:
    await register(browser)
    code = (await post_office.mail(ADA)).code
    await until_done(browser)
    for statement in EVERYTHING:
        stored = await browser.app[OFFICE].engine.database.read(lambda tx, found=statement: tx.all(found))  # type: ignore[misc]  # a default is no parameter
        assert stored
        assert code not in str(stored)


async def test_argon2_and_mail_never_run_on_the_event_loop(
    browser: Browser, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[int]] = {}

    def watch(owner: type, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, noted)

    for owner, name in (
        (PasswordHasher, "hash"),
        (PasswordHasher, "verify"),
        (Letters, "write"),
        (Letters, "seal"),
        (aiosmtplib.SMTP, "connect"),
        (aiosmtplib.SMTP, "send_message"),
    ):
        watch(owner, name)
    await register(browser)
    mail = await post_office.mail(ADA)
    await browser.post_form("/confirm", code=mail.code)
    await browser.post_form("/sign-out", csrf=await browser.field("csrf", "/"))
    await browser.post_form("/sign-in", email=ADA, password=PASSWORD)
    assert browser.cookie("session")
    assert set(threads) == {"hash", "verify", "write", "seal", "connect", "send_message"}
    assert threading.get_ident() not in set().union(*threads.values())
