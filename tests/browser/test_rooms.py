"""Rooms in real browsers: two members talk live, a stranger stays outside; wide and on a phone (S3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE, bound_socket
from tests.proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Locator, Page, ViewportSize

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture

WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 700}
_SCROLLED_UP = """async row => {
    const log = row.closest("[role=log]");
    const frame = () => new Promise(requestAnimationFrame);
    log.scrollTop = 400;
    for (let count = 0; count < 3; count++) await frame();
    log.scrollTop = 200;
    return row.getBoundingClientRect().top;
}"""
_AT_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 48"


class Member:
    """Somebody who is signed in, in front of rooms."""

    def __init__(self, page: Page, base: str, mail: str) -> None:
        self.page = page
        self.base = base
        self.mail = mail
        self.log = page.get_by_role("log", name="Messages")
        self.rows = self.log.get_by_role("listitem")
        self.box = page.get_by_role("textbox", name="Message", exact=True)
        self.side = page.get_by_role("navigation", name="Rooms")
        self.people = page.get_by_role("complementary", name="Members")

    async def sign_in(self) -> None:
        """Sign in by the form."""
        await self.page.goto(f"{self.base}/sign-in?next=/rooms")
        await self.page.locator("#email").fill(self.mail)
        await self.page.locator("#password").fill(PASSWORD)
        await self.page.locator("main form button[type=submit]").first.click()
        await expect(self.page).to_have_url(f"{self.base}/rooms")

    async def begin(self, name: str, capacity: int = 20) -> str:
        """Begin an open room; its address."""
        await self.page.goto(f"{self.base}/rooms/new")
        await self.page.locator("[name=name]").fill(name)
        await self.page.locator("[name=capacity]").fill(str(capacity))
        await self.page.get_by_role("button", name="Begin the room").click()
        await self.has_open(name)
        return self.page.url

    async def has_open(self, name: str) -> None:
        """The room is shown, with what is live of it."""
        await expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        await expect(self.page.locator(".room-messages")).not_to_be_visible()
        await expect(self.log).to_be_visible()

    async def join(self, name: str) -> None:
        """Look for a room and come in."""
        await self.page.goto(f"{self.base}/rooms?q={name}")
        await self.page.get_by_role("button", name="Join").click()
        await self.has_open(name)

    async def open(self, address: str, name: str) -> None:
        """Go to a room that one is in."""
        await self.page.goto(address)
        await self.has_open(name)

    async def says(self, *bodies: str) -> None:
        """Write and send by Enter; each is on the page at once."""
        for body in bodies:
            await self.box.fill(body)
            await self.box.press("Enter")
            await expect(self.row(body)).to_have_count(1)

    def row(self, text: str) -> Locator:
        """The rows with a text."""
        return self.rows.filter(has_text=text)

    async def violations(self) -> list[str]:
        """What axe finds on the page as it is."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


async def member(console: Console, name: str, **context: Any) -> Member:
    """A member who is signed in."""
    context.setdefault("viewport", WIDE)
    made = Member(await console.page(**context), console.base, await console.make_agent(name))
    await made.sign_in()
    return made


@pytest.fixture
async def line() -> AsyncGenerator[TcpProxy]:
    """The way to the server, which can be cut."""
    async with TcpProxy(0) as proxy:
        yield proxy


