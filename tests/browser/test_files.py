"""Files in real browsers: dragged, pasted and chosen, on their way over bad lines, and seen on the other side."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.file_hands import chosen, drag, drop, paste, picture
from tests.browser.widget_shop import AXE, VisitorPage, chromium, console_of
from tests.proxy import TcpProxy

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page, Route

    from tests.browser.widget_shop import Agent, Shop

LETTERS = b"Plums are ripe.\n" * 400_000
"""Six parts of an upload."""
_UPLOADS = re.compile(r"/files/[\w-]{22}$")
_SMALL = re.compile(r"/files/[\w-]{22}/small$")


def _tray(page: Page) -> Locator:
    """The files that are to go with what is written."""
    return page.get_by_role("list", name="Files that go with it").get_by_role("listitem")


async def _ready(page: Page, count: int = 1) -> None:
    said = "1 file is ready to send" if count == 1 else f"{count} files are ready to send"
    await expect(page.get_by_text(said)).to_be_visible()


async def _choose(visitor: VisitorPage, *files: Any) -> None:
    await visitor.page.locator("support-chat input[type=file]").set_input_files(chosen(*files))


def _files(agent: Agent, channel: str) -> list[tuple[str, str, int]]:
    """Body, and name and size of the files, of the messages that have some."""
    messages = agent.client.state.channels[channel].messages.values()
    return [(one["body"], file["name"], file["size"]) for one in messages for file in one.get("files") or ()]


async def test_pictures_dropped_on_the_widget_and_in_the_console_are_seen_on_the_other_side(shop: Shop) -> None:
    console, visitor = await console_of(shop), await shop.visitor()
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await drag(visitor.panel, picture())
    await expect(visitor.page.get_by_text("Drop files here")).to_be_visible()
    await drop(visitor.panel, picture())
    await expect(visitor.page.get_by_text("Drop files here")).to_be_hidden()
    await expect(_tray(visitor.page)).to_contain_text("plum.png")
    await expect(_tray(visitor.page).locator("canvas")).to_be_visible()
    await visitor.says("Is this one ripe?")
    await expect(_tray(visitor.page)).to_have_count(0)
    row = console.get_by_role("list", name="Conversations").get_by_role("listitem")
    await expect(row).to_contain_text("Is this one ripe?")
    await row.get_by_role("link").click()
    log = console.get_by_role("log", name="Conversation")
    shown = log.get_by_role("link", name="plum.webp").locator("img")
    await expect(shown).to_have_js_property("complete", value=True)
    assert await shown.evaluate("image => [image.naturalWidth, image.clientWidth, image.clientHeight]") == [
        640,
        238,
        148,
    ]
    await expect(visitor.message("Is this one ripe?").locator("canvas")).to_be_visible()
    # And back, as the only thing that is said.
    await drop(console.get_by_role("textbox", name="Reply"), picture("ripe.png", 200, 300, "green"))
    await _ready(console)
    await console.get_by_role("button", name="Send", exact=True).click()
    theirs = visitor.log.get_by_role("button", name="ripe.webp")
    await expect(theirs.locator("canvas")).to_be_visible()
    # Large, over everything; Escape closes that alone.
    await theirs.click()
    large = visitor.page.get_by_role("dialog", name="ripe.webp")
    await expect(large.locator("canvas")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await expect(large).to_have_count(0)
    await expect(visitor.box).to_be_visible()
    await expect(theirs).to_be_focused()
    await shown.click()
    await expect(console.get_by_role("dialog", name="plum.webp").locator("img")).to_be_visible()
    await console.keyboard.press("Escape")
    await expect(console.get_by_role("dialog", name="plum.webp")).to_have_count(0)
    # A message that is removed shows none.
    await visitor.message("Is this one ripe?").hover()
    await visitor.log.get_by_role("button", name="Remove message").first.click()
    await visitor.page.goto(f"{shop.url}/contact")
    await expect(log).to_contain_text("This message was removed")
    await expect(log.get_by_role("link", name="plum.webp")).to_have_count(0)


async def test_a_picture_that_is_pasted_goes_along_and_a_text_that_is_pasted_is_a_text(
    shop: Shop, agent: Agent
) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await paste(visitor.box, picture("image.png"))
    await _ready(visitor.page)
    await visitor.says("Pasted")
    channel = await agent.open("Pasted")
    await agent.client.until(lambda: bool(_files(agent, channel)))
    assert [(body, name) for body, name, _ in _files(agent, channel)] == [("Pasted", "image.webp")]


async def test_another_file_is_named_with_its_size_and_downloaded(shop: Shop) -> None:
    console, visitor = await console_of(shop), await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    await console.get_by_role("list", name="Conversations").get_by_role("link").click()
    await expect(console.get_by_role("button", name="Attach files")).to_be_visible()
    await paste(console.get_by_role("textbox", name="Reply"), ("terms.txt", "text/plain", b"Ripe plums only."))
    await _ready(console)
    await console.get_by_role("textbox", name="Reply").fill("Our terms")
    await console.get_by_role("button", name="Send", exact=True).click()
    theirs = visitor.log.get_by_role("button", name="terms.txt")
    await expect(theirs).to_contain_text("16B")
    async with visitor.page.expect_download() as download:
        await theirs.click()
    assert (await (await download.value).path()).read_bytes() == b"Ripe plums only."
    async with console.expect_download() as own:
        await console.get_by_role("log").get_by_role("link", name="terms.txt").click()
    assert (await own.value).suggested_filename == "terms.txt"


async def test_enter_while_a_file_is_on_its_way_sends_as_soon_as_it_is_there(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    held: asyncio.Queue[Route] = asyncio.Queue()

    async def hold(route: Route) -> None:
        await (held.put(route) if route.request.method == "PATCH" else route.continue_())

    await visitor.page.route(_UPLOADS, hold)
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await _choose(visitor, ("plums.txt", "text/plain", b"Plums."))
    upload = await held.get()
    await visitor.says("With a list")
    await expect(visitor.page.get_by_text("Sends as soon as everything is uploaded.")).to_be_visible()
    await visitor.shows()
    await expect(visitor.box).to_have_value("With a list")
    await upload.continue_()
    await visitor.shows("With a list")
    await expect(visitor.box).to_have_value("")
    channel = await agent.open("With a list")
    await agent.client.until(lambda: _files(agent, channel) == [("With a list", "plums.txt", 6)])


async def test_a_file_that_is_taken_out_does_not_go_and_is_given_up_on_the_server(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    methods: list[str] = []
    held: asyncio.Queue[Route] = asyncio.Queue()

    async def hold(route: Route) -> None:
        methods.append(route.request.method)
        await (held.put(route) if route.request.method == "PATCH" else route.continue_())

    await visitor.page.route(_UPLOADS, hold)
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await _choose(visitor, picture())
    await held.get()
    async with visitor.page.expect_response(lambda answer: answer.request.method == "DELETE") as given_up:
        await visitor.page.get_by_role("button", name="Remove plum.png").click()
    assert (await given_up.value).status == 204
    await expect(_tray(visitor.page)).to_have_count(0)
    await expect(visitor.box).to_be_focused()
    await visitor.says("Without")
    await agent.hears(await agent.open("Without"), "Without")
    assert methods == ["PATCH", "DELETE"]


async def test_a_kind_that_is_refused_says_why_beside_the_file_and_the_others_go(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await _choose(visitor, ("holiday.png", "image/png", b"MZ\x90\0" + bytes(200)), picture("plum.png"))
    bad = _tray(visitor.page).filter(has_text="holiday.png")
    await expect(bad.get_by_role("button", name="Try again")).to_be_visible()
    await expect(bad.locator("small")).to_have_text(re.compile(r"\w+.*\."))
    await visitor.says("Both")
    await expect(visitor.page.get_by_text("Remove the file that cannot be sent, or try it again.")).to_be_visible()
    await visitor.page.get_by_role("button", name="Remove holiday.png").click()
    # Whoever wanted to send is not asked again.
    channel = await agent.open("Both")
    await agent.client.until(lambda: [name for _, name, _ in _files(agent, channel)] == ["plum.webp"])


class CutOnce(TcpProxy):
    """Cuts all lines once, when ``after`` bytes have passed, and takes no new ones until it is mended."""

    def __init__(self, target: int, after: int) -> None:
        super().__init__(target)
        self.left = after
        self.cuts = 0

    def mend(self) -> None:
        """Take new lines again."""
        self.left = sys.maxsize

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.left < 0:
            writer.transport.abort()
            return
        await super()._serve(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super()._pass_on(_Counted(reader, self), writer)  # type: ignore[arg-type]  # all that is asked is to read

    def count(self, data: bytes) -> None:
        """These have passed."""
        self.left -= len(data)
        if self.left < 0 and not self.cuts:
            self.cuts = 1
            self.cut()


class _Counted:
    def __init__(self, reader: asyncio.StreamReader, proxy: CutOnce) -> None:
        self._reader = reader
        self._proxy = proxy

    async def read(self, most: int) -> bytes:
        data = await self._reader.read(most)
        self._proxy.count(data)
        return data


async def test_an_upload_that_is_cut_in_the_middle_goes_on_from_there(shop: Shop, agent: Agent) -> None:
    port = int(shop.server.rpartition(":")[2])
    async with (
        CutOnce(port, 3_500_000) as proxy,
        chromium(f"--host-resolver-rules=MAP localhost:{port} 127.0.0.1:{proxy.port}") as browser,
    ):
        page = await (await browser.new_context()).new_page()
        announced: list[str] = []
        page.on("request", lambda asked: announced.append(asked.method) if "/files" in asked.url else None)
        await page.goto(shop.url)
        visitor = VisitorPage(page)
        await visitor.open()
        await expect(page.get_by_role("button", name="Attach files")).to_be_visible()
        await _choose(visitor, ("plums.txt", "text/plain", LETTERS))
        await visitor.says("A long list")
        await expect(page.get_by_text("The connection is cut. The upload goes on by itself.")).to_be_visible()
        proxy.mend()
        channel = await agent.open("A long list")
        await agent.client.until(lambda: _files(agent, channel) == [("A long list", "plums.txt", len(LETTERS))])
        assert proxy.cuts == 1
        # Announced once, and after the cut asked for how far it had come; no byte that was there came again.
        assert announced.count("POST") == 1
        assert "HEAD" in announced
        assert announced.count("PATCH") <= 9


async def test_a_message_with_a_file_that_was_written_offline_is_sent_once_after_the_page_has_gone(
    shop: Shop, agent: Agent
) -> None:
    context = await shop.context()
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello")
    channel = await agent.open("Hello")
    await _choose(visitor, ("plums.txt", "text/plain", b"Plums."))
    await _ready(visitor.page)
    await context.set_offline(offline=True)
    await visitor.says("Offline")
    await expect(visitor.message("Offline")).to_contain_text("plums.txt")
    await visitor.page.close()
    await context.set_offline(offline=False)
    back = await shop.page(context, "/contact")
    await back.launcher.click()
    await agent.hears(channel, "Hello", "Offline")
    await back.shows("Hello", "Offline")
    await agent.client.until(lambda: _files(agent, channel) == [("Offline", "plums.txt", 6)])


async def test_under_the_strictest_policy_of_a_page_files_are_sent_and_seen_too(shop: Shop) -> None:
    visitor = await shop.visitor("/strict")
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await drop(visitor.panel, picture())
    await _ready(visitor.page)
    await visitor.says("Strict")
    await visitor.log.get_by_role("button", name="plum.webp").locator("canvas").click()
    await expect(visitor.page.get_by_role("dialog", name="plum.webp").locator("canvas")).to_be_visible()


@pytest.mark.server_settings(file_megabytes=0)
async def test_where_no_files_are_taken_there_is_no_button_and_nothing_to_drop_on(shop: Shop) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Hello")
    await expect(visitor.state("Sent")).to_be_visible()
    await expect(visitor.page.locator("support-chat input[type=file]")).to_be_attached()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_have_count(0)
    await drag(visitor.panel, picture())
    await expect(visitor.page.get_by_text("Drop files here")).to_be_hidden()


async def test_what_uploads_is_not_fetched_before_somebody_has_a_file(shop: Shop) -> None:
    context = await shop.context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    visitor = await shop.page(context)
    await visitor.open()
    await visitor.says("Hello")
    await expect(visitor.state("Sent")).to_be_visible()
    part = re.compile(r"/files\.\w+\.js$")
    assert not [url for url in asked if part.search(url)]
    await _choose(visitor, picture())
    await _ready(visitor.page)
    assert len([url for url in asked if part.search(url)]) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1280, "height": 800}},
        {"viewport": {"width": 360, "height": 640}, "color_scheme": "dark"},
        {"viewport": {"width": 360, "height": 640}, "forced_colors": "active"},
    ],
)
async def test_axe_finds_nothing_in_the_row_of_files_and_in_what_is_shown_of_them(
    shop: Shop, options: dict[str, Any]
) -> None:
    visitor = await shop.visitor(**options)
    await visitor.open()
    await expect(visitor.page.get_by_role("button", name="Attach files")).to_be_visible()
    await _choose(visitor, picture(), ("terms and conditions of sale.txt", "text/plain", b"Plums."))
    await _ready(visitor.page, 2)
    await visitor.says("Two")
    await expect(visitor.state("Sent")).to_be_visible()
    await expect(visitor.log.locator("canvas")).to_be_visible()
    await _choose(visitor, picture("other.png"), ("bad.png", "image/png", b"MZ\x90\0" + bytes(200)))
    await expect(_tray(visitor.page).get_by_role("button", name="Try again")).to_be_visible()
    assert await visitor.violations() == []
    assert await visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await visitor.log.get_by_role("button", name="plum.webp").click()
    await expect(visitor.page.get_by_role("dialog", name="plum.webp").locator("canvas")).to_be_visible()
    await visitor.page.evaluate(AXE.read_text())
    assert await visitor.violations() == []
