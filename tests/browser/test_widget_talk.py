"""A visitor talks with an agent through the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.widget_shop import Agent, Shop


async def test_from_the_first_message_to_the_answer(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    await expect(visitor.state("Sent").or_(visitor.state("Delivered"))).to_be_visible()
    channel = await agent.open("Do you ship to Ireland?")
    await agent.says(channel, "Yes, within five days.")
    await visitor.shows("Do you ship to Ireland?", "Yes, within five days.")
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 2)


async def test_s1_04_a_message_goes_from_sent_to_delivered_to_seen(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    await expect(visitor.state("Sent")).to_be_visible()
    channel = await agent.open("Hello")
    await agent.client.say(agent.client.state.receipt(channel))
    await expect(visitor.state("Delivered")).to_be_visible()
    await agent.looks(channel)
    await expect(visitor.state("Seen")).to_be_visible()
    await visitor.says("Anybody?")
    await expect(visitor.state("Sent")).to_be_visible()
    await expect(visitor.state("Seen")).to_have_count(0)


async def test_s1_03_typing_shows_and_clears_on_both_sides(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    # Who types is told to lines that have the conversation open, and not repeated.
    await agent.says(channel, "Good day")
    await visitor.shows("Hello", "Good day")
    dots = visitor.log.locator(".dots")
    await expect(dots).to_be_hidden()
    await agent.types(channel, True)
    await expect(dots).to_be_visible()
    await agent.types(channel, False)
    await expect(dots).to_be_hidden()
    await visitor.box.press_sequentially("I")
    typing = agent.client.state.typing
    await agent.client.until(lambda: any(frame["on"] for frame in typing))
    assert [frame for frame in typing if frame.get("draft") is not None] == []
    await visitor.box.fill("")
    await agent.client.until(lambda: not typing[-1]["on"])


async def test_s1_06_a_reload_and_the_next_page_keep_the_history_and_others_see_none_of_it(
    shop: Shop, agent: Agent
) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.says(channel, "Good day")
    await visitor.shows("Hello", "Good day")
    await visitor.page.reload()
    await visitor.open()
    await visitor.shows("Hello", "Good day")
    await visitor.page.goto(f"{shop.url}/contact")
    await visitor.open()
    await visitor.shows("Hello", "Good day")
    stranger = await shop.visitor()
    await stranger.open()
    await expect(stranger.log).to_be_visible()
    await stranger.shows()


async def test_s1_09_an_empty_message_is_not_sent(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("   ", "\n", "Hello")
    channel = await agent.open("Hello")
    await agent.hears(channel, "Hello")
    await visitor.shows("Hello")


async def test_enter_sends_and_shift_enter_breaks_the_line(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.box.press_sequentially("one")
    await visitor.box.press("Shift+Enter")
    await visitor.box.press_sequentially("two")
    await visitor.box.press("Enter")
    await agent.open("one two")
    await visitor.shows("one\ntwo")


async def test_text_is_text_and_links_are_safe(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.says(channel, "<b>bold</b> <img src=x onerror=alert(1)> https://example.com/a. javascript:alert(1)")
    await expect(visitor.message("<b>bold</b> <img src=x onerror=alert(1)>")).to_be_visible()
    links = visitor.log.get_by_role("link")
    await expect(links).to_have_count(1)
    await expect(links).to_have_attribute("href", "https://example.com/a")
    await expect(links).to_have_attribute("rel", "noopener nofollow ugc")
    await expect(visitor.log.locator("img")).to_have_count(0)


async def test_s1_10_an_own_message_is_changed_and_marked_as_edited(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Helo")
    channel = await agent.open("Helo")
    await visitor.box.fill("a draft")
    await visitor.message("Helo").hover()
    await visitor.log.get_by_role("button", name="Edit message").click()
    await expect(visitor.box).to_have_value("Helo")
    await visitor.box.fill("Hello")
    await visitor.box.press("Enter")
    await visitor.shows("Hello")
    await expect(visitor.log.get_by_text("edited")).to_be_visible()
    await expect(visitor.box).to_have_value("a draft")
    await agent.hears(channel, "Hello")


async def test_a_removal_can_be_undone_for_ten_seconds(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Oops", "Hello")
    channel = await agent.open("Hello")
    remove = visitor.log.get_by_role("button", name="Remove message").first
    await visitor.message("Oops").hover()
    await remove.click()
    await expect(visitor.message("Oops")).to_be_hidden()
    await visitor.notice.get_by_role("button", name="Undo").click()
    await expect(visitor.message("Oops")).to_be_visible()
    await visitor.message("Oops").hover()
    await remove.click()
    # Another removal does not wait for the ten seconds of this one.
    await visitor.message("Hello").hover()
    await visitor.log.get_by_role("button", name="Remove message").last.click()
    await expect(visitor.log.get_by_text("Message removed")).to_be_visible()
    await agent.hears(channel, "", "Hello")


async def test_changes_made_while_away_arrive(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.says(channel, "Good dya")
    await visitor.shows("Hello", "Good dya")
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 2)
    await visitor.page.goto("about:blank")
    await agent.edits(channel, 2, "Good day")
    await agent.says(channel, "Still there?")
    await visitor.page.goto(shop.url)
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread message")
    await visitor.open()
    await visitor.shows("Hello", "Good day", "Still there?")
    await expect(visitor.log.get_by_text("edited")).to_be_visible()


async def test_unread_messages_show_on_the_launcher_and_in_the_title(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    title = await visitor.page.title()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.launcher).to_be_focused()
    await agent.says(channel, "Good day", "How can I help?")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 2 unread messages")
    await expect(visitor.page).to_have_title(f"(2) {title}")
    assert agent.marks(channel)["visitor"]["seen"] <= 1
    await visitor.launcher.click()
    await expect(visitor.page).to_have_title(title)
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 3)


async def test_s1_05_a_page_that_is_not_in_front_has_seen_nothing(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await visitor.page.evaluate("document.hasFocus = () => false")
    await agent.says(channel, "Good day")
    await visitor.shows("Hello", "Good day")
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["delivered"] == 2)
    assert agent.marks(channel)["visitor"]["seen"] <= 1
    await visitor.page.evaluate("document.hasFocus = () => true; dispatchEvent(new Event('focus'))")
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 2)


async def test_new_messages_never_pull_away_somebody_who_reads_above(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.says(channel, *(f"Line {number}" for number in range(30)))
    await expect(visitor.message("Line 29")).to_be_visible()
    await visitor.log.hover()
    await visitor.page.mouse.wheel(0, -400)
    before = await visitor.log.evaluate("log => log.scrollTop")
    await agent.says(channel, "News", "More news")
    pill = visitor.page.get_by_role("button", name="2 new")
    await expect(pill).to_be_visible()
    assert await visitor.log.evaluate("log => log.scrollTop") == before
    await pill.click()
    await expect(visitor.message("More news")).to_be_in_viewport()
    await expect(pill).to_be_hidden()


async def test_the_header_says_who_answers_and_how_soon(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await expect(visitor.panel.get_by_role("heading", name="Plum & Sons")).to_be_visible()
    await expect(visitor.panel.get_by_text("Ada Byron · Usually replies within minutes")).to_be_visible()
    await agent.client.ask({"t": "availability", "ref": agent.client.state.ref(), "state": "away"})
    await expect(visitor.panel.get_by_text("We are away and reply as soon as we can")).to_be_visible()


async def test_the_visitor_is_told_when_drafts_are_shown_and_only_then_they_are(shop: Shop, agent: Agent) -> None:
    await shop.set_up(draft_preview=True)
    visitor = await shop.visitor()
    await visitor.open()
    await expect(visitor.panel.get_by_text("The team sees what you type before you send it.")).to_be_visible()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await agent.client.show(agent.client.state.rows[channel]["staff"])
    await visitor.box.press_sequentially("I would")
    typing = agent.client.state.typing
    await agent.client.until(lambda: bool(typing) and typing[-1].get("draft") == "I would")


async def test_the_greeting_and_the_away_text_are_the_sites(shop: Shop) -> None:
    await shop.set_up(greeting="Ask us anything about lamps.", away_text="Back on Monday.")
    visitor = await shop.visitor()
    await visitor.open()
    await expect(visitor.log.get_by_text("Ask us anything about lamps.")).to_be_visible()
    await expect(visitor.panel.get_by_text("Back on Monday.")).to_be_visible()


async def test_a_resolved_conversation_says_so_and_goes_on_with_the_next_message(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    state = agent.client.state
    await agent.client.ask({"t": "status", "ref": state.ref(), "channel": channel, "status": "resolved"})
    await expect(visitor.notice).to_have_text("Resolved. Write again if there is more.")
    await visitor.says("One more thing")
    await expect(visitor.notice).to_be_empty()
    await agent.client.until(lambda: state.rows[channel]["status"] == "open")


@pytest.mark.server_settings(limit_messages_visitor="3/5seconds")
async def test_too_many_messages_wait_for_their_turn_and_none_is_lost(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    bodies = [f"Message {number}" for number in range(6)]
    await visitor.says(*bodies)
    await expect(visitor.notice).to_contain_text("Try again in")
    await visitor.shows(*bodies)
    channel = await agent.open(bodies[-1])
    await agent.hears(channel, *bodies)
    await expect(visitor.notice).to_be_empty()