async def test_s3_04_s3_18_a_member_finds_a_room_by_its_name_joins_it_and_has_it_in_the_side_list(
    console: Console,
) -> None:
    ada, grace = await member(console, "Ada Byron"), await member(console, "Grace Hopper")
    await ada.begin("Orchard")
    await ada.begin("Kitchen")
    await grace.page.goto(f"{console.base}/rooms?q=orch")
    await expect(grace.page.get_by_text("Orchard")).to_be_visible()
    await expect(grace.page.get_by_text("Kitchen")).to_have_count(0)
    await grace.join("Orchard")
    await expect(grace.side.get_by_role("listitem")).to_have_count(1)
    await grace.join("Kitchen")
    await expect(grace.side.get_by_role("link", name="Kitchen")).to_have_attribute("aria-current", "page")
    await grace.side.get_by_role("searchbox").fill("ÓRCH")
    await expect(grace.side.get_by_role("link", name="Kitchen")).to_be_hidden()
    await expect(grace.side.get_by_role("link", name="Orchard")).to_be_visible()
    await grace.side.get_by_role("searchbox").fill("")

    # What is written elsewhere is told beside the room that one reads.
    await ada.side.get_by_role("link", name="Orchard").click()
    await ada.has_open("Orchard")
    await ada.says("The plums are ripe")
    orchard = grace.side.get_by_role("listitem").filter(has_text="Orchard")
    await expect(orchard).to_contain_text("Ada Byron: The plums are ripe")
    await expect(orchard.locator("[data-unread]")).to_be_visible()
    await orchard.get_by_role("link").click()
    await grace.has_open("Orchard")
    await expect(grace.side.locator("[data-unread]")).to_have_count(0)


async def test_s3_07_s3_08_s3_11_who_is_in_and_who_is_here_is_told_and_whoever_left_hears_nothing_more(
    console: Console,
) -> None:
    ada, grace, eve = [await member(console, name) for name in ("Ada Byron", "Grace Hopper", "Eve Stranger")]
    room = await ada.begin("Kitchen")
    await grace.join("Kitchen")
    await expect(ada.row("Grace Hopper joined")).to_have_count(1)
    await expect(ada.people.get_by_role("listitem")).to_have_count(2)
    await expect(ada.people.get_by_text("Here now")).to_have_count(2)
    await expect(ada.page.locator("[data-here]")).to_have_text("2 here now")
    refused = await eve.page.goto(room)
    assert refused is not None
    assert refused.status == 404

    # In another tab, so that the page that is left behind would hear what is still told.
    tab = Member(await grace.page.context.new_page(), console.base, grace.mail)
    await tab.open(room, "Kitchen")
    await tab.people.get_by_role("button", name="Leave the room").click()
    await expect(tab.page).to_have_url(f"{console.base}/rooms")
    await expect(ada.row("Grace Hopper left")).to_have_count(1)
    await expect(ada.people.get_by_role("listitem")).to_have_count(1)
    await expect(ada.page.locator("[data-here]")).to_have_text("1 here now")
    await expect(grace.page.get_by_role("status").filter(has_text="not in this room any more")).to_be_visible()
    await expect(grace.side.get_by_role("listitem")).to_have_count(0)
    await expect(grace.box).to_be_hidden()
    await ada.says("Now that she is gone")
    await expect(ada.row("Now that she is gone").get_by_text("Sent")).to_be_visible()
    await expect(grace.row("Now that she is gone")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1280])
async def test_s3_09_a_message_written_while_the_line_is_cut_comes_once_and_nobody_joins_twice(
    line: TcpProxy, console: Console, width: int
) -> None:
    size: ViewportSize = {"width": width, "height": 740}
    ada, grace = [await member(console, name, viewport=size) for name in ("Ada Byron", "Grace Hopper")]
    room = await ada.begin("Kitchen")
    await grace.join("Kitchen")
    await ada.says("Before the cut")
    await expect(grace.row("Before the cut")).to_have_count(1)
    await grace.says("I heard you")
    await expect(ada.row("I heard you")).to_have_count(1)
    await expect(ada.log.get_by_text("Seen by 1")).to_have_count(1)

    behind = line.target
    with bound_socket() as nowhere:
        line.lead_to(nowhere.getsockname()[1])
        await ada.says("While it is cut", "And another")
        await expect(ada.page.get_by_role("status").filter(has_text="Reconnecting")).to_be_visible()
        await expect(ada.row("And another").get_by_text("Sending")).to_be_visible()
        await expect(grace.row("While it is cut")).to_have_count(0)
        line.lead_to(behind)
    # A page that begins anew has what an earlier one left unsent, and both may send it.
    tab = Member(await ada.page.context.new_page(), console.base, ada.mail)
    await tab.page.set_viewport_size(size)
    await tab.open(room, "Kitchen")
    for each in (ada, grace, tab):
        await expect(each.row("And another")).to_have_count(1)
        await expect(each.page.get_by_role("status").filter(has_text="Reconnecting")).to_have_count(0)
    await grace.says("All of it is here")
    for each in (ada, grace, tab):
        await expect(each.row("All of it is here")).to_have_count(1)
        bodies = await each.rows.locator(".bubble").all_text_contents()
        assert bodies == [
            "Ada Byron began the room", "Grace Hopper joined", "Before the cut", "I heard you",
            "While it is cut", "And another", "All of it is here",
        ]  # fmt: skip


