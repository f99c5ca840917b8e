"""Threads that are open in several browsers at once: nobody reloads, nobody is disturbed, nothing typed is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture


class Reader:
    """Somebody in front of a page of the community."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.bar = page.locator("[data-more]")
        self.reply = page.locator("form.reply textarea")
        self._settled = asyncio.Event()
        page.on("websocket", lambda line: line.on("framereceived", self._hear))

    def _hear(self, frame: str | bytes) -> None:
        if '"synced"' in str(frame):
            self._settled.set()

    async def opens(self, thread: str) -> None:
        """Open a thread; it is live when this returns: what does not last is not repeated for who listens later."""
        self._settled.clear()
        await self.page.goto(thread)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._settled.wait()

    def post(self, seq: int) -> Locator:
        """A post by its place."""
        return self.page.locator(f"#post-{seq}")

    async def choose(self, seq: int, deed: str) -> None:
        """Choose something from a post's menu."""
        menu = self.post(seq).locator("details.more").first
        await menu.locator("summary").click()
        await menu.get_by_role("link", name=deed).click()

    async def sign_in(self, mail: str) -> None:
        """Sign in by the form."""
        await self.page.goto(f"{self.base}/sign-in?next=/boards")
        await self.page.get_by_label("Email").fill(mail)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(self.page).to_have_url(f"{self.base}/boards")

    async def begin_thread(self, title: str, body: str) -> str:
        """Open a board and begin a thread there; its address."""
        await self.page.goto(f"{self.base}/new-board")
        await self.page.locator("[name=name]").fill("Plants")
        await self.page.get_by_role("main").get_by_role("button", name="Open the board").click()
        await expect(self.page.get_by_role("heading", name="Plants", level=1)).to_be_visible()
        await self.page.goto(f"{self.page.url}/begin")
        await self.page.locator("[name=title]").fill(title)
        await self.page.locator("[name=body]").fill(body)
        await self.page.get_by_role("button", name="Begin the thread").click()
        await expect(self.page.get_by_role("heading", name=title)).to_be_visible()
        return self.page.url

    async def answer(self, text: str, *, under: int | None = None) -> None:
        """Answer, at the end or under a post, without leaving the page."""
        if under is not None:
            await self.post(under).get_by_role("link", name="Reply", exact=True).first.click()
            await expect(self.reply).to_be_focused()
        await self.reply.fill(text)
        await self.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()


async def reader(console: Console, name: str | None = None, **context: Any) -> Reader:
    """A guest, or somebody who is signed in."""
    made = Reader(await console.page(**context), console.base)
    if name is not None:
        await made.sign_in(await console.make_agent(name))
    return made


async def test_s0_04_a_reply_is_there_for_every_other_reader_and_disturbs_nobody(console: Console) -> None:
    ada = await reader(console, "Ada Byron")
    thread = await ada.begin_thread("Which plum", "Tell me")
    grace, guest = await reader(console, "Grace Hopper"), await reader(console)
    for each in (ada, grace, guest):
        await each.opens(thread)
        await expect(each.post(1)).to_contain_text("Tell me")
    loads: list[str] = []
    guest.page.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)

    # Whoever is at the end and does not write is shown the reply itself, and who types it.
    await ada.reply.press_sequentially("The ye")
    await expect(grace.page.locator("[data-typing]")).to_have_text("Ada Byron is typing …")
    await expect(guest.page.locator("[data-typing]")).not_to_be_visible()
    await ada.answer("The yellow one")
    for each in (ada, grace, guest):
        await expect(each.post(2)).to_contain_text("The yellow one")
    await expect(grace.page.locator("[data-typing]")).to_have_text("")

    # Whoever writes is told, and what they write stays where it is.
    await grace.reply.fill("Half a sentence")
    await ada.answer("And the red one", under=2)
    await expect(guest.bar).to_have_text("1 new reply")
    await expect(grace.bar).to_have_text("1 new reply")
    await expect(grace.post(3)).to_have_count(0)
    await expect(grace.reply).to_have_value("Half a sentence")
    await grace.bar.click()
    await expect(grace.post(2).locator("#post-3")).to_contain_text("And the red one")
    await expect(grace.bar).to_be_hidden()
    await expect(grace.reply).to_have_value("Half a sentence")
    await guest.bar.click()
    await expect(guest.post(3)).to_contain_text("And the red one")

    # Whoever has gone on to the end is a follower again.
    for each in (ada, guest):
        await each.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await grace.answer("Half a sentence, ended")
    for each in (ada, grace, guest):
        await expect(each.post(4)).to_contain_text("Half a sentence, ended")
    await expect(grace.reply).to_have_value("")
    assert loads == []


