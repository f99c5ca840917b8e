"""What an agent does beside answering: views, assignment, statuses, canned replies, search, sites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.console_desk import console_fixture
from tests.clients.state import fresh_id
from tests.patience import until_read
from tests.serving import command

if TYPE_CHECKING:
    from tests.browser.console_desk import AgentPage, Console

console = console_fixture


async def show(agent: AgentPage, status: str) -> None:
    """Show the conversations with a status."""
    await agent.page.get_by_role("button", name="Status:").click()
    await agent.page.get_by_role("menuitemradio", name=status).click()


async def test_s1_13_several_agents_share_the_list_under_their_own_names(console: Console) -> None:
    ada = await console.agent()
    grace = await console.agent("Grace Hopper")
    visitor = await console.visitor("Hello", name="Maeve")
    await console.visitor("Good day", name="Tom")
    await ada.open("Maeve")
    await ada.page.get_by_role("button", name="Assign (nobody)").click()
    await ada.page.get_by_role("menuitemradio", name="Me").click()
    await expect(ada.log).to_contain_text("You took the conversation")
    await grace.page.get_by_role("button", name="Unassigned").click()
    await expect(grace.rows).to_have_count(1)
    await expect(grace.row("Tom")).to_be_visible()
    await grace.page.get_by_role("button", name="All").click()
    await expect(grace.row("Maeve").get_by_role("img", name="Ada Byron")).to_be_visible()
    await ada.says("From Ada")
    await grace.open("Maeve")
    await expect(grace.log).to_contain_text("Ada Byron took the conversation")
    await grace.says("From Grace")
    await visitor.hears("From Grace")
    messages = visitor.state.channels[visitor.channel].messages.values()
    assert [message["author"]["name"] for message in messages][1:] == ["Ada Byron", "Grace Hopper"]


async def test_assigning_to_a_colleague_and_to_nobody_can_be_undone(console: Console) -> None:
    await console.make_agent("Grace Hopper")
    agent = await console.agent()
    await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await agent.page.get_by_role("button", name="Assign (nobody)").click()
    await agent.page.get_by_role("menuitemradio", name="Grace Hopper").click()
    await expect(agent.page.get_by_role("button", name="Assign (Grace Hopper)")).to_be_visible()
    await agent.notices.get_by_role("button", name="Undo").click()
    await expect(agent.page.get_by_role("button", name="Assign (nobody)")).to_be_visible()


async def test_a_resolved_conversation_leaves_the_view_and_a_message_brings_it_back(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await agent.page.get_by_role("button", name="Resolve", exact=True).click()
    await expect(agent.rows).to_have_count(0)
    await expect(agent.page.get_by_text("All answered")).to_be_visible()
    await expect(agent.page.get_by_role("button", name="Reopen")).to_be_visible()
    await visitor.until(lambda: visitor.status() == "resolved")
    await visitor.says("One more thing")
    await expect(agent.row("Maeve")).to_contain_text("One more thing")
    await expect(agent.page.get_by_role("button", name="Resolve", exact=True)).to_be_visible()


async def test_snooze_pending_and_spam_have_their_views_and_can_be_undone(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    more = agent.page.get_by_role("button", name="Snooze and more")
    await more.click()
    await agent.page.get_by_role("menuitem", name="Tomorrow morning").click()
    await expect(agent.page.get_by_text("Snoozed until")).to_be_visible()
    await expect(agent.rows).to_have_count(0)
    await show(agent, "Snoozed")
    await expect(agent.row("Maeve")).to_be_visible()
    await agent.notices.get_by_role("button", name="Undo").click()
    await expect(agent.rows).to_have_count(0)
    await more.click()
    await agent.page.get_by_role("menuitem", name="Pending").click()
    await show(agent, "Pending")
    await expect(agent.row("Maeve")).to_be_visible()
    await agent.page.get_by_role("button", name="Reopen").click()
    await show(agent, "Open")
    await expect(agent.row("Maeve")).to_be_visible()
    await more.click()
    await agent.page.get_by_role("menuitem", name="Spam").click()
    await show(agent, "Spam")
    await expect(agent.row("Maeve")).to_be_visible()


async def test_a_canned_reply_is_made_and_inserted_by_a_slash(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.page.get_by_role("link", name="Canned replies").click()
    await agent.page.get_by_label("Short word").fill("welcome")
    await agent.page.get_by_role("textbox", name="Text").fill("Hello {name}, this is {agent} of {site}.")
    await agent.page.get_by_role("button", name="Add reply").click()
    await expect(agent.page.get_by_role("navigation", name="Canned replies")).to_contain_text("/welcome")
    await agent.page.get_by_role("link", name="Inbox").click()
    await agent.open("Maeve")
    await agent.reply.press_sequentially("/wel")
    await expect(agent.page.get_by_role("option", name="/welcome")).to_have_attribute("aria-selected", "true")
    await agent.reply.press("Enter")
    await expect(agent.reply).to_have_value("Hello Maeve, this is Ada Byron of Teahouse.")
    assert visitor.bodies() == ["Hello"]
    await agent.reply.press("Enter")
    await visitor.hears("Hello Maeve, this is Ada Byron of Teahouse.")


async def test_search_finds_a_message_and_shows_it_in_its_conversation(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("My order 4711 is broken", *(f"Line {number}" for number in range(80)), name="Maeve")
    await console.visitor("Good day", name="Tom")
    await agent.page.get_by_role("searchbox", name="Search conversations").fill("4711")
    await expect(agent.page.get_by_text("1 conversation found")).to_be_visible()
    await agent.row("Maeve").get_by_role("link").click()
    await expect(agent.log.get_by_text("My order 4711 is broken")).to_be_in_viewport()
    await agent.page.get_by_role("button", name="End the search").click()
    await expect(agent.rows).to_have_count(2)


async def test_the_palette_finds_conversations_and_actions(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("My order 4711 is broken", name="Maeve")
    await agent.page.keyboard.press("Control+k")
    box = agent.page.get_by_role("combobox", name="Find anything")
    await box.fill("4711")
    await expect(agent.page.get_by_role("option", name="Maeve")).to_be_visible()
    await box.press("Enter")
    await expect(agent.head.get_by_role("heading", name="Maeve")).to_be_visible()
    await agent.page.keyboard.press("Control+k")
    await box.fill("resolve")
    await box.press("Enter")
    await expect(agent.page.get_by_role("button", name="Reopen")).to_be_visible()


async def test_the_list_pages_at_its_end_and_keys_walk_on(console: Console) -> None:
    agent = await console.agent()
    for number in range(53):
        await console.visitor(f"Question {number}")
    await agent.page.reload()
    await expect(agent.rows).to_have_count(50)
    await expect(agent.page.get_by_role("button", name="All 53")).to_be_visible()
    await agent.rows.last.scroll_into_view_if_needed()
    await expect(agent.rows).to_have_count(53)
    await expect(agent.rows.last).to_contain_text("Question 0")
    await agent.page.keyboard.press("j")
    await expect(agent.log).to_contain_text("Question 52")
    await agent.page.keyboard.press("j")
    await expect(agent.log).to_contain_text("Question 51")
    await agent.page.keyboard.press("k")
    await expect(agent.log).to_contain_text("Question 52")


async def test_the_visitors_page_and_time_are_shown_to_the_agent(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve", mail="maeve@example.com", attributes={"plan": "gold"})
    context = {"page": "https://tea.test/sencha", "title": "Sencha", "language": "ga-IE", "zone": "Pacific/Kiritimati"}
    await agent.open("Maeve")
    await visitor.say({"t": "context", "context": context})
    pane = agent.page.get_by_role("region", name="Visitor")
    for text in ("tea.test/sencha", "Irish", "ahead", "maeve@example.com", "gold", "unverified", "On the site now"):
        await expect(pane).to_contain_text(text)


async def test_the_switch_online_or_away_is_told_to_visitors(console: Console) -> None:
    agent = await console.agent()
    switch = agent.page.get_by_role("switch", name="Online")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    # It shows at once what is only on its way yet, and a reload would cut it off.
    me = f"{console.base}/console/api/me"

    async def availability() -> str:
        return str((await (await agent.page.request.get(me)).json())["availability"])

    await until_read(availability, lambda found: found == "away")
    await agent.page.reload()
    await expect(switch).not_to_be_checked()
    visitor = await console.visitor()
    assert visitor.state.welcome is not None
    assert visitor.state.welcome["site"]["state"] == "away"


async def test_a_site_is_made_changed_and_its_snippet_copied(console: Console) -> None:
    agent = await console.agent()
    page = agent.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("link", name="Sites").click()
    await page.get_by_role("link", name="New site").click()
    await page.get_by_label("Name").fill("Bakery")
    await page.get_by_label("Allowed origins").fill("https://bread.test/contact")
    await page.get_by_role("button", name="Create site").click()
    await expect(page.get_by_role("alert")).to_contain_text("An origin looks like")
    await page.get_by_label("Allowed origins").fill("https://bread.test")
    await page.get_by_role("button", name="Create site").click()
    await expect(page.get_by_role("link", name="Bakery")).to_have_attribute("aria-current", "page")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf'<script async src="{console.base}/widget/\w+\.js"></script>', copied)
    await page.get_by_label("Greeting").fill("Fresh from six o'clock")
    await expect(page.get_by_role("figure").get_by_text("Fresh from six o'clock")).to_be_attached()
    await page.get_by_label("Colour").fill("#ffee00")
    await page.get_by_label("Keep opening hours").check()
    await page.get_by_label("Monday, opens").fill("18:00")
    await expect(page.get_by_text("The end must be later than the start.")).to_be_visible()
    await page.get_by_label("Monday, opens").fill("06:00")
    await page.get_by_label("Show agents what a visitor types before it is sent").check()
    await expect(page.get_by_text("Visitors are told, in the chat")).to_be_visible()
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Greeting")).to_have_value("Fresh from six o'clock")
    await expect(page.get_by_label("Monday, opens")).to_have_value("06:00")
    await expect(page.get_by_label("Colour")).to_have_value("#ffee00")


async def test_the_visitors_draft_is_shown_where_the_site_has_switched_it_on(console: Console) -> None:
    agent = await console.agent()
    await agent.page.get_by_role("link", name="Sites").click()
    await agent.page.get_by_label("Show agents what a visitor types before it is sent").check()
    await agent.page.get_by_role("button", name="Save changes").click()
    await expect(agent.page.get_by_text("Saved", exact=True)).to_be_visible()
    await agent.page.get_by_role("link", name="Inbox").click()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await visitor.say({"t": "typing", "channel": visitor.channel, "on": True, "draft": "Can I send it b"})
    await expect(agent.log).to_contain_text("Maeve is writing, not sent yet")
    await expect(agent.log).to_contain_text("Can I send it b")


async def test_the_public_name_changes_at_once(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.page.get_by_role("button", name="Signed in as Ada Byron").click()
    await agent.page.get_by_role("menuitem", name="You and this browser").click()
    await agent.page.get_by_label("Public name").fill("Ada")
    await agent.page.get_by_role("button", name="Save").click()
    await expect(agent.page.get_by_role("button", name="Signed in as Ada", exact=True)).to_be_visible()
    await agent.page.get_by_role("link", name="Inbox").click()
    await agent.open("Maeve")
    await agent.says("Hello")
    await visitor.until(lambda: len(visitor.bodies()) == 2)
    assert visitor.state.channels[visitor.channel].messages[2]["author"]["name"] == "Ada"


async def test_a_list_that_was_away_agrees_with_a_fresh_one(console: Console) -> None:
    agent = await console.agent()
    colleague = await console.agent("Grace Hopper")
    for number in range(6):
        await console.visitor(f"Question {number}", name=f"Visitor {number}x")
    await expect(agent.rows).to_have_count(6)
    await agent.page.context.set_offline(True)
    for number in (0, 2, 4):
        await colleague.open(f"Visitor {number}x")
        await colleague.page.get_by_role("button", name="Resolve", exact=True).click()
        await expect(colleague.row(f"Visitor {number}x")).to_have_count(0)
    await console.visitor("Question 7", name="Visitor 7x")
    await expect(colleague.rows).to_have_count(4)
    await agent.page.context.set_offline(False)
    await expect(agent.rows).to_have_count(4)
    fresh = await colleague.rows.get_by_role("link").evaluate_all("rows => rows.map(row => row.getAttribute('href'))")
    held = await agent.rows.get_by_role("link").evaluate_all("rows => rows.map(row => row.getAttribute('href'))")
    assert held == fresh


async def test_s47_a_visitor_is_banned_without_a_question_and_it_can_be_undone(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Buy my plums", name="Maeve")
    await agent.open("Maeve")
    ban = agent.page.get_by_role("button", name="Ban this visitor")
    await ban.click()
    await expect(agent.page.get_by_text("May not write here.")).to_be_visible()
    refused = await command(visitor, "send", client_id=fresh_id(), channel=visitor.channel, body="Again")
    assert refused["name"] == "banned"
    await agent.notices.get_by_role("button", name="Undo").click()
    await expect(ban).to_be_visible()
    await visitor.says("Sorry")
    await ban.click()
    await agent.page.get_by_role("button", name="Lift the ban").click()
    await expect(ban).to_be_visible()
    await visitor.says("Thank you")
