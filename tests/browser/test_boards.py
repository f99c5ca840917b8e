"""From an empty installation to a first thread by what the pages say, with and without a script, small and wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE

if TYPE_CHECKING:
    from typing import Any

    from playwright.async_api import Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture

PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}


async def _is_good(page: Page) -> None:
    """It does not scroll sideways, and axe finds nothing; that needs a script on the page."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    await page.add_script_tag(path=AXE)
    report = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in report["violations"]] == [], page.url


@pytest.mark.parametrize(
    "context",
    [
        {"viewport": PHONE, "java_script_enabled": False},
        {"viewport": PHONE, "color_scheme": "dark", "bypass_csp": True},
        {"viewport": WIDE, "color_scheme": "light", "bypass_csp": True},
    ],
    ids=["plain", "phone", "wide"],
)
async def test_s4_02_s2_17_a_newcomer_opens_a_board_and_writes_a_post(
    console: Console, context: dict[str, Any]
) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(**context)
    await page.goto(f"{console.base}/sign-in?next=/")
    await page.get_by_label("Email").fill(mail)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("link", name="Open the first board").click()
    await page.get_by_label("Name", exact=True).fill("Plants")
    await page.get_by_role("button", name="Open the board").click()
    await expect(page.get_by_role("heading", name="Plants", level=1)).to_be_visible()
    await page.goto(console.base)
    await page.get_by_role("link", name="Write a post").first.click()
    await page.locator("[name=title]").fill("Why are the leaves brown?")
    await page.locator("[name=body]").fill("They were green.")
    await page.get_by_role("button", name="Begin the thread").click()
    await expect(page.get_by_role("heading", name="Why are the leaves brown?", level=1)).to_be_visible()
    await page.goto(console.base)
    await expect(page.locator(".threads").get_by_role("link", name="Why are the leaves brown?")).to_be_visible()
    await page.get_by_role("link", name="People I follow").click()
    await expect(page.get_by_text("Whom you follow has begun no thread yet.")).to_be_visible()
    await page.goto(console.base)
    await expect(page.locator('.tabs [aria-current="page"]')).to_have_text("People I follow")
    if context.get("java_script_enabled", True):
        member = await page.locator('.boards [href^="/boards/"]').first.get_attribute("href")
        for path in ("/?show=all", f"{member}", f"{member}/settings", f"{member}/moderators", "/boards/arrange"):
            await page.goto(console.base + path)
            await _is_good(page)
