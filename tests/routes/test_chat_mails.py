"""Mails about chats, through the doors: a visitor, an agent's console and a real mail server."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.routes.conftest import SHOP, make_agent, make_site
from tests.routes.test_claims import Widget, open_widget
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.engines.post_office import PostOffice, ReceivedMail
    from tests.routes.conftest import Browser

ADA = "ada@example.com"
GRACE = "grace@example.com"
MINUTE = 60_000


async def console(browser: Browser, lines: AsyncExitStack, channel: str) -> SocketClient:
    """Grace's console, with a conversation open."""
    await browser.sign_in(GRACE)
    url = str(browser.client.make_url("/ws/console"))
    own = browser.app[OFFICE].settings.public_url
    line = await lines.enter_async_context(SocketClient(browser.client.session, url, own, ClientState("agent")))
    await line.show(channel)
    return line


async def ask(browser: Browser, lines: AsyncExitStack, said: str = "Where is my parcel?") -> Widget:
    """A visitor who has asked something, left their address and gone."""
    site = await make_site(browser)
    await make_agent(browser, GRACE, "Grace")
    async with AsyncExitStack() as own:
        widget = await open_widget(browser, site, own, said)
        line = widget.line
        context = {"page": f"{SHOP}/parcels", "title": "Parcels"}
        await line.say({"t": "context", "context": context})
        about = {"mail": ADA, "name": "Ada", "attributes": {}}
        await line.ask({"t": "contact", "ref": line.state.ref(), **about})
    return widget


async def answered(
    browser: Browser, lines: AsyncExitStack, post_office: PostOffice, clock: Any, text: str = "It is on its way."
) -> tuple[Widget, SocketClient, ReceivedMail]:
    """An agent's answer to that, as it comes by mail."""
    widget = await ask(browser, lines)
    line = await console(browser, lines, widget.channel)
    await line.deliver(text, channel=widget.channel)
    clock.ahead_ms += 3 * MINUTE
    return widget, line, await post_office.mail(ADA)


@pytest.mark.everywhere
async def test_a_visitor_who_has_gone_is_mailed_the_answer_and_can_end_that(
    browser: Browser, lines: AsyncExitStack, post_office: PostOffice, clock: Any
) -> None:
    widget, line, mail = await answered(browser, lines, post_office, clock)
    assert mail.subject == "[Support chat] Answer from Plum & Sons"
    assert mail.message["From"].addresses[0].display_name == "Grace (Plum & Sons)"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Reply-To"] is None
    assert "This mail cannot be answered." in mail.text
    for part in (mail.text, mail.html):
        assert "It is on its way." in part
        assert "Where is my parcel?" in part
        assert f"{SHOP}/parcels" in part
    await line.deliver("Tomorrow.", channel=widget.channel)
    clock.ahead_ms += 3 * MINUTE
    second = await post_office.mail(ADA)
    assert second.message["In-Reply-To"] == mail.message["Message-ID"]
    assert mail.message["Message-ID"] in second.message["References"]
    assert second.subject == mail.subject
    stop = second.message["List-Unsubscribe"].strip("<> ").removeprefix("http://localhost:8080")
    assert second.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (await browser.open(stop)).status == 200
    body = {"List-Unsubscribe": "One-Click"}
    assert (await browser.client.post(stop[:-3] + "abc", data=body)).status == 403
    assert (await browser.client.post(stop, data=body)).status == 204
    csrf = await browser.field("csrf", stop)
    assert (await browser.post_form(f"{stop}/now", csrf=csrf)).status == 303
    await line.deliver("Or the day after.", channel=widget.channel)
    clock.ahead_ms += 3 * MINUTE
    await browser.post_form("/forgotten", email=GRACE)
    await post_office.mail(GRACE)
    assert [each.to for each in post_office.mails].count(ADA) == 2


@pytest.mark.everywhere
async def test_an_agent_is_mailed_a_chat_that_nobody_answers(
    browser: Browser, lines: AsyncExitStack, post_office: PostOffice, clock: Any
) -> None:
    widget = await ask(browser, lines)
    clock.ahead_ms += 6 * MINUTE
    mail = await post_office.mail(GRACE)
    assert mail.subject == "[Support chat] Nobody has answered Ada yet"
    assert f"http://localhost:8080/console#/c/{widget.channel}" in mail.text
    assert "parcel" not in mail.text + mail.html


@pytest.mark.everywhere
async def test_s35_names_and_pages_lead_nowhere_and_history_carries_no_link(
    browser: Browser, lines: AsyncExitStack, post_office: PostOffice, clock: Any
) -> None:
    site = await make_site(browser, name="Shop https://evil.example")
    await make_agent(browser, GRACE, "Grace")
    async with AsyncExitStack() as own:
        widget = await open_widget(browser, site, own, "Win at https://evil.example/now <b>bold</b>")
        state = widget.line.state
        await widget.line.say({"t": "context", "context": {"page": "https://evil.example/here"}})
        about = {"mail": ADA, "name": "Ada\r\nBcc: eve@evil.example", "attributes": {}}
        await widget.line.ask({"t": "contact", "ref": state.ref(), **about})
    line = await console(browser, lines, widget.channel)
    await line.deliver("<script>alert(1)</script> see https://example.org/help", channel=widget.channel)
    clock.ahead_ms += 3 * MINUTE
    mail = await post_office.mail(ADA)
    assert "evil.example" not in mail.raw.decode() + mail.text + mail.html
    assert "https://example.org/help" in mail.text
    assert "<script>" not in mail.html
    assert mail.message["Bcc"] is None


async def test_an_agents_switch_is_a_call_of_the_console(browser: Browser) -> None:
    await make_agent(browser, GRACE, "Grace")
    await browser.sign_in(GRACE)
    assert (await browser.call("GET", "/console/api/me"))["missed_mails"] is True
    assert (await browser.call("PUT", "/console/api/me/missed-mails", {"on": False}))["missed_mails"] is False
    assert (await browser.call("GET", "/console/api/me"))["missed_mails"] is False
    assert (await browser.fetch("PUT", "/console/api/me/missed-mails", {"on": "yes"})).status == 422
