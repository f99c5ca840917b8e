"""Files that go with posts: dropped onto the editor, pasted into an answer, chosen without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import AgentPage, console_fixture
from tests.browser.file_hands import chosen, drag, drop, paste, picture
from tests.browser.test_live_threads import Reader

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture


async def _reader(console: Console, name: str) -> Reader:
    reader = Reader(await console.page(bypass_csp=True, reduced_motion="reduce"), console.base)
    await reader.sign_in(await console.make_agent(name))
    return reader


async def _axe(page: Page) -> list[str]:

    return await AgentPage(page, "").violations()


async def _listening(page: Page) -> None:
    """Wait until the form takes files by hand."""
    await expect(page.locator(".drop-sign")).to_be_attached()


async def test_a_picture_is_dropped_onto_a_new_thread_and_another_pasted_into_its_answer(console: Console) -> None:
    ada, bea = await _reader(console, "Ada Byron"), await _reader(console, "Bea Lang")
    address = await ada.begin_thread("Leaves", "Look at these.")
    await ada.page.goto(f"{ada.base}/boards/plants/begin")
    form = ada.page.locator("form.writing")
    await _listening(ada.page)
    await drag(form, picture("leaf.png"))
    await expect(ada.page.get_by_text("Drop files here")).to_be_visible()
    await drop(form, picture("leaf.png"), ("notes.txt", "text/plain", b"Water once a week."))
    await expect(ada.page.get_by_text("2 files are ready to send")).to_be_visible()
    await expect(ada.page.locator(".tray canvas")).to_be_visible()
    assert await _axe(ada.page) == []
    await ada.page.locator("[name=title]").fill("Brown leaves")
    await ada.page.locator("[name=body]").fill("Why?")
    await ada.page.get_by_role("button", name="Begin the thread").click()
    await expect(ada.post(1).locator(".files img")).to_have_js_property("naturalWidth", 640)
    await expect(ada.post(1).get_by_role("link", name="notes.txt")).to_be_visible()
    # Somebody else sees them, and answers with a picture; whoever has the thread open sees that at once.
    await bea.page.goto(ada.page.url)
    await expect(bea.post(1).locator(".files img")).to_have_js_property("naturalWidth", 640)
    await _listening(bea.page)
    await paste(bea.reply, picture("pot.png", 300, 200, "brown"))
    await bea.reply.fill("The pot is too small.")
    await expect(bea.page.get_by_text("1 file is ready to send")).to_be_visible()
    await bea.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(bea.post(2).locator(".files img")).to_have_js_property("naturalWidth", 300)
    await ada.page.reload()
    await expect(ada.post(2).locator(".files img")).to_have_js_property("naturalWidth", 300)
    assert address != ada.page.url


async def test_what_is_sent_while_a_file_is_on_its_way_waits_for_it_and_one_that_is_refused_says_why(
    console: Console,
) -> None:
    ada = await _reader(console, "Ada Byron")
    await ada.begin_thread("Leaves", "Look at these.")
    await _listening(ada.page)
    await ada.page.locator("form.reply input[type=file]").set_input_files(
        chosen(("leaf.png", "image/png", b"MZ\x90\0" + bytes(200)), picture("pot.png"))
    )
    bad = ada.page.locator(".tray li.refused")
    await expect(bad).to_contain_text("This kind of file is not taken")
    await ada.reply.fill("Here it is.")
    await ada.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(ada.page.get_by_text("Remove the file that cannot be sent, or try it again.")).to_be_visible()
    await bad.get_by_role("button", name="Remove leaf.png").click()
    await expect(ada.post(2)).to_contain_text("Here it is.")
    await expect(ada.post(2).locator(".files img")).to_have_count(1)
