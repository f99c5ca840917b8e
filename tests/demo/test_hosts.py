"""The widget as a guest: on every host page a first message is sent, and neither side notices anything of the other."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tests.demo.conftest import World

pytestmark = pytest.mark.browser


class Visit:
    """One visitor on one page, and everything the browser complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    async def say(self, text: str) -> None:
        """Open the chat where it is closed, send a message, and see it sent."""
        message = self.page.get_by_role("textbox", name="Message")
        if not await message.is_visible():
            await self.page.get_by_role("button", name="Open chat").click()
        await message.press_sequentially(text)
        await expect(message).to_have_value(text)
        await message.press("Enter")
        log = self.page.get_by_role("log", name="Conversation")
        await expect(log.get_by_text(text, exact=True)).to_be_visible()
        await expect(self.page.get_by_text(re.compile("^(Sent|Delivered)"))).to_be_visible()


async def visit(browser: Browser, url: str, width: int = 1000) -> Visit:
    context = await browser.new_context(viewport={"width": width, "height": 1000})
    found = Visit(await context.new_page())
    await found.page.goto(url)
    return found


@pytest.mark.parametrize("path", ["/", "/products/slow-clock", "/strict", "/app", "/hostile", "/rtl"])
async def test_s1_02_a_first_message_is_sent_from_every_host_page(world: World, browser: Browser, path: str) -> None:
    visitor = await visit(browser, f"{world.shop}{path}")
    await visitor.say("does silk shrink")
    assert visitor.complaints == []


async def test_the_conversation_follows_from_page_to_page(world: World, browser: Browser) -> None:
    visitor = await visit(browser, f"{world.shop}/")
    await visitor.say("one")
    await visitor.page.goto(f"{world.shop}/strict")
    await visitor.say("two")
    log = visitor.page.get_by_role("log", name="Conversation")
    await expect(log.get_by_text("one", exact=True)).to_be_visible()
    assert visitor.complaints == []


async def test_views_of_an_application_come_and_go_and_the_chat_stays(world: World, browser: Browser) -> None:
    visitor = await visit(browser, f"{world.shop}/app")
    await visitor.say("one")
    for name in ("Lamps", "Cups", "Swapped", "Lamps"):
        await visitor.page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()
        await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)
        await expect(visitor.page.locator("support-chat")).to_have_count(1)
    await visitor.say("two")
    assert visitor.complaints == []


async def test_hostile_rules_and_shortcuts_do_not_reach_the_chat(world: World, browser: Browser) -> None:
    visitor = await visit(browser, f"{world.shop}/hostile")
    await visitor.say("sale on lamps")
    message = visitor.page.get_by_role("textbox", name="Message")
    assert await message.evaluate("element => getComputedStyle(element).textTransform") == "none"
    assert await message.evaluate("element => getComputedStyle(element).color") != "rgb(255, 0, 0)"
    assert (await visitor.page.title()).startswith("Hostile styles")


async def test_a_phone_shows_the_shop_and_the_chat(world: World, browser: Browser) -> None:
    visitor = await visit(browser, f"{world.shop}/", width=360)
    overflow = await visitor.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    await visitor.say("hello")
    assert visitor.complaints == []
