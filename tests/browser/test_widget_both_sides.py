"""Two people in two browsers: a visitor in the shop, an agent in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.widget_shop import console_of

if TYPE_CHECKING:
    from tests.browser.widget_shop import Shop


async def test_a_chat_from_the_first_message_to_seen_on_both_sides(shop: Shop) -> None:
    console = await console_of(shop)
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    row = console.get_by_role("list", name="Conversations").get_by_role("listitem")
    await expect(row).to_contain_text("Do you ship to Ireland?")
    await row.get_by_role("link").click()
    log = console.get_by_role("log", name="Conversation")
    await expect(log).to_contain_text("Do you ship to Ireland?")
    await expect(visitor.state("Seen")).to_be_visible()
    reply = console.get_by_role("textbox", name="Reply")
    await reply.press_sequentially("Yes, ")
    await expect(visitor.log.locator(".dots")).to_be_visible()
    await reply.press_sequentially("within five days.")
    await console.get_by_role("button", name="Send", exact=True).click()
    await visitor.shows("Do you ship to Ireland?", "Yes, within five days.")
    await expect(visitor.log.locator(".dots")).to_be_hidden()
    await expect(log.get_by_text("Seen", exact=True)).to_be_visible()
    await visitor.box.press_sequentially("Thank")
    await expect(log.get_by_text("typing", exact=False).first).to_be_attached()
    await visitor.page.reload()
    await console.reload()
    await visitor.open()
    await visitor.shows("Do you ship to Ireland?", "Yes, within five days.")
    await expect(log).to_contain_text("Yes, within five days.")


async def test_edits_and_removals_reach_the_other_side(shop: Shop) -> None:
    console = await console_of(shop)
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Helo", "Oops")
    row = console.get_by_role("list", name="Conversations").get_by_role("listitem")
    await expect(row).to_contain_text("Oops")
    await row.get_by_role("link").click()
    log = console.get_by_role("log", name="Conversation")
    await expect(log).to_contain_text("Helo")
    await visitor.message("Helo").hover()
    await visitor.log.get_by_role("button", name="Edit message").first.click()
    await visitor.box.fill("Hello")
    await visitor.box.press("Enter")
    await expect(log).to_contain_text("Hello")
    await expect(log).to_contain_text("edited", ignore_case=True)
    await visitor.message("Oops").hover()
    await visitor.log.get_by_role("button", name="Remove message").last.click()
    # The ten seconds for undoing are over when the page goes.
    await visitor.page.goto(f"{shop.url}/contact")
    await expect(log).not_to_contain_text("Oops")
    await expect(log).to_contain_text("removed", ignore_case=True)
