"""The widget on pages that are hard on guests, and what it keeps away from them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Request

    from tests.browser.widget_shop import Agent, Shop


@pytest.mark.parametrize("path", ["/strict", "/hostile", "/app", "/rtl"])
async def test_it_works_unchanged_on_hard_pages(shop: Shop, agent: Agent, path: str) -> None:
    visitor = await shop.visitor(path)
    await visitor.launcher.click()
    box = visitor.page.locator("support-chat textarea")
    await expect(box).to_be_focused()
    await box.press_sequentially("Some text")
    await expect(box).to_have_value("Some text")
    await box.press("Enter")
    channel = await agent.open("Some text")
    await agent.says(channel, "Good day")
    bubbles = visitor.page.locator("support-chat .bubble")
    await expect(bubbles).to_have_text(["Some text", "Good day"])
    style = await bubbles.first.evaluate(
        "node => ({size: getComputedStyle(node).fontSize, case: getComputedStyle(node).textTransform})"
    )
    assert style == {"size": "14px", "case": "none"}
    place = await visitor.launcher.bounding_box()
    assert place is not None
    assert (place["x"] + place["width"], place["y"] + place["height"]) == (1180, 780)


async def test_it_reads_from_right_to_left_in_arabic(shop: Shop) -> None:
    visitor = await shop.visitor("/rtl")
    await expect(visitor.launcher).to_have_accessible_name("فتح الدردشة")
    await visitor.launcher.click()
    await expect(visitor.page.get_by_role("textbox", name="رسالة")).to_be_focused()
    assert await visitor.panel.evaluate("panel => getComputedStyle(panel).direction") == "rtl"


async def test_p1_nothing_is_stored_or_asked_before_the_visitor_shows_intent(shop: Shop) -> None:
    context = await shop.context()
    asked: list[Request] = []
    context.on("request", lambda request: asked.append(request) if request.url.startswith(shop.server) else None)
    visitor = await shop.page(context)
    await expect(visitor.launcher).to_be_visible()
    await visitor.page.wait_for_load_state("networkidle")
    assert [request.url for request in asked] == [f"{shop.server}/widget/{shop.key}.js"]
    stored = await visitor.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert stored == [0, 0, ""]
    await visitor.open()
    await expect(visitor.panel.get_by_text("We are away")).to_be_visible()
    # What one needs to write comes in three requests; the log's part comes beside them.
    scripts = [request.url for request in asked if request.resource_type == "script"]
    assert len([url for url in scripts if "conversation" not in url]) <= 3


async def test_p4_nothing_is_loaded_from_anybody_else(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Where is my parcel?")
    await agent.says(await agent.open("Where is my parcel?"), "On its way")
    await visitor.shows("Where is my parcel?", "On its way")
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith("data:")}
    assert hosts == {urlsplit(shop.server).netloc, urlsplit(shop.url).netloc}


async def test_p2_with_consent_awaited_nothing_shows_until_the_page_says_so(shop: Shop) -> None:
    visitor = await shop.bare_page(await shop.context(), 'data-consent="wait"')
    await visitor.page.wait_for_function("window.SupportChat?.live")
    await expect(visitor.launcher).to_be_hidden()
    await visitor.page.evaluate("SupportChat.show()")
    await expect(visitor.launcher).to_be_visible()


async def test_the_tag_chooses_side_distance_and_language(shop: Shop) -> None:
    attributes = 'data-position="left" data-offset="40,60" data-language="de-AT"'
    visitor = await shop.bare_page(await shop.context(), attributes)
    place = await visitor.launcher.bounding_box()
    assert place is not None
    assert (place["x"], place["y"] + place["height"]) == (40, 740)
    await visitor.page.get_by_role("button", name="Chat öffnen").click()
    await expect(visitor.page.get_by_role("textbox", name="Nachricht")).to_be_focused()


async def test_a_stub_queues_calls_and_listeners_hear_events(shop: Shop, agent: Agent) -> None:
    stub = """<script>
      window.SupportChat = function () { (SupportChat.q = SupportChat.q || []).push(arguments) };
      window.told = [];
      for (const name of ["ready", "open", "close", "message", "unread"]) {
        SupportChat("on", name, (detail) => told.push([name, detail]));
      }
      document.addEventListener("support-chat:open", () => told.push(["document heard open"]));
      SupportChat("identify", { name: "Maeve", mail: "maeve@example.com", attributes: { plan: "tea" } });
      SupportChat("open");
    </script>"""
    visitor = await shop.bare_page(await shop.context(), before=stub)
    await expect(visitor.box).to_be_focused()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    rows = agent.client.state.rows
    await agent.client.until(lambda: rows[channel]["visitor"]["name"] == "Maeve")
    await visitor.page.evaluate("SupportChat.close()")
    await expect(visitor.box).to_be_hidden()
    await agent.says(channel, "Good day")
    await expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread message")
    told = await visitor.page.evaluate("told")
    names = [name for name, *_ in told]
    assert sorted(names[:3]) == ["document heard open", "open", "ready"]
    assert names[3:] == ["close", "message", "unread"]
    assert ["message", {"text": "Good day", "author": "Ada Byron"}] in told
    assert ["unread", {"count": 1}] in told


async def test_what_a_listener_throws_stays_with_the_page(shop: Shop) -> None:
    visitor = await shop.bare_page(await shop.context())
    await visitor.page.wait_for_function("window.SupportChat?.live")
    await visitor.page.evaluate("window.onerror = () => true; SupportChat.on('open', () => { throw Error('mine') })")
    await visitor.page.evaluate("SupportChat('no such verb'); SupportChat('open')")
    await expect(visitor.box).to_be_focused()
    shop.complaints.clear()


async def test_a_tag_that_stands_twice_makes_one_widget(shop: Shop) -> None:
    twin = f'<script src="{shop.server}/widget/{shop.key}.js"></script>'
    visitor = await shop.bare_page(await shop.context(), before=twin)
    await expect(visitor.page.locator("support-chat")).to_have_count(1)
    await visitor.open()


async def test_it_survives_views_that_come_and_go(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor("/app")
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    for view in ["Lamps", "Swapped", "Cups"]:
        await visitor.page.get_by_role("link", name=view).first.click()
        await expect(visitor.page).to_have_title(re.compile(f"^{view} "))
        await expect(visitor.page.locator("support-chat")).to_have_count(1)
        await expect(visitor.box).to_be_visible()
    await agent.says(channel, "Good day")
    await visitor.shows("Hello", "Good day")


async def test_destroy_takes_everything_away_and_the_tag_brings_it_back(shop: Shop, agent: Agent) -> None:
    visitor = await shop.bare_page(await shop.context())
    await visitor.open()
    await visitor.says("Hello")
    await agent.open("Hello")
    await visitor.page.evaluate("SupportChat.destroy()")
    await expect(visitor.page.locator("support-chat")).to_have_count(0)
    left = await visitor.page.evaluate("[window.SupportChat === undefined, document.title]")
    assert left == [True, "Bare"]
    locks = await visitor.page.evaluate(
        "navigator.locks.query().then(({held, pending}) => held.length + pending.length)"
    )
    assert locks == 0
    await visitor.page.evaluate(
        """source => document.body.append(Object.assign(document.createElement('script'), {src: source}))""",
        f"{shop.server}/widget/{shop.key}.js",
    )
    await visitor.open()
    await visitor.shows("Hello")


async def test_p2_reset_forgets_the_visitor(shop: Shop, agent: Agent) -> None:
    visitor = await shop.bare_page(await shop.context())
    await visitor.open()
    await visitor.says("Hello")
    await agent.open("Hello")
    await expect(visitor.state("Sent")).to_be_visible()
    await visitor.page.evaluate("SupportChat.reset()")
    await visitor.shows()
    await visitor.says("Somebody else")
    other = await agent.open("Somebody else")
    await agent.hears(other, "Somebody else")


@pytest.mark.plain_browser
async def test_a_framed_panel_does_the_same(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    visitor = await shop.bare_page(context, 'data-isolation="iframe" data-language="de"')
    await visitor.page.get_by_role("button", name="Chat öffnen").click()
    frame = visitor.page.frame_locator("support-chat iframe")
    box = frame.get_by_role("textbox", name="Nachricht")
    await expect(box).to_be_focused()
    await box.fill("Hallo")
    await box.press("Enter")
    channel = await agent.open("Hallo")
    await agent.says(channel, "Guten Tag")
    await expect(frame.locator(".bubble")).to_have_text(["Hallo", "Guten Tag"])
    await agent.client.until(lambda: agent.marks(channel)["visitor"]["seen"] == 2)
    await box.press("Escape")
    await expect(box).to_be_hidden()
    await expect(visitor.launcher).to_be_focused()
    await agent.says(channel, "Noch da?")
    await expect(visitor.launcher).to_have_accessible_name("Chat öffnen, 1 ungelesene Nachricht")
    # The page itself never holds the visitor's token.
    assert "token" not in await visitor.page.evaluate("Object.keys(localStorage).join()")
    await visitor.page.reload()
    await expect(visitor.launcher).to_have_accessible_name("Chat öffnen, 1 ungelesene Nachricht")
    await visitor.page.evaluate("SupportChat.destroy()")
    await expect(visitor.page.locator("iframe")).to_have_count(0)


async def test_storage_that_throws_costs_only_what_outlives_the_page(shop: Shop, agent: Agent) -> None:
    context = await shop.context()
    await context.add_init_script(
        """for (const name of ["getItem", "setItem", "removeItem", "key"])
             Storage.prototype[name] = () => { throw new DOMException("no storage", "QuotaExceededError") };"""
    )
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello", "Again")
    channel = await agent.open("Again")
    await agent.hears(channel, "Hello", "Again")
    await agent.says(channel, "Good day")
    await visitor.shows("Hello", "Again", "Good day")
