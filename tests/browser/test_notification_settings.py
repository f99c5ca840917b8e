"""Choosing what one is told of in a real browser, with scripts and without, on a desk and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.test_account_pages import Walk

if TYPE_CHECKING:
    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
async def test_a_board_is_watched_and_how_one_is_told_is_chosen(console: Console, *, scripted: bool) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(java_script_enabled=scripted, bypass_csp=True, reduced_motion="reduce")
    walk = Walk(page, console.base, scripted=scripted)
    await page.goto(f"{console.base}/sign-in")
    await walk.fill(email=mail, password=PASSWORD)
    await page.locator("main form button[type=submit]").first.click()
    await page.wait_for_url("**/console")
    await page.goto(f"{console.base}/new-board")
    await walk.fill(name="Plants")
    await page.locator("main form button[type=submit]").last.click()
    await walk.at("/boards/plants")
    menu = page.locator("details.watch")
    await menu.locator("summary").click()
    await expect(menu.get_by_role("button", name="New threads")).to_be_visible()
    await walk.at("/boards/plants")
    await menu.get_by_role("button", name="Every thread and reply").click()
    await walk.told("You are told of everything there from now on.")
    await expect(menu.locator("summary")).to_have_text("Watching")

    await page.goto(f"{console.base}/account/notifications")
    await walk.at("/account/notifications")
    await page.get_by_label("Quotes of me: Mail").uncheck()
    await page.get_by_label("When mails come").select_option("weekly")
    await walk.press("Save")
    await walk.told("Your choices are saved.")
    await expect(page.get_by_label("Quotes of me: Mail")).not_to_be_checked()
    await expect(page.get_by_label("Replies to me: Mail")).to_be_checked()
    await expect(page.get_by_label("When mails come")).to_have_value("weekly")
    await menu.locator("summary").click()
    await walk.at("/account/notifications")
    await menu.get_by_role("button", name="As usual").click()
    await expect(page.get_by_text("You watch nothing yet.")).to_be_visible()
    await page.goto(f"{console.base}/notices")
    await walk.at("/notices")
    assert console.complaints == []
