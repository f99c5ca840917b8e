"""The console in every size and light, for every way of using it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import console_fixture

if TYPE_CHECKING:
    from tests.browser.console_desk import AgentPage, Console

console = console_fixture

PHONE = {"width": 360, "height": 720}
PLACES = ("#/", "#/sites", "#/sites/+", "#/canned", "#/profile")


async def busy_console(console: Console, **context: Any) -> AgentPage:
    """An agent who has a conversation with everything in it open."""
    agent = await console.agent(**context)
    visitor = await console.visitor("Hello, see https://tea.test/sencha", name="Maeve", mail="m@example.com")
    await console.visitor("هل ترسلون إلى دبي؟", name="ليلى")
    await agent.open("Maeve")
    await agent.says("Thank you")
    await agent.page.get_by_role("button", name="Note", exact=True).click()
    await agent.note.fill("A friend")
    await agent.note.press("Enter")
    await expect(agent.log).to_contain_text("A friend")
    await visitor.say({"t": "typing", "channel": visitor.channel, "on": True})
    await expect(agent.log.get_by_text("Maeve is typing")).to_be_attached()
    return agent


async def overflow(agent: AgentPage) -> int:
    """How far the page is wider than the screen, in pixels."""
    width: int = await agent.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_conversation_and_what_opens_over_it(console: Console, scheme: str) -> None:
    agent = await busy_console(console, color_scheme=scheme, reduced_motion="reduce")
    page = agent.page
    assert await agent.violations() == []
    await page.get_by_role("button", name="Snooze and more").click()
    assert await agent.violations() == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    assert await agent.violations() == []
    await page.keyboard.press("Escape")
    await page.get_by_role("log").focus()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    assert await agent.violations() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_pages(console: Console, scheme: str) -> None:
    agent = await console.agent(color_scheme=scheme, reduced_motion="reduce")
    for place in PLACES:
        await agent.page.goto(f"{console.base}/console{place}")
        await expect(agent.page.get_by_role("main")).to_be_visible()
        if place == "#/sites":
            await agent.page.get_by_label("Keep opening hours").check()
        assert await agent.violations() == [], place


async def test_one_pane_at_a_time_on_a_phone_with_a_way_back(console: Console) -> None:
    # 360 px is also what a small window has at 200 %.
    agent = await console.agent(viewport=PHONE, has_touch=True)
    await console.visitor("Hello", name="Maeve")
    await expect(agent.row("Maeve")).to_be_visible()
    await expect(agent.page.get_by_text("Choose a conversation")).to_be_hidden()
    await agent.open("Maeve")
    await expect(agent.row("Maeve")).to_be_hidden()
    await agent.says("Hello to you")
    await expect(agent.log).to_contain_text("Hello to you")
    await agent.page.get_by_role("button", name="Visitor's details").click()
    await expect(agent.page.get_by_role("region", name="Visitor")).to_be_visible()
    await agent.page.get_by_role("button", name="Close the details").click()
    await agent.page.get_by_role("link", name="Back to the conversations").click()
    await expect(agent.row("Maeve")).to_be_visible()
    await expect(agent.reply).to_be_hidden()
    for place in PLACES:
        await agent.page.goto(f"{console.base}/console{place}")
        await expect(agent.page.get_by_role("navigation", name="Console")).to_be_visible()
        assert await overflow(agent) <= 0, place


async def test_a_message_taller_than_the_screen_is_seen_once_it_fills_it(console: Console) -> None:
    agent = await console.agent(viewport=PHONE)
    visitor = await console.visitor("A long story. " * 280, name="Maeve")
    await agent.open("Maeve")
    marks = visitor.state.channels[visitor.channel].marks
    await visitor.until(lambda: marks.get("agents", {}).get("seen") == 1)


@pytest.mark.parametrize(("width", "panes"), [(1440, 3), (1000, 2), (700, 1)])
async def test_as_many_panes_as_there_is_room_for(console: Console, width: int, panes: int) -> None:
    agent = await console.agent(viewport={"width": width, "height": 800})
    await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    regions = (agent.row("Maeve"), agent.reply, agent.page.get_by_role("region", name="Visitor"))
    assert [await region.is_visible() for region in regions].count(True) == panes
    assert await overflow(agent) <= 0


async def test_a_whole_answer_by_keyboard_alone(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await expect(agent.row("Maeve")).to_be_visible()
    keys = agent.page.keyboard
    await keys.press("j")
    await expect(agent.log).to_contain_text("Hello")
    await keys.press("a")
    await expect(agent.page.get_by_role("button", name="Assign (you)")).to_be_visible()
    await keys.press("r")
    await expect(agent.reply).to_be_focused()
    await keys.type("Good day")
    await keys.press("Enter")
    await visitor.hears("Good day")
    await expect(agent.reply).to_be_focused()
    await keys.press("Escape")
    await keys.press("n")
    await expect(agent.note).to_be_focused()
    await keys.type("Kind person")
    await keys.press("Enter")
    await expect(agent.log).to_contain_text("Kind person")
    await keys.press("Escape")
    await keys.press("s")
    await expect(agent.page.get_by_role("menuitem", name="In one hour")).to_be_focused()
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(agent.page.get_by_text("Snoozed until")).to_be_visible()
    await keys.press("z")
    await expect(agent.page.get_by_text("Snoozed until")).to_be_hidden()
    await keys.press("e")
    await expect(agent.page.get_by_role("button", name="Reopen")).to_be_visible()
    await keys.press("g")
    await keys.press("s")
    await expect(agent.page.get_by_role("heading", name="Sites", level=1)).to_be_visible()
    await keys.press("Escape")
    await keys.press("4")
    await expect(agent.row("Maeve")).to_be_visible()


async def test_the_sheet_of_shortcuts_is_drawn_from_the_table_and_letters_can_be_turned_off(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("Hello", name="Maeve")
    await expect(agent.row("Maeve")).to_be_visible()
    await agent.page.keyboard.press("?")
    sheet = agent.page.get_by_role("dialog", name="Shortcuts")
    for label in ("Next conversation", "Resolve", "Find anything", "Undo"):
        await expect(sheet.get_by_text(label, exact=True)).to_be_visible()
    await sheet.get_by_role("switch", name="Single letters").uncheck()
    await agent.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await agent.page.keyboard.press("j")
    await agent.page.keyboard.press("Control+k")
    await expect(agent.page.get_by_role("combobox", name="Find anything")).to_be_focused()
    await expect(agent.log).to_have_count(0)


async def test_the_focus_never_falls_to_the_page(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    more = agent.page.get_by_role("button", name="Snooze and more")
    await more.click()
    await agent.page.keyboard.press("Escape")
    await expect(more).to_be_focused()
    await agent.says("First")
    await expect(agent.reply).to_be_focused()
    await agent.page.keyboard.press("Control+k")
    await expect(agent.page.get_by_role("combobox", name="Find anything")).to_be_focused()
    await agent.page.keyboard.press("Escape")
    await expect(agent.reply).to_be_focused()


async def test_right_to_left_mirrors_the_panes(console: Console) -> None:
    agent = await console.agent()
    await console.visitor("مرحبا", name="ليلى")
    await agent.open("ليلى")
    await agent.page.evaluate("document.documentElement.dir = 'rtl'")
    row = await agent.row("ليلى").bounding_box()
    reply = await agent.reply.bounding_box()
    assert row is not None
    assert reply is not None
    assert row["x"] > reply["x"]
    assert await overflow(agent) <= 0


async def test_a_new_message_shifts_nothing_that_is_read(console: Console) -> None:
    agent = await console.agent()
    visitor = await console.visitor("Hello", name="Maeve")
    await agent.open("Maeve")
    await agent.page.evaluate(
        "window.shift = 0; new PerformanceObserver(list => {"
        " for (const one of list.getEntries()) window.shift += one.value; }).observe({type: 'layout-shift'})"
    )
    await visitor.say({"t": "typing", "channel": visitor.channel, "on": True})
    await expect(agent.log.get_by_text("Maeve is typing")).to_be_attached()
    await visitor.says("Are you there?")
    await expect(agent.log).to_contain_text("Are you there?")
    assert await agent.page.evaluate("window.shift") < 0.01


async def test_the_title_counts_what_waits(console: Console) -> None:
    agent = await console.agent()
    await expect(agent.page).to_have_title("Conversations")
    await console.visitor("Hello", name="Maeve")
    await expect(agent.page).to_have_title("(1) Conversations")
    await agent.open("Maeve")
    await expect(agent.page).to_have_title("Conversations")


async def test_a_new_message_notifies_once_it_is_switched_on(console: Console) -> None:
    agent = await console.agent()
    page = agent.page
    told: asyncio.Queue[list[str]] = asyncio.Queue()
    await page.expose_function("tell", lambda title, body: told.put_nowait([title, body]))
    await page.evaluate(
        "window.Notification = class { constructor(title, more) { tell(title, more.body); }"
        " static permission = 'granted'; static async requestPermission() { return 'granted' } }; null"
    )
    await page.evaluate("document.hasFocus = () => false")
    visitor = await console.visitor("Hello", name="Maeve")
    await expect(agent.row("Maeve")).to_be_visible()
    await page.evaluate("location.hash = '#/profile'")
    await page.get_by_label("Desktop notifications").check()
    await visitor.says("Anybody there?")
    # The first message came before the switch and is not told.
    assert await asyncio.wait_for(told.get(), 10) == ["Maeve", "Anybody there?"]
