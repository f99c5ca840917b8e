"""Every page in a real browser: wide and at 360 px, light and dark, from right to left; axe finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture

_PATHS_MAX = 60
_LINKS = """
Array.from(document.querySelectorAll("a[href]"), (link) => new URL(link.href))
  .filter((url) => url.origin === location.origin)
  .filter((url) => !/\\/(static|people|pictures|widget|console)\\b/.test(url.pathname))
  .map((url) => url.pathname)
"""
_VIOLATIONS = "axe.run(document, {resultTypes: ['violations']})"
_FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])
async def test_axe_finds_nothing_on_any_page_and_none_scrolls_sideways(
    console: Console, scheme: str, language: str
) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(color_scheme=scheme, locale=language, bypass_csp=True)
    found = await _walk(page, console.base, ["/", "/sign-in", "/register", "/forgotten", "/confirm"])
    await page.goto(f"{console.base}/sign-in")
    await page.locator("#email").fill(mail)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main form button[type=submit]").first.click()
    await page.wait_for_url("**/console")
    found |= await _walk(page, console.base, ["/", "/search?q=plum&in=threads", "/account", "/admin", "/members"])
    assert {path: problems for path, problems in found.items() if problems} == {}
    assert len(found) >= 20


async def _walk(page: Page, base: str, starts: list[str]) -> dict[str, list[str]]:
    """What is wrong with each page that a link leads to; of those alike but for an id one is looked at."""
    found: dict[str, list[str]] = {}
    waiting, shapes = list(starts), set()
    while waiting and len(found) < _PATHS_MAX:
        path = waiting.pop(0)
        shape = tuple("ID" if len(part) == 36 or part.isdigit() else part for part in path.split("/"))
        if shape in shapes:
            continue
        shapes.add(shape)
        response = await page.goto(base + path)
        assert response is not None
        if "text/html" not in response.headers.get("content-type", ""):
            continue
        found[path] = await _problems(page)
        waiting += await page.evaluate(_LINKS)
    return found


async def _problems(page: Page) -> list[str]:
    problems: list[str] = []
    await page.add_script_tag(path=AXE)
    for width in (1280, 360):
        await page.set_viewport_size({"width": width, "height": 740})
        if not await page.evaluate(_FITS):
            problems.append(f"scrolls sideways at {width} px")
        report = await page.evaluate(_VIOLATIONS)
        problems += [f"{one['id']} at {width} px: {[n['html'] for n in one['nodes']]}" for one in report["violations"]]
    return problems