async def test_s0_07_edits_removals_votes_titles_and_locks_are_seen_without_a_reload(console: Console) -> None:
    ada = await reader(console, "Ada Byron")
    thread = await ada.begin_thread("Which plum", "Tell me")
    await ada.answer("The yelow one")
    await expect(ada.post(2)).to_be_visible()
    grace, guest = await reader(console, "Grace Hopper"), await reader(console)
    for each in (grace, guest):
        await each.page.goto(thread)
    await expect(guest.post(2)).to_contain_text("yelow")

    second = Reader(await ada.page.context.new_page(), console.base)
    await second.page.goto(f"{thread}")
    await second.choose(2, "Edit")
    await second.page.locator("[name=body]").fill("The yellow one")
    await second.page.get_by_role("button", name="Save").click()
    for each in (ada, grace, guest):
        await expect(each.post(2)).to_contain_text("The yellow one")
        await expect(each.post(2)).to_contain_text("edited")

    await grace.post(2).get_by_role("button", name="Vote up").click()
    for each in (ada, grace, guest):
        await expect(each.post(2).locator(".score")).to_have_text("1")
    await expect(grace.post(2).get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    await expect(grace.post(2).get_by_role("button", name="Vote up")).to_be_focused()

    await second.page.goto(f"{thread}")
    await second.choose(1, "Title and tags")
    await second.page.locator("[name=title]").fill("Which plum tree")
    await second.page.get_by_role("button", name="Save").click()
    for each in (grace, guest):
        await expect(each.page.get_by_role("heading", level=1)).to_have_text("Which plum tree")

    await second.page.goto(f"{thread}")
    await second.choose(2, "Remove")
    await second.page.get_by_role("main").get_by_role("button", name="Remove").click()
    for each in (grace, guest):
        await expect(each.post(2)).to_contain_text("Deleted by its author")
        await expect(each.post(2)).not_to_contain_text("yellow")


async def test_s0_04_a_cut_line_misses_nothing_and_doubles_nothing(console: Console) -> None:
    ada = await reader(console, "Ada Byron")
    thread = await ada.begin_thread("Which plum", "Tell me")
    guest = await reader(console)
    await guest.page.goto(thread)
    await ada.answer("Before the cut")
    await expect(guest.post(2)).to_contain_text("Before the cut")
    await guest.page.context.set_offline(True)
    await ada.answer("While it is cut")
    await expect(ada.post(3)).to_be_visible()
    await guest.page.context.set_offline(False)
    await expect(guest.post(3)).to_contain_text("While it is cut")
    await ada.answer("After it")
    await expect(guest.post(4)).to_contain_text("After it")
    await expect(guest.page.locator("article")).to_have_count(4)


@pytest.mark.parametrize("width", [360, 1440])
async def test_s4_10_a_draft_outlives_a_closed_tab_and_a_lost_line(console: Console, width: int) -> None:
    ada = await reader(console, "Ada Byron", viewport={"width": width, "height": 740})
    thread = await ada.begin_thread("Which plum", "Tell me")
    await ada.page.goto(thread)
    await ada.reply.fill("Begun and")
    await expect(ada.page.locator("[data-draft-state]")).to_have_text("Draft saved.")
    assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await ada.page.context.set_offline(True)
    await ada.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(ada.page.get_by_role("status").first).to_contain_text("did not reach the server")
    await expect(ada.reply).to_have_value("Begun and")
    await ada.page.context.set_offline(False)
    await ada.reply.press_sequentially(" left at once")
    context = ada.page.context
    await ada.page.close(run_before_unload=True)
    again = Reader(await context.new_page(), console.base)
    await again.page.goto(thread)
    await expect(again.reply).to_have_value("Begun and left at once")
    await again.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(again.post(2)).to_contain_text("Begun and left at once")
    await again.page.reload()
    await expect(again.post(2)).to_be_visible()
    await expect(again.reply).to_have_value("")


async def test_s0_19_a_page_in_the_background_counts_in_its_title_and_the_menu_counts_notices(
    console: Console,
) -> None:
    ada = await reader(console, "Ada Byron")
    thread = await ada.begin_thread("Which plum", "Tell me")
    guest = await reader(console)
    await guest.page.goto(thread)
    await expect(guest.post(1)).to_be_visible()
    # A headless browser hides no page: the page is told that it is.
    await guest.page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => globalThis.isAway ?? true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    await ada.page.goto(f"{console.base}/boards")
    grace = await reader(console, "Grace Hopper")
    await grace.page.goto(thread)
    await grace.answer("The yellow one")
    await expect(guest.page).to_have_title("(1) Which plum · Support chat")
    await expect(guest.post(2)).to_have_count(0)
    await guest.page.evaluate("""() => {
        globalThis.isAway = false;
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    await expect(guest.page).to_have_title("Which plum · Support chat")
    await expect(guest.post(2)).to_be_visible()
    await expect(ada.page.locator("[data-notices] .badge")).to_have_text("1")


async def test_without_a_script_the_same_pages_read_and_post(console: Console) -> None:
    ada = await reader(console, "Ada Byron", java_script_enabled=False)
    thread = await ada.begin_thread("Which plum", "Tell me")
    await ada.page.locator("form.reply textarea").fill("Plainly")
    await ada.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(ada.post(2)).to_contain_text("Plainly")
    await ada.post(2).get_by_role("link", name="Reply", exact=True).click()
    await ada.page.locator("#post-2 form.reply textarea").fill("Under it")
    await ada.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(ada.post(3)).to_contain_text("Under it")
    guest = await reader(console, java_script_enabled=False)
    await guest.page.goto(thread)
    await expect(guest.page.locator("article")).to_have_count(3)
    await expect(guest.bar).to_be_hidden()
