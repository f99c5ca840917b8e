"""The shop in a browser, as the first run prepares it: a first message, and pages that fit every screen."""

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
        await message.press("Enter")
        log = self.page.get_by_role("log", name="Conversation")
        await expect(log.get_by_text(text, exact=True)).to_be_visible()
        await expect(self.page.get_by_text(re.compile("^(Sent|Delivered)"))).to_be_visible()


async def visit(browser: Browser, url: str, width: int = 1280) -> Visit:
    context = await browser.new_context(viewport={"width": width, "height": 1000})
    found = Visit(await context.new_page())
    await found.page.goto(url)
    return found


async def test_s1_02_the_demo_page_shows_the_server_working(world: World, browser: Browser) -> None:
    visitor = await visit(browser, f"{world.shop}/")
    await visitor.say("does silk shrink")
    await visitor.page.get_by_role("link", name="Fjord mug").click()
    await visitor.say("and stoneware")
    log = visitor.page.get_by_role("log", name="Conversation")
    await expect(log.get_by_text("does silk shrink", exact=True)).to_be_visible()
    assert visitor.complaints == []


async def test_views_of_the_application_follow_the_history(world: World, browser: Browser) -> None:
    visitor = await visit(browser, f"{world.shop}/app")
    views = visitor.page.get_by_role("navigation", name="Views")
    for name in ("Lamps", "Cups", "Swapped", "Lamps"):
        await views.get_by_role("link", name=name).click()
        await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)
    await visitor.page.go_back()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Swapped")
    assert visitor.complaints == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
async def test_every_page_fits_every_screen(world: World, browser: Browser, width: int) -> None:
    visitor = await visit(browser, f"{world.shop}/", width)
    for path in ("/", "/products/paper-chair", "/cart", "/contact", "/strict", "/app", "/rtl"):
        await visitor.page.goto(f"{world.shop}{path}")
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await visitor.page.evaluate(overflow) == 0, path
