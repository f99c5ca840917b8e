"""What the widget is to eyes, hands and screen readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.widget_shop import Agent, Shop, VisitorPage

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 700},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_any_state(shop: Shop, agent: Agent, scheme: Literal["light", "dark"]) -> None:
    visitor = await shop.visitor(color_scheme=scheme, reduced_motion="reduce")
    found: dict[str, list[str]] = {}

    async def look(state: str) -> None:
        found[state] = await visitor.violations()

    await expect(visitor.launcher).to_be_visible()
    await look("closed")
    await visitor.open()
    await look("open")
    await visitor.says("Hello, see https://example.com")
    channel = await agent.open("Hello, see https://example.com")
    await agent.says(channel, "Good day", "See https://example.org/x")
    await agent.looks(channel)
    await agent.types(channel, True)
    await expect(visitor.state("Seen")).to_be_visible()
    await visitor.message("Hello").hover()
    await look("talking")
    await visitor.log.get_by_role("button", name="Edit message").click()
    await look("editing")
    await visitor.box.press("Escape")
    await visitor.message("Hello").hover()
    await visitor.log.get_by_role("button", name="Remove message").click()
    await look("removing")
    await agent.says(channel, *(f"Line {number}" for number in range(20)))
    await visitor.log.hover()
    end = await visitor.log.evaluate("log => log.scrollTop")
    await visitor.page.mouse.wheel(0, -300)
    await visitor.page.wait_for_function(
        "end => document.querySelector('support-chat').shadowRoot.querySelector('.log').scrollTop < end - 100", arg=end
    )
    await agent.says(channel, "News")
    await expect(visitor.page.get_by_role("button", name="1 new")).to_be_visible()
    await look("reading above")
    await visitor.page.get_by_role("button", name="Close chat").first.click()
    await agent.says(channel, "More news")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 2 unread messages")
    await look("closed with news")
    assert {state: lines for state, lines in found.items() if lines} == {}


async def test_axe_finds_nothing_in_a_message_that_failed(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Bad \uffff text")
    await expect(visitor.state("Not sent")).to_be_visible()
    assert await visitor.violations() == []
    await visitor.log.get_by_role("button", name="Try again").click()
    await expect(visitor.state("Not sent")).to_be_visible()
    await visitor.says("Good text")
    channel = await agent.open("Good text")
    await agent.hears(channel, "Good text")
    await visitor.log.get_by_role("button", name="Delete").click()
    await visitor.shows("Good text")


async def test_everything_is_done_by_keyboard_and_focus_never_gets_lost(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.launcher.focus()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.box).to_be_focused()
    await visitor.page.keyboard.type("Helo")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.box).to_be_focused()
    channel = await agent.open("Helo")
    await expect(visitor.log.get_by_role("button", name="Remove message")).to_be_attached()
    await visitor.page.keyboard.press("Shift+Tab")
    await expect(visitor.log.get_by_role("button", name="Remove message")).to_be_focused()
    await agent.looks(channel)
    await expect(visitor.state("Seen")).to_be_visible()
    await expect(visitor.log.get_by_role("button", name="Remove message")).to_be_focused()
    await visitor.page.keyboard.press("Shift+Tab")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.box).to_be_focused()
    await visitor.page.keyboard.press("End")
    await visitor.page.keyboard.press("Backspace")
    await visitor.page.keyboard.type("lo")
    await visitor.page.keyboard.press("Enter")
    await agent.hears(channel, "Hello")
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.launcher).to_be_focused()


async def test_a_long_history_is_read_backwards_and_appending_stays_cheap(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("The first of all")
    channel = await agent.open("The first of all")
    await agent.says(channel, *(f"Line {number}" for number in range(1000)))
    await visitor.page.reload()
    await visitor.open()
    await expect(visitor.message("Line 999")).to_be_in_viewport()
    rows = visitor.log.get_by_role("listitem")
    await expect(rows).to_have_count(50)
    while await rows.count() < 1001:
        before = await rows.count()
        await visitor.log.evaluate("log => { log.scrollTop = 0 }")
        await visitor.page.wait_for_function(
            "count => document.querySelector('support-chat').shadowRoot.querySelectorAll('.row').length > count",
            arg=before,
        )
    await expect(visitor.message("The first of all")).to_have_count(1)
    first = await visitor.log.locator(".bubble").first.inner_text()
    assert first == "The first of all"
    await agent.says(channel, "And one more")
    await expect(visitor.page.get_by_role("button", name="1 new")).to_be_visible()


async def test_on_a_phone_it_takes_the_whole_screen(shop: Shop) -> None:
    visitor = await shop.visitor(**PHONE)
    await visitor.page.get_by_role("button", name="Open chat").tap()
    await expect(visitor.box).to_be_focused()
    assert await visitor.panel.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 700}
    await expect(visitor.panel).to_have_attribute("aria-modal", "true")
    await expect(visitor.launcher).to_be_hidden()
    # What lies behind the sheet is out of reach until it is closed.
    page = visitor.page.locator("main")
    await expect(page).to_have_js_property("inert", True)
    assert not await visitor.panel.evaluate("panel => Boolean(panel.getRootNode().host.closest('[inert]'))")
    assert await visitor.box.evaluate("box => parseFloat(getComputedStyle(box).fontSize)") >= 16
    await visitor.page.get_by_role("button", name="Close chat").tap()
    await expect(visitor.launcher).to_be_visible()
    await expect(page).to_have_js_property("inert", False)


async def test_on_a_phone_the_page_behind_a_framed_panel_is_out_of_reach_too(shop: Shop) -> None:
    # A page that says nothing of viewports is drawn as wide as a screen by a browser that calls itself mobile.
    narrow = PHONE | {"is_mobile": False}
    visitor = await shop.bare_page(await shop.context(**narrow), 'data-isolation="iframe"')
    page = visitor.page.locator("main")
    await visitor.launcher.tap()
    await expect(page).to_have_js_property("inert", True)
    await visitor.page.frame_locator("support-chat iframe").get_by_role("button", name="Close chat").tap()
    await expect(page).to_have_js_property("inert", False)


@pytest.mark.parametrize(("width", "height", "scale"), [(320, 480, 1), (320, 240, 2)], ids=["narrow", "text at 200 %"])
async def test_nothing_is_cut_off_when_it_is_narrow(
    shop: Shop, agent: Agent, width: int, height: int, scale: int
) -> None:
    visitor = await shop.visitor(viewport={"width": width, "height": height}, device_scale_factor=scale)
    await visitor.open()
    await visitor.says("A-very-long-word-" * 12)
    await agent.open(("A-very-long-word-" * 12)[:139] + "…")
    overflow = await visitor.log.evaluate("log => log.scrollWidth - log.clientWidth")
    assert overflow == 0
    for control in [visitor.box, visitor.page.get_by_role("button", name="Close chat").first]:
        await expect(control).to_be_in_viewport(ratio=1)


async def test_targets_are_large_enough(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    await agent.open("Hello")
    await expect(visitor.state("Sent")).to_be_visible()
    small: list[str] = []
    for button in await visitor.page.locator("support-chat button:visible").all():
        box = await button.bounding_box()
        assert box is not None
        least = 24 if "tool" in (await button.get_attribute("class") or "") else 44
        if min(box["width"], box["height"]) < least:
            small.append(f"{await button.get_attribute('class')}: {box}")
    assert small == []


async def test_opening_and_closing_shift_nothing_on_the_page(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    # What moves inside the chat, when a message comes to those that are there, has no node that the page may know.
    await visitor.page.evaluate(
        """window.shifted = [];
        new PerformanceObserver((list) => {
          for (const { sources } of list.getEntries())
            for (const { node } of sources) if (node) shifted.push(node.outerHTML ?? node.data);
        }).observe({ type: "layout-shift", buffered: true })"""
    )
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.says(channel, "Good day")
    await visitor.shows("Hello", "Good day")
    # It stands in the log before it is drawn; who closes the chat in between has not seen it.
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 2)
    await visitor.page.keyboard.press("Escape")
    await agent.says(channel, "Still there?")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread message")
    assert await visitor.page.evaluate("shifted") == []


async def test_a_screen_reader_is_told_of_messages_and_not_of_history(shop: Shop, agent: Agent) -> None:
    visitor: VisitorPage = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.says(channel, "Good day")
    await visitor.page.reload()
    await visitor.open()
    await visitor.shows("Hello", "Good day")
    await expect(visitor.log).to_have_attribute("aria-live", "polite")
    await expect(visitor.panel).to_have_accessible_name("Plum & Sons")
    await expect(visitor.panel).to_have_attribute("aria-modal", "false")
    await expect(visitor.message("Good day")).to_contain_text("Ada Byron")


@pytest.mark.parametrize(("locale", "way"), [("en-GB", r"^\d{1,2}:\d\d$"), ("en-US", r"^\d{1,2}:\d\d\s[AP]M$")])
async def test_times_are_written_as_where_the_visitor_lives(shop: Shop, locale: str, way: str) -> None:
    visitor = await shop.visitor(locale=locale)
    await visitor.open()
    await visitor.says("Hello")
    await expect(visitor.log.locator("time").last).to_have_text(re.compile(way))
