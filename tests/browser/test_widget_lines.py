"""The widget over lines that break, in several tabs, and over pages that come and go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, WebSocket

    from tests.browser.widget_shop import Agent, Shop

TEN = [f"Message {number}" for number in range(10)]


class Sockets:
    """The WebSockets that the pages of a context have open."""

    def __init__(self, context: BrowserContext) -> None:
        self.open: set[WebSocket] = set()
        self.opened = 0
        context.on("page", lambda page: page.on("websocket", self._came))

    def _came(self, socket: WebSocket) -> None:
        self.opened += 1
        self.open.add(socket)
        socket.on("close", self._went)

    def _went(self, socket: WebSocket) -> None:
        self.open.discard(socket)


async def test_g17_ten_messages_written_offline_are_sent_once_and_in_order_after_a_reload(
    shop: Shop, agent: Agent
) -> None:
    context = await shop.context()
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await expect(visitor.state("Sent")).to_be_visible()
    # The chat's server is out of reach for what is said; the pages and their scripts still load.
    await context.route(re.compile(r"/(stream|frames)/"), lambda route: route.abort())
    await context.route_web_socket("**/ws/**", lambda socket: socket.close())
    await visitor.page.reload()
    await visitor.open()
    await visitor.says(*TEN)
    await visitor.shows(*TEN)
    await expect(visitor.state("Sending")).to_be_visible()
    await expect(visitor.notice).to_contain_text("Reconnecting…")
    await visitor.page.close()
    # Another page of the shop, with the network back.
    fresh = await shop.browser.new_context(storage_state=await context.storage_state())
    try:
        back = await shop.page(fresh, "/contact")
        await back.launcher.click()
        await agent.hears(channel, "Hello", *TEN)
        await back.shows("Hello", *TEN)
        await expect(back.state("Sent").or_(back.state("Delivered"))).to_be_visible()
    finally:
        await fresh.close()


async def test_offline_is_said_plainly_and_ends_by_itself(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await context.set_offline(True)
    await visitor.page.evaluate("dispatchEvent(new Event('offline'))")
    await visitor.says("Are you there?")
    await expect(visitor.message("Are you there?")).to_be_visible()
    await context.set_offline(False)
    await agent.hears(channel, "Hello", "Are you there?")
    await expect(visitor.notice).to_be_empty()


async def test_where_sockets_are_blocked_the_fallback_does_the_same(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    await context.add_init_script(
        """window.WebSocket = class {
             constructor() { setTimeout(() => this.onclose?.({ code: 1006, reason: "" })) }
             close() {}
           }"""
    )
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello", "Can you read this?")
    channel = await agent.open("Can you read this?")
    await agent.hears(channel, "Hello", "Can you read this?")
    await agent.says(channel, "Yes")
    await visitor.shows("Hello", "Can you read this?", "Yes")
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 3)
    await agent.looks(channel)
    await expect(visitor.state("Seen")).to_be_visible()
    await agent.types(channel, True)
    await expect(visitor.log.locator(".dots")).to_be_visible()
    await visitor.page.reload()
    await visitor.open()
    await visitor.shows("Hello", "Can you read this?", "Yes")


async def test_g18_three_tabs_share_one_socket_and_agree(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    sockets = Sockets(context)
    first = await shop.page(context)
    await first.open()
    await first.says("From the first")
    channel = await agent.open("From the first")
    tabs = [first, await shop.page(context, "/contact"), await shop.page(context, "/cart")]
    for tab in tabs[1:]:
        await tab.launcher.click()
        await tab.shows("From the first")
    await tabs[2].says("From the third")
    await agent.says(channel, "To all")
    for tab in tabs:
        await tab.shows("From the first", "From the third", "To all")
        await expect(tab.state("Sent").or_(tab.state("Delivered")).or_(tab.state("Seen"))).to_be_visible()
    assert len(sockets.open) == 1
    await agent.types(channel, True)
    for tab in tabs:
        await expect(tab.log.locator(".dots")).to_be_visible()
    # The tab with the socket goes; another takes over and nothing is lost.
    await first.page.close()
    await agent.says(channel, "Still there?")
    await tabs[1].says("From the second")
    for tab in tabs[1:]:
        await tab.shows("From the first", "From the third", "To all", "Still there?", "From the second")
    assert sockets.opened == 2


async def test_a_draft_survives_the_change_of_pages(shop: Shop) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.box.press_sequentially("Half a thou")
    await visitor.page.goto(f"{shop.url}/contact")
    await visitor.open()
    await expect(visitor.box).to_have_value("Half a thou")


@pytest.mark.plain_browser
async def test_the_page_stays_in_the_back_forward_cache(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await visitor.page.evaluate("addEventListener('pageshow', (event) => { window.kept = event.persisted })")
    await visitor.page.get_by_role("link", name="Contact").click()
    await expect(visitor.page).to_have_url(f"{shop.url}/contact")
    await agent.says(channel, "While you were away")
    # Playwright's own way waits for a load that does not come.
    await visitor.page.evaluate("history.back()")
    await expect(visitor.page).to_have_url(f"{shop.url}/")
    await visitor.page.wait_for_function("window.kept === true")
    await visitor.shows("Hello", "While you were away")
    await visitor.says("I am back")
    await agent.hears(channel, "Hello", "While you were away", "I am back")


async def test_a_closed_panel_without_a_conversation_has_no_socket(shop: Shop) -> None:
    context = await shop.context()
    sockets = Sockets(context)
    visitor = await shop.page(context)
    await visitor.launcher.hover()
    await visitor.page.wait_for_load_state("networkidle")
    assert sockets.opened == 0


async def test_the_lost_ack_of_the_very_first_message_makes_one_visitor_and_one_conversation(
    shop: Shop, agent: Agent
) -> None:
    context = await shop.context()
    lost: list[str] = []

    def swallow(text: str | bytes) -> bool:
        gone = '"t":"ack"' in str(text) or '"t":"head"' in str(text)
        if gone:
            lost.append(str(text))
        return gone

    def carry(client: object) -> None:
        server = client.connect_to_server()  # type: ignore[attr-defined]  # Playwright's own type is not exported
        server.on_message(lambda text: None if swallow(text) else client.send(text))  # type: ignore[attr-defined]  # same
        client.on_message(server.send)  # type: ignore[attr-defined]  # same

    visitor = await shop.page(context)
    await context.route_web_socket("**/ws/**", carry)
    await visitor.page.reload()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await visitor.page.wait_for_function("document.querySelector('support-chat')")
    await agent.client.until(lambda: bool(lost))
    await visitor.page.close()
    fresh = await shop.browser.new_context(storage_state=await context.storage_state())
    try:
        back = await shop.page(fresh)
        await back.launcher.click()
        await back.shows("Hello")
        await expect(back.state("Sent").or_(back.state("Delivered"))).to_be_visible()
        await back.says("Once")
        await agent.hears(channel, "Hello", "Once")
        assert len(agent.client.state.rows) == 1
    finally:
        await fresh.close()