async def test_s3_10_the_last_messages_come_first_and_older_ones_when_one_scrolls_up_without_a_jump(
    console: Console,
) -> None:
    ada, grace = await member(console, "Ada Byron"), await member(console, "Grace Hopper")
    room = await ada.begin("Kitchen")
    await grace.join("Kitchen")
    for n in range(1, 71):
        await ada.box.fill(f"Message {n}.")
        await ada.box.press("Enter")
    await expect(grace.row("Message 70.")).to_have_count(1)
    await grace.open(room, "Kitchen")
    await expect(grace.row("Message 70.")).to_be_in_viewport()
    assert await grace.log.evaluate(_AT_END)
    await expect(grace.row("Message 10.")).to_have_count(0)
    mark = grace.row("Message 25.")
    before = await mark.evaluate(_SCROLLED_UP)
    await expect(grace.row("Message 10.")).to_have_count(1)
    assert abs(await mark.evaluate("row => row.getBoundingClientRect().top") - before) < 4
    bodies = await grace.rows.locator(".bubble").all_text_contents()
    assert bodies[-70:] == [f"Message {n}." for n in range(1, 71)]
    await expect(grace.rows.locator(".name").first).to_have_text("Ada Byron ")
    await grace.open(f"{room}?at=12", "Kitchen")
    await expect(grace.row("Message 10.")).to_be_in_viewport()
    await grace.open(room, "Kitchen")
    await grace.says("Mine")
    await expect(grace.rows.last).to_have_class("row own")
    await expect(grace.rows.last.locator("time")).to_be_visible()


async def test_s3_13_markup_of_a_stranger_is_text_and_only_plain_addresses_become_links(console: Console) -> None:
    ada, grace = await member(console, "Ada Byron"), await member(console, "Grace Hopper")
    room = await ada.begin("<img src=x onerror=alert(1)>")
    address = f"{console.base}/rooms?q=img"
    await grace.page.goto(address)
    await grace.page.get_by_role("button", name="Join").click()
    await expect(grace.log).to_be_visible()
    hostile = '<img src=x onerror="globalThis.hurt=1"> javascript:alert(1) data:text/html,x'
    hostile += " https://plum.example/ mailto:a@b.example"
    await ada.says(hostile)
    for each in (ada, grace):
        await expect(each.row("onerror")).to_have_count(1)
        assert await each.row("onerror").locator(".bubble").inner_text() == hostile
        assert await each.row("onerror").locator("img[src=x]").count() == 0
        links = await each.row("onerror").locator("a").evaluate_all("links => links.map((link) => link.href)")
        assert links == ["https://plum.example/", "mailto:a@b.example"]
    await grace.page.goto(room)
    await expect(grace.row("onerror")).to_have_count(1)
    assert await grace.page.evaluate("globalThis.hurt === undefined")
    assert await grace.page.locator("img[src=x]").count() == 0


