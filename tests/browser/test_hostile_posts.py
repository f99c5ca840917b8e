"""What people write, in a real browser: no script of theirs runs, nothing is fetched for them, and it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import console_fixture
from tests.browser.test_pages import sign_in
from tests.browser.widget_shop import AXE
from tests.core.hostile import HOSTILE

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture

TEXT = """# Leaves

```python
# Why
@cached
def water(days: int) -> str:
    return f"{days + 1} days"
```

```diff
- old
+ new
```

|a|b|
|-|-:|
|1|2|

[shop.test](https://other.test) ![a leaf](https://other.test/leaf.png)"""
ACTIVE = "script, img, svg, iframe, style, form, base, meta, link, [onerror], [style]"


async def new_thread(page: Page, base: str, body: str) -> None:
    """Open a board and write a thread's first post, without sending it."""
    await page.goto(f"{base}/new-board")
    await page.locator("[name=name]").fill("Plants")
    await page.get_by_role("main").get_by_role("button", name="Open the board").click()
    await expect(page.get_by_role("heading", name="Plants", level=1)).to_be_visible()
    await page.goto(f"{page.url}/begin")
    await page.locator("[name=title]").fill("Leaves")
    await page.locator("[name=body]").fill(body)


async def test_s0_16_no_script_of_a_post_runs_and_nothing_is_fetched_for_it(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    asked: list[str] = []
    await page.add_init_script("window.alert = () => { window.wasRun = true; }")
    await page.goto(f"{console.base}/sign-in?next=/boards")
    await sign_in(page, mail)
    await expect(page).to_have_url(f"{console.base}/boards")
    await new_thread(page, console.base, "\n\n".join(HOSTILE))
    page.on("request", lambda request: asked.append(request.url))
    await page.get_by_role("button", name="Begin the thread").click()
    post = page.locator("#post-1 .text")
    await expect(post).to_contain_text("<script>alert(1)</script>")
    await page.wait_for_load_state("networkidle")
    assert {address for address in asked if not address.startswith((console.base, "data:"))} == set()
    assert (
        await post.locator("script, img, svg, iframe, style, form, base, meta, link, [onerror], [style]").count() == 0
    )
    assert await page.evaluate("window.wasRun") is None
    assert not page.url.startswith("https://evil.test")


async def test_s2_23_the_preview_follows_what_is_typed_and_is_what_is_published(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(viewport={"width": 360, "height": 640})
    await page.goto(f"{console.base}/sign-in?next=/boards")
    await sign_in(page, mail)
    await expect(page).to_have_url(f"{console.base}/boards")
    await new_thread(page, console.base, TEXT)
    preview = page.locator(".preview .text")
    await expect(preview.locator(".hl-word").first).to_be_visible()
    looked = await preview.inner_html()
    await page.evaluate(AXE.read_text())
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        found = await page.evaluate("axe.run('.preview', {resultTypes: ['violations']})")
        assert [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Begin the thread").click()
    await expect(page.get_by_role("heading", name="Leaves", level=1)).to_be_visible()
    assert await page.locator("#post-1 .text").inner_html() == looked
