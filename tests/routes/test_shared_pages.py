"""Pages that are the same for everybody are made once, and carry nothing of the one for whom they were made first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.routes.conftest import PASSWORD, make_agent

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

MAIL = "ada@example.com"


async def page(browser: Browser, path: str = "/sign-in") -> str:
    return await (await browser.open(path)).text()


async def test_each_browser_gets_a_token_of_its_own(browser: Browser, second_browser: Browser) -> None:
    tokens = [re.findall(r'name="csrf" value="([^"]+)"', await page(each)) for each in (browser, second_browser)]
    assert tokens[0]
    assert tokens[1]
    assert set(tokens[0]).isdisjoint(tokens[1])
    assert "\x00" not in await page(browser)


async def test_what_was_typed_or_told_is_on_no_other_page(browser: Browser, second_browser: Browser) -> None:
    wrong = await browser.post_form(email="eve@example.com", password="wrong")
    assert "eve@example.com" in await wrong.text()
    assert "eve@example.com" not in await page(second_browser)
    await make_agent(browser)
    await browser.sign_in(MAIL, PASSWORD)
    csrf = await browser.field("csrf", "/")
    await browser.post_form("/sign-out", csrf=csrf)
    assert "You are signed out." in await page(browser, "/")
    assert "You are signed out." not in await page(second_browser, "/")
    assert "You are signed out." not in await page(browser, "/")


async def test_where_to_go_on_belongs_to_the_visit(browser: Browser) -> None:
    assert 'name="next" value="/console"' in await page(browser, "/sign-in?next=/console")
    assert 'name="next" value="/account"' in await page(browser, "/sign-in?next=/account")
    assert 'name="next" value=""' in await page(browser)
