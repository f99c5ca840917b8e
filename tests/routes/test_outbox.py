"""The outbox as administrators see it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from tests.patience import until_read
from tests.routes.conftest import PASSWORD, make_agent, text_of
from tests.routes.test_mail import register
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import audit

if TYPE_CHECKING:
    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser

AUDIT = Statement(select(audit.c.verb, audit.c.object_kind, audit.c.object_id, audit.c.details))


async def words_of(browser: Browser, path: str) -> str:
    """A page's text, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", await text_of(browser, path))))


async def until(browser: Browser, path: str, piece: str) -> str:
    """The page's text, once it has the piece; the worker writes it in its own time."""
    return await until_read(lambda: words_of(browser, path), lambda text: piece in text)


@pytest.mark.everywhere
async def test_s2_25_a_mail_that_was_given_up_is_seen_with_its_reason_and_sent_again(
    browser: Browser, post_office: PostOffice
) -> None:
    post_office.answers["eve@example.com"] = "550 eve@example.com is a secret of ours"
    await register(browser, email="eve@example.com")
    await make_agent(browser, role=Role.ADMINISTRATOR)
    browser.client.session.cookie_jar.clear()
    await browser.sign_in("ada@example.com")
    text = await until(browser, "/admin/outbox", "eve@example.com")
    assert "The mail server refuses the recipient (550)." in text
    assert "secret of ours" not in text
    assert "Given up 1" in text

    post_office.answers.clear()
    page = await (await browser.open("/admin/outbox")).text()
    key = re.search(r'name="id" value="(\d+)"', page)
    assert key
    csrf = await browser.field("csrf", "/admin/outbox")
    response = await browser.post_form("/admin/outbox/again", kind="mail", id=key[1], csrf=csrf)
    assert (response.status, response.headers["Location"]) == (303, "/admin/outbox?kind=mail")
    mail = await post_office.mail("eve@example.com")
    assert mail.subject == "[Support chat] Confirm your address"
    await until(browser, "/admin/outbox?state=done", "eve@example.com")
    rows = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(AUDIT))
    assert ("outbox.sent_again", "mail", key[1], "{}") in [tuple(row) for row in rows]


async def test_all_that_were_given_up_are_sent_again_at_once(browser: Browser, post_office: PostOffice) -> None:
    people = [f"eve{number}@example.com" for number in range(3)]
    post_office.answers.update(dict.fromkeys(people, "550 Nobody here"))
    for number, address in enumerate(people):
        await register(browser, email=address, name=f"Eve {number}")
    await make_agent(browser, role=Role.ADMINISTRATOR)
    browser.client.session.cookie_jar.clear()
    await browser.sign_in("ada@example.com")
    await until(browser, "/admin/outbox", "Given up 3")
    post_office.answers.clear()
    csrf = await browser.field("csrf", "/admin/outbox")
    await browser.post_form("/admin/outbox/again", kind="mail", id="all", csrf=csrf)
    for address in people:
        await post_office.mail(address)
    text = await until(browser, "/admin/outbox", "Given up 0")
    assert "Nothing was given up." in text


@pytest.mark.parametrize("role", [Role.AGENT, Role.MODERATOR])
async def test_s3_16_nobody_but_administrators_sees_the_outbox_or_sends_again(browser: Browser, role: Role) -> None:
    await make_agent(browser, role=role)
    await browser.post_form(email="ada@example.com", password=PASSWORD)
    assert (await browser.open("/admin/outbox")).status == 403
    csrf = await browser.field("csrf", "/")
    assert (await browser.post_form("/admin/outbox/again", kind="mail", id="all", csrf=csrf)).status == 403


@pytest.mark.parametrize("wish", ["kind=x&state=y", "after=a.b", "after=1", "after=" + "9" * 40 + ".1", "kind=webhook"])
async def test_an_address_of_the_outbox_that_makes_no_sense_shows_a_list_all_the_same(
    browser: Browser, wish: str
) -> None:
    await make_agent(browser, role=Role.ADMINISTRATOR)
    await browser.sign_in("ada@example.com")
    assert "Nothing was given up." in await words_of(browser, f"/admin/outbox?{wish}")