async def test_s3_14_two_members_with_equal_first_names_see_each_others_messages(console: Console) -> None:
    first = await member(console, "Ada Byron")
    other = Member(await console.page(viewport=WIDE), console.base, await console.make_agent("Ada Byron", "ada-2"))
    await other.sign_in()
    await first.begin("Kitchen")
    await other.join("Kitchen")
    await first.says("From the first")
    await other.says("From the other")
    await expect(first.row("From the other")).to_have_class("row")
    await expect(other.row("From the first")).to_have_class("row")
    await expect(first.row("From the first")).to_have_class("row own")
    await expect(other.row("From the other")).to_have_class("row own")


async def test_s3_17_on_a_phone_the_side_list_opens_and_closes_and_the_view_stays_where_one_reads(
    console: Console,
) -> None:
    ada = await member(console, "Ada Byron", viewport=PHONE, has_touch=True)
    room = await ada.begin("Kitchen")
    grace = await member(console, "Grace Hopper")
    await grace.join("Kitchen")
    assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expect(ada.side).to_be_hidden()
    opener = ada.page.get_by_role("button", name="Rooms")
    for close in ("button", "Escape", "back"):
        await opener.click()
        await expect(ada.side.get_by_role("link", name="Kitchen")).to_be_visible()
        if close == "button":
            await ada.side.get_by_role("button", name="Close the list of rooms").click()
        elif close == "Escape":
            await ada.page.keyboard.press("Escape")
        else:
            await ada.page.go_back()
        await expect(ada.side).to_be_hidden()
        await expect(ada.page).to_have_url(room)
        await expect(opener).to_be_visible()

    # The composer stays in sight when the keyboard takes half of the screen.
    await ada.page.set_viewport_size({"width": 360, "height": 360})
    await ada.box.focus()
    await expect(ada.box).to_be_in_viewport(ratio=1)
    await ada.page.set_viewport_size(PHONE)

    for n in range(30):
        await grace.box.fill(f"Line {n}.")
        await grace.box.press("Enter")
    await expect(ada.row("Line 29.")).to_be_in_viewport()
    assert await ada.log.evaluate(_AT_END)
    await ada.log.evaluate("log => log.scrollTo(0, 0)")
    await expect(ada.row("Ada Byron began the room")).to_be_in_viewport()
    await grace.says("Below", "Further below")
    pill = ada.page.get_by_role("button", name="2 new")
    await expect(pill).to_be_visible()
    assert await ada.log.evaluate("log => log.scrollTop") == 0
    await pill.click()
    await expect(ada.row("Further below")).to_be_in_viewport()
    await expect(pill).to_be_hidden()


async def test_a_message_can_be_changed_and_taken_back_and_a_draft_stays_with_its_room(console: Console) -> None:
    ada, grace = await member(console, "Ada Byron"), await member(console, "Grace Hopper")
    kitchen = await ada.begin("Kitchen")
    orchard = await ada.begin("Orchard")
    await grace.join("Orchard")
    # Who types is told to lines that have the room open, and not repeated.
    await ada.says("Are you there?")
    await expect(grace.row("Are you there?")).to_have_count(1)
    await grace.box.press_sequentially("I am about")
    await expect(ada.log.get_by_text("Grace Hopper is typing")).to_be_visible()
    await ada.says("The yelow plum")
    await ada.row("yelow").get_by_role("button", name="Edit message").click()
    await ada.box.fill("The yellow plum")
    await ada.box.press("Enter")
    await expect(grace.row("The yellow plum")).to_contain_text("edited")
    await ada.row("yellow").get_by_role("button", name="Remove message").click()
    await ada.page.get_by_role("button", name="Undo").click()
    await expect(ada.row("yellow")).to_be_visible()
    await ada.row("yellow").get_by_role("button", name="Remove message").click()
    await ada.box.fill("Half a sentence")
    # Whoever goes leaves nothing undone: the next page carries the removal out.
    await ada.open(kitchen, "Kitchen")
    await expect(ada.box).to_have_value("")
    await ada.open(orchard, "Orchard")
    await expect(ada.box).to_have_value("Half a sentence")
    await expect(grace.row("Message removed")).to_have_count(1)
    await ada.box.press("Shift+Enter")
    assert (await ada.box.input_value()).endswith("\n")


