"""Files that go with what is said in a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import console_fixture
from tests.browser.file_hands import drop, picture
from tests.browser.test_rooms import member

if TYPE_CHECKING:
    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture


async def test_a_picture_that_is_dropped_into_a_room_is_seen_by_the_other_member(console: Console) -> None:
    ada, bea = await member(console, "Ada Byron"), await member(console, "Bea Lang")
    await ada.begin("Plants")
    await bea.join("Plants")
    await expect(ada.page.get_by_role("button", name="Attach files")).to_be_visible()
    await drop(ada.box, picture("leaf.png"))
    await expect(ada.page.get_by_text("1 file is ready to send")).to_be_visible()
    assert await ada.violations() == []
    await ada.says("A leaf")
    shown = bea.row("A leaf").get_by_role("link", name="leaf.webp")
    await expect(shown.locator("img")).to_have_js_property("naturalWidth", 640)
    await shown.click()
    await expect(bea.page.get_by_role("dialog", name="leaf.webp").locator("img")).to_be_visible()
    assert await bea.violations() == []
    await bea.page.keyboard.press("Escape")
    await expect(bea.page.get_by_role("dialog", name="leaf.webp")).to_have_count(0)
