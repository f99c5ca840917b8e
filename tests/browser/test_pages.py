"""The server's own pages in a real browser: without JavaScript, on a phone, in the dark, to a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture


async def sign_in(page: Page, mail: str, password: str = PASSWORD) -> None:
    await page.get_by_label("Email").fill(mail)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def test_the_form_works_without_javascript_and_keeps_what_was_typed(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(java_script_enabled=False, viewport={"width": 360, "height": 640})
    await page.goto(f"{console.base}/console")
    await expect(page).to_have_url(f"{console.base}/sign-in?next=/console")
    await sign_in(page, mail, "a wrong password")
    await expect(page.get_by_role("alert")).to_have_text("The address or the password is not right.")
    await expect(page.get_by_label("Email")).to_have_value(mail)
    await expect(page.get_by_label("Password")).to_be_empty()
    await sign_in(page, mail)
    await expect(page).to_have_url(f"{console.base}/console")
    await expect(page).to_have_title("Console")


async def test_the_form_can_be_used_by_keyboard_alone(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    await page.goto(f"{console.base}/sign-in")
    await expect(page.get_by_label("Email")).to_be_focused()
    await page.keyboard.type(mail)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{console.base}/console")


async def test_a_reload_after_a_wrong_password_signs_nobody_in_twice(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    await page.goto(f"{console.base}/sign-in")
    await sign_in(page, mail)
    await expect(page).to_have_url(f"{console.base}/console")
    await page.go_back()
    await expect(page).to_have_url(f"{console.base}/console")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_fit_and_axe_finds_nothing(console: Console, scheme: str) -> None:
    page = await console.page(color_scheme=scheme, bypass_csp=True)
    await page.goto(f"{console.base}/sign-in")
    await _check(page)
    await sign_in(page, "eve@example.com", "wrong")
    await expect(page.get_by_role("alert")).to_be_visible()
    await _check(page)
    await page.goto(f"{console.base}/nowhere")
    await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    await _check(page)


async def _check(page: Page) -> None:
    await page.add_script_tag(path=AXE)
    for width in (1440, 320):
        await page.set_viewport_size({"width": width, "height": 700})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]] == []


async def test_s26_a_foreign_page_cannot_frame_the_console(console: Console) -> None:
    page = await console.page()
    await page.goto("about:blank")
    await page.set_content(f'<iframe name="inside" src="{console.base}/sign-in"></iframe>')
    inside = page.frame("inside")
    assert inside is not None
    await page.wait_for_load_state("networkidle")
    assert await inside.evaluate("document.querySelector('form') === null")
    console.complaints.clear()