async def test_a_talk_of_two_is_called_by_the_other_ones_name_and_works_without_a_script(console: Console) -> None:
    ada = await member(console, "Ada Byron")
    plain = await member(console, "Bob Plain", java_script_enabled=False, viewport=PHONE)
    await plain.page.goto(f"{console.base}/members?q=Ada")
    await plain.page.get_by_role("main").get_by_role("link", name="Ada Byron").click()
    await plain.page.locator("form[action$='/talks'] button").click()
    await expect(plain.page.get_by_role("heading", name="Ada Byron", level=1)).to_be_visible()
    await plain.page.locator("[name=body]").fill("Without a script")
    await plain.page.get_by_role("button", name="Send").click()
    await expect(plain.page.locator(".room-messages .own")).to_contain_text("Without a script")
    await plain.page.get_by_role("button", name="Rooms").click()
    await expect(plain.side.get_by_role("link", name="Ada Byron")).to_be_visible()
    await ada.open(plain.page.url.partition("#")[0], "Bob Plain")
    await expect(ada.row("Without a script")).to_have_count(1)
    await ada.says("With one")
    await plain.page.reload()
    await expect(plain.page.locator(".room-messages")).to_contain_text("With one")
    await expect(ada.rows.last.get_by_text("Seen by")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])
async def test_axe_finds_nothing_in_a_room_and_it_fits_every_width(
    console: Console, scheme: str, language: str
) -> None:
    ada = await member(console, "Ada Byron", color_scheme=scheme, locale=language, bypass_csp=True)
    await ada.page.goto(f"{console.base}/rooms/new")
    await ada.page.locator("[name=name]").fill("Kitchen")
    await ada.page.locator("main form button[type=submit]").click()
    await ada.page.locator("textarea").fill("Hello https://plum.example/")
    await ada.page.locator("textarea").press("Enter")
    await expect(ada.page.locator(".room .state.sent")).to_be_visible()
    await expect(ada.page.locator("[data-member]")).to_have_count(1)
    for width in (1280, 900, 360, 320):
        await ada.page.set_viewport_size({"width": width, "height": 720})
        assert await ada.violations() == []
        assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for drawer in ("to-rooms", "to-people"):
            opener = ada.page.locator(f".{drawer}")
            if await opener.is_visible():
                await opener.click()
                await expect(ada.page.locator(".drawer:popover-open")).to_be_visible()
                assert await ada.violations() == []
                await ada.page.keyboard.press("Escape")
                await expect(ada.page.locator(".drawer:popover-open")).to_have_count(0)
    # By keyboard: from the log to the box, and on paper the text alone.
    await ada.page.get_by_role("log").focus()
    await ada.page.keyboard.press("Tab")
    await ada.page.emulate_media(media="print")
    await expect(ada.page.locator(".bubble").last).to_be_visible()
    await expect(ada.page.locator("textarea")).to_be_hidden()


async def test_s3_17_what_one_writes_grows_the_box_and_leaves_the_newest_message_in_sight(console: Console) -> None:
    ada = await member(console, "Ada Byron", viewport=PHONE)
    await ada.begin("Kitchen")
    for n in range(30):
        await ada.box.fill(f"Line {n}.")
        await ada.box.press("Enter")
    await expect(ada.row("Line 29.").get_by_text("Sent")).to_be_in_viewport()
    one = await ada.box.evaluate("box => box.offsetHeight")
    for _ in range(7):
        await ada.box.press_sequentially("word ")
        await ada.box.press("Shift+Enter")
    heights = await ada.box.evaluate("box => [box.offsetHeight, box.scrollHeight]")
    assert one < heights[0] < heights[1]
    await expect(ada.row("Line 29.").get_by_text("Sent")).to_be_in_viewport(ratio=1)
    assert await ada.log.evaluate(_AT_END)
