"""Writing into threads in a real browser, with scripts and without: each page fits and nobody stumbles in it."""

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


async def signed_in(console: Console, name: str, *, scripted: bool) -> Walk:
    """Somebody with an account, in front of the list of boards."""
    mail = await console.make_agent(name)
    page = await console.page(java_script_enabled=scripted, bypass_csp=True, reduced_motion="reduce")
    walk = Walk(page, console.base, scripted=scripted)
    await page.goto(f"{console.base}/sign-in?next=/boards")
    await walk.fill(email=mail, password=PASSWORD)
    await walk.press("Sign in")
    await expect(page).to_have_url(f"{console.base}/boards")
    return walk


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
async def test_from_a_thread_to_its_answer_and_back_over_every_page_of_writing(
    console: Console, *, scripted: bool
) -> None:
    ada = await signed_in(console, "Ada Byron", scripted=scripted)
    await ada.page.goto(f"{ada.base}/new-board")
    await ada.fill(name="Plants")
    await ada.press("Open the board")
    await ada.page.goto(f"{ada.base}/boards/plants/begin")
    await ada.at("/boards/plants/begin")
    await ada.page.get_by_text("Add a poll").click()
    await ada.fill(title="Brown leaves", body="Half a text", tags="-", poll_question="How often?", poll_options="Daily")
    await ada.press("Begin the thread")
    await expect(ada.page.locator("#poll_options-problem")).to_be_visible()
    await ada.at("/boards/plants/begin")
    await ada.fill(tags="water", poll_options="Daily\nWeekly", body="Why, @[Bea Lang]?")
    await ada.page.get_by_label("Kind").select_option("question")
    await ada.press("Begin the thread")
    await ada.at("/boards/plants/1/brown-leaves")

    bea = await signed_in(console, "Bea Lang", scripted=scripted)
    await bea.page.goto(f"{bea.base}/boards/plants/1/brown-leaves?reply=1")
    await bea.at("/boards/plants/1/brown-leaves?reply=1")
    await bea.fill(body="Too much water.")
    await bea.page.locator("form.reply").get_by_role("button", name="Reply", exact=True).click()
    await expect(bea.page.locator("#post-2")).to_contain_text("Too much water.")
    await bea.page.goto(f"{bea.base}/threads/1/posts/2/edit")
    await bea.at("/threads/1/posts/2/edit")
    await bea.fill(body="Too much *light*.")
    await bea.press("Save")
    await expect(bea.page.locator("#post-2 em")).to_have_text("light")
    await bea.page.goto(f"{bea.base}/threads/1/posts/2/history")
    await expect(bea.page.locator("ins").first).to_have_text("*light*")
    await bea.at("/threads/1/posts/2/history")
    await bea.press("Back to this text")
    await expect(bea.page.locator("#post-2")).to_contain_text("Too much water.")
    await bea.page.goto(f"{bea.base}/threads/1/posts/2/remove")
    await bea.at("/threads/1/posts/2/remove")
    await bea.press("Remove")
    await expect(bea.page.locator("#post-2")).not_to_contain_text("water")
    await bea.press("Undo the removal")
    await expect(bea.page.locator("#post-2")).to_contain_text("Too much water.")
    await bea.page.goto(f"{bea.base}/threads/1/reply?to=2")
    await bea.fill(body="Half an answer")
    await bea.press("Keep as draft")
    await expect(bea.page.get_by_role("link", name="Half an answer")).to_be_visible()
    await bea.at("/drafts")

    await ada.page.goto(f"{ada.base}/notices")
    await expect(ada.page.get_by_role("link", name="Bea Lang replied to you")).to_be_visible()
    await ada.at("/notices")
    await ada.page.get_by_role("link", name="Bea Lang replied to you").click()
    await expect(ada.page.locator("#post-2")).to_contain_text("Too much water.")
    await ada.page.goto(f"{ada.base}/threads/1/edit")
    await ada.at("/threads/1/edit")
    await ada.fill(title="Dry leaves")
    await ada.press("Save")
    await expect(ada.page.get_by_role("heading", name="Dry leaves", level=1)).to_be_visible()
