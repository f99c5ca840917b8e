"""An agent answers a visitor from the console."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.console_desk import SITE_KEY, console_fixture

if TYPE_CHECKING:
    from tests.browser.console_desk import Console

console = console_fixture


async def test_s1_04_a_reply_is_sent_delivered_and_seen_before_the_agents_eyes(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Do you ship to Ireland?", name="Maeve")
    await expect(agent.row("Maeve")).to_contain_text("Do you ship to Ireland?")
    await agent.open("Maeve")
    await expect(agent.log).to_contain_text("Do you ship to Ireland?")
    await agent.says("Yes, within five days.")
    await expect(agent.reply).to_have_value("")
    await visitor.hears("Yes, within five days.")
    await expect(agent.log.get_by_text("Sent", exact=True)).to_be_visible()
    await visitor.say(visitor.state.receipt(visitor.channel))
    await expect(agent.log.get_by_text("Delivered", exact=True)).to_be_visible()
    await visitor.looks()
    await expect(agent.log.get_by_text("Seen", exact=True)).to_be_visible()


async def test_p6_a_reply_is_delivered_at_most_where_visitors_receipts_are_off(console: Console) -> None:
    agent = await console.agent()
    await agent.page.goto(f"{agent.base}/console#/sites/{SITE_KEY}")
    switch = agent.page.get_by_role("switch", name="Visitors' read receipts")
    await expect(switch).to_have_attribute("aria-checked", "true")
    await switch.click()
    await agent.page.get_by_role("button", name="Save changes").click()
    await expect(agent.page.get_by_text("Saved", exact=True)).to_be_visible()
    assert await agent.violations() == []
    visitor = await console.visitor("Do you ship to Ireland?", name="Maeve")
    await agent.page.goto(f"{agent.base}/console")
    await agent.open("Maeve")
    await agent.says("Yes, within five days.")
    await visitor.hears("Yes, within five days.")
    await visitor.looks()
    await visitor.until(lambda: visitor.state.channels[visitor.channel].place == 2)
    await visitor.says("Thank you")
    await expect(agent.log).to_contain_text("Thank you")
    await expect(agent.log.get_by_text("Delivered", exact=True)).to_be_visible()
    await agent.page.reload()
    await expect(agent.log).to_contain_text("Thank you")
    await expect(agent.log.get_by_text("Delivered", exact=True)).to_be_visible()
    await expect(agent.log.get_by_text("Seen", exact=True)).to_have_count(0)


async def test_opening_a_conversation_tells_the_visitor_that_it_was_seen(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await expect(agent.row("Maeve")).to_contain_text("1 unread message")
    await agent.open("Maeve")
    marks = visitor.state.channels[visitor.channel].marks
    await visitor.until(lambda: marks.get("agents", {}).get("seen") == 1)
    await expect(agent.row("Maeve")).not_to_contain_text("unread")


async def test_s1_05_a_console_that_is_not_in_front_has_seen_nothing(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.page.evaluate("document.hasFocus = () => false")
    await agent.open("Maeve")
    marks = visitor.state.channels[visitor.channel].marks
    await visitor.until(lambda: marks.get("agents", {}).get("delivered") == 1)
    await expect(agent.row("Maeve")).to_contain_text("1 unread message")
    assert marks["agents"]["seen"] == 0
    await agent.page.evaluate("document.hasFocus = () => true; dispatchEvent(new Event('focus'))")
    await visitor.until(lambda: marks["agents"]["seen"] == 1)


async def test_s1_03_typing_shows_on_both_sides_and_clears(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    # Who types is told to lines that have the conversation open, and not repeated.
    await visitor.says("Are you there?")
    await expect(agent.log).to_contain_text("Are you there?")
    await visitor.say({"t": "typing", "channel": visitor.channel, "on": True})
    await expect(agent.log.get_by_text("Maeve is typing")).to_be_attached()
    await visitor.say({"t": "typing", "channel": visitor.channel, "on": False})
    await expect(agent.log.get_by_text("Maeve is typing")).not_to_be_attached()
    await agent.reply.press_sequentially("I")
    await visitor.until(lambda: any(frame["on"] for frame in visitor.state.typing))
    await agent.reply.fill("")
    await visitor.until(lambda: not visitor.state.typing[-1]["on"])


async def test_s1_07_a_message_reaches_the_console_without_a_request(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    requests: list[str] = []
    agent.page.on("request", lambda request: requests.append(request.url))
    await visitor.says("And another thing")
    await expect(agent.log).to_contain_text("And another thing")
    await expect(agent.row("Maeve")).to_contain_text("And another thing")
    assert requests == []


async def test_a_note_never_reaches_the_visitor(console: Console) -> None:
    agent = await console.agent()
    colleague = await console.agent("Grace Hopper")
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await colleague.open("Maeve")
    await agent.page.get_by_role("button", name="Note", exact=True).click()
    await agent.note.fill("She is a friend of the house.")
    await agent.page.get_by_role("button", name="Add note").click()
    await expect(colleague.log).to_contain_text("She is a friend of the house.")
    await expect(colleague.log).to_contain_text("Note, seen by agents only")
    await agent.page.get_by_role("button", name="To the visitor").click()
    await agent.says("Welcome")
    await visitor.hears("Welcome")
    assert visitor.bodies() == ["Hello", "Welcome"]
    texts = await agent.log.get_by_role("listitem").all_inner_texts()
    order = [next(i for i, text in enumerate(texts) if part in text) for part in ("Hello", "friend", "Welcome")]
    assert order == sorted(order)


async def test_s1_10_own_messages_are_edited_and_removed(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await agent.says("Helo to you")
    await visitor.hears("Helo to you")
    await agent.reply.press("ArrowUp")
    await expect(agent.page.get_by_text("Editing your message")).to_be_visible()
    await agent.reply.fill("Hello to you")
    await agent.page.get_by_role("button", name="Save").click()
    await visitor.hears("Hello to you")
    await expect(agent.log.get_by_text("Edited")).to_be_visible()
    own = agent.log.get_by_role("listitem").filter(has_text="Hello to you")
    await own.hover()
    await own.get_by_role("button", name="Remove").click()
    await expect(agent.log).to_contain_text("This message was removed")
    await agent.notices.get_by_role("button", name="Undo").click()
    await expect(agent.log).to_contain_text("Hello to you")
    await own.hover()
    await own.get_by_role("button", name="Remove").click()
    # Leaving the conversation ends the time to think it over.
    await agent.page.keyboard.press("Escape")
    await visitor.until(lambda: "" in visitor.bodies())


async def test_the_second_of_two_answers_is_asked_about(console: Console) -> None:
    agent = await console.agent()
    colleague = await console.agent("Grace Hopper")
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await colleague.open("Maeve")
    await expect(
        agent.page.get_by_role("list", name="Also looking").get_by_role("img", name="Grace Hopper")
    ).to_be_visible()
    await agent.reply.fill("Mine")
    await colleague.says("Hers")
    await expect(agent.log).to_contain_text("Hers")
    await agent.send.click()
    question = agent.page.get_by_role("alert")
    await expect(question).to_contain_text(re.compile(r"Answered .* ago by Grace Hopper"))
    await question.get_by_role("button", name="Keep writing").click()
    assert visitor.bodies() == ["Hello", "Hers"]
    await agent.send.click()
    await visitor.hears("Mine")


async def test_a_draft_stays_with_its_conversation_over_a_reload(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("Hello", name="Maeve")
    await console.visitor("Good day", name="Tom")
    await agent.open("Maeve")
    await agent.reply.fill("For Maeve only")
    await agent.open("Tom")
    await expect(agent.reply).to_have_value("")
    await agent.page.reload()
    await agent.open("Maeve")
    await expect(agent.reply).to_have_value("For Maeve only")


async def test_what_is_sent_offline_arrives_once_and_in_order(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await agent.page.context.set_offline(True)
    await agent.page.evaluate("dispatchEvent(new Event('offline'))")
    for number in range(3):
        await agent.says(f"Offline {number}")
    await agent.page.context.set_offline(False)
    await visitor.hears("Offline 2")
    assert visitor.bodies() == ["Hello", "Offline 0", "Offline 1", "Offline 2"]
    await expect(agent.log.get_by_text("Sending")).to_have_count(0)


async def test_a_broken_line_is_said_plainly_and_loses_nothing(console: Console) -> None:
    agent = await console.agent()
    page = agent.page
    await page.add_init_script(
        "window.lines = []; window.WebSocket = class extends WebSocket {"
        " constructor(url) { if (window.cut) throw new Error('cut'); super(url); lines.push(this); } }"
    )
    await page.route("**/stream/console", lambda route: route.abort())
    await page.reload()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    # A browser tells of a line that breaks without a word by this code (RFC 6455 §7.1.5).
    await page.evaluate("window.cut = true; lines.at(-1).onclose({code: 1006, reason: ''})")
    await expect(page.get_by_text("Reconnecting. What you send is kept")).to_be_visible()
    await agent.says("Written meanwhile")
    await expect(agent.log.get_by_text("Sending")).to_be_visible()
    await visitor.says("Are you there?")
    await page.get_by_role("button", name="Try now").click()
    await expect(page.get_by_text("Reconnecting. What you send is kept")).to_be_visible()
    await page.evaluate("window.cut = false; dispatchEvent(new Event('online'))")
    await visitor.hears("Written meanwhile")
    await expect(agent.log).to_contain_text("Are you there?")
    await expect(page.get_by_text("Reconnecting")).to_be_hidden()
    assert visitor.bodies() == ["Hello", "Are you there?", "Written meanwhile"]


async def test_without_websockets_the_fallback_does_the_same(console: Console) -> None:
    agent = await console.agent()
    await agent.page.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } }")
    await agent.page.reload()
    visitor = await console.visitor("Hello", name="Maeve")
    await expect(agent.row("Maeve")).to_be_visible()
    await agent.open("Maeve")
    await expect(agent.log).to_contain_text("Hello")
    await agent.says("Hello to you")
    await visitor.hears("Hello to you")
    await visitor.looks()
    await expect(agent.log.get_by_text("Seen", exact=True)).to_be_visible()
    await agent.page.get_by_role("button", name="Resolve", exact=True).click()
    await expect(agent.row("Maeve")).to_have_count(0)
    await visitor.says("One more thing")
    await expect(agent.row("Maeve")).to_contain_text("One more thing")
    await expect(agent.log).to_contain_text("One more thing")


async def test_older_messages_come_when_one_scrolls_up(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor(*(f"Message {number}" for number in range(1, 121)), name="Maeve")
    await agent.open("Maeve")
    first = agent.log.get_by_text("Message 1", exact=True)
    await expect(agent.log).to_contain_text("Message 120")
    await expect(first).to_have_count(0)
    for oldest in (21, 1):
        await agent.log.evaluate("log => { log.scrollTop = 0 }")
        await expect(agent.log.get_by_text(f"Message {oldest}", exact=True)).to_be_attached()
    # A new message moves nobody who reads above; the pill tells of it.
    await agent.log.evaluate("log => { log.scrollTop = 0 }")
    await expect(first).to_be_in_viewport()
    await visitor.says("The newest")
    pill = agent.page.get_by_role("button", name="1 new")
    await expect(pill).to_be_visible()
    await expect(first).to_be_in_viewport()
    await pill.click()
    await expect(agent.log.get_by_text("The newest")).to_be_in_viewport()


async def test_what_one_writes_is_shown_whole_and_a_refusal_stands_beside_it(console: Console) -> None:
    agent = await console.agent()
    await console.visitor(*(f"Message {number}" for number in range(30)), name="Maeve")
    await agent.open("Maeve")
    await agent.log.evaluate("log => { log.scrollTop = 0 }")
    await agent.says("word " * 600)
    await expect(agent.log.get_by_text("Sent", exact=True)).to_be_in_viewport()
    await agent.says("x" * 5000)
    await expect(agent.log.get_by_text("Not sent")).to_be_in_viewport()
    await expect(agent.log).to_contain_text("A message may have 4000 characters.")
    await agent.log.get_by_role("button", name="Take back").click()
    await expect(agent.reply).to_have_value("x" * 5000)
    await expect(agent.log.get_by_text("Not sent")).to_have_count(0)


async def test_sign_out_ends_the_session(console: Console) -> None:
    agent = await console.agent()
    await agent.page.get_by_role("button", name="Signed in as Ada Byron").click()
    await agent.page.get_by_role("menuitem", name="Sign out").click()
    await expect(agent.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    await agent.page.goto(f"{console.base}/console")
    await expect(agent.page.get_by_label("Password")).to_be_visible()


async def test_who_signs_in_next_finds_nothing_of_the_one_before(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await agent.reply.fill("Ada's draft")
    await agent.page.get_by_role("button", name="Signed in as Ada Byron").click()
    await agent.page.get_by_role("menuitem", name="Sign out").click()
    await expect(agent.page.get_by_label("Password")).to_be_visible()
    assert "Ada's draft" not in str(await agent.page.evaluate("Object.values(localStorage)"))
    await agent.sign_in(await console.make_agent("Grace Hopper"))
    await agent.open("Maeve")
    await expect(agent.reply).to_have_value("")
