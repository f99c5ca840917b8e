"""A visitor leaves an address in the chat, and shows that it is theirs."""

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
    from aiohttp import ClientResponse

    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser

pytestmark = pytest.mark.everywhere
ADA = "ada@example.com"


async def leave(widget: Widget, mail: object, **headers: str) -> ClientResponse:
    own = {"Authorization": f"Bearer {widget.line.state.token}", "Origin": SHOP}
    url = f"/contacts/{widget.site.key}"
    return await widget.browser.client.post(url, json={"mail": mail}, headers=own | headers)


async def contact(browser: Browser, lines: AsyncExitStack, channel: str) -> Any:
    """What an agent sees of the visitor."""
    url = str(browser.client.make_url("/ws/console"))
    own = browser.app[OFFICE].settings.public_url
    agent = await lines.enter_async_context(SocketClient(browser.client.session, url, own, ClientState("agent")))
    staff = (await agent.show(channel)).staff
    assert staff is not None
    head = (await agent.show(staff)).head
    assert head is not None
    return head["head"]["contact"]


async def test_an_address_that_was_left_is_confirmed_by_the_link_in_its_mail(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack, post_office: PostOffice
) -> None:
    site = await make_site(browser)
    await make_agent(second_browser, "grace@example.com", "Grace")
    await second_browser.sign_in("grace@example.com")
    widget = await open_widget(browser, site, lines, "Hello")
    assert (await leave(widget, "Ada@Example.com")).status == 204
    told = await contact(second_browser, lines, widget.channel)
    assert (told["mail"], told["mail_confirmed"]) == ("Ada@Example.com", False)
    mail = await post_office.mail("Ada@Example.com")
    assert mail.link == f"http://localhost:8080/contact/confirm#{mail.code}"
    for status in (303, 403):
        assert (await second_browser.post_form("/contact/confirm", code=mail.code)).status == status
    assert (await contact(second_browser, lines, widget.channel))["mail_confirmed"] is True
    # Another address is not confirmed by it.
    await widget.line.ask(
        {"t": "contact", "ref": widget.line.state.ref(), "mail": "eve@example.com", "name": "Ada", "attributes": {}}
    )
    told = await contact(second_browser, lines, widget.channel)
    assert (told["mail"], told["mail_confirmed"]) == ("eve@example.com", False)


async def test_a_link_to_an_address_that_was_replaced_confirms_nothing(
    browser: Browser, lines: AsyncExitStack, post_office: PostOffice
) -> None:
    widget = await open_widget(browser, await make_site(browser), lines, "Hello")
    await leave(widget, ADA)
    code = (await post_office.mail(ADA)).code
    await widget.line.ask(
        {"t": "contact", "ref": widget.line.state.ref(), "mail": "eve@example.com", "name": None, "attributes": {}}
    )
    assert (await browser.post_form("/contact/confirm", code=code)).status == 403


async def test_nobodys_mailbox_is_filled(browser: Browser, lines: AsyncExitStack, post_office: PostOffice) -> None:
    site = await make_site(browser)
    widgets = [await open_widget(browser, site, lines, "Hello") for _ in range(6)]
    for widget in widgets[1:]:
        assert (await leave(widget, ADA)).status == 204
    for _ in range(3):
        await post_office.mail(ADA)
    await leave(widgets[0], "last@example.com")
    await post_office.mail("last@example.com")
    assert [mail.to for mail in post_office.mails].count(ADA) == 3


async def test_only_a_visitor_who_has_written_leaves_an_address(
    browser: Browser, lines: AsyncExitStack, post_office: PostOffice
) -> None:
    site = await make_site(browser)
    widget, silent = await open_widget(browser, site, lines, "Hello"), await open_widget(browser, site, lines)
    assert (await leave(silent, ADA)).status == 404
    assert (await leave(widget, ADA, Authorization="Bearer x")).status == 401
    assert (await leave(widget, ADA, Origin="https://evil.example")).status == 403
    assert (await leave(widget, "nobody")).status == 422
    assert (await leave(widget, f"{'x' * 200}@example.com")).status == 422
    assert (await leave(widget, None)).status == 400
    assert post_office.mails == []
