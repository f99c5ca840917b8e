"""Posts by themselves, for a page that is open: the same as on the page, for whoever may read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.threads import set_board

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

_POST = r'(<article [^>]*id="post-(\d+)".*?)(?=<article |<details class="replies|</section>|<div data-part)'


async def articles(browser: Browser, path: str) -> dict[str, str]:
    """The posts of a page by their places."""
    response = await browser.open(path)
    assert response.status == 200, await response.text()
    found = re.findall(_POST, await response.text(), re.DOTALL)
    return {seq: re.sub(r"</?(article|details)[^>]*>", "", text).strip() for text, seq in found}


@pytest.mark.everywhere
@pytest.mark.parametrize("layout", ["linear", "nested"])
async def test_s0_04_a_post_by_itself_is_what_the_page_shows_of_it(
    browser: Browser, second_browser: Browser, layout: str
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    await set_board(browser, layout=layout)
    for parent in (1, 2, 1):
        await reply_to(browser, thread, f"Answer to {parent}", parent=parent)
    posts = f"/threads/{number_of(thread)}/posts"
    for reader in (browser, second_browser):
        page = await articles(reader, thread)
        assert list(page) == ["1", "2", "3", "4"]
        for seq, shown in page.items():
            assert await articles(reader, f"{posts}/{seq}") == {seq: shown}
    assert list(await articles(second_browser, f"{posts}?after=2")) == (["3", "4"])
    assert (await second_browser.open(f"{posts}/5")).status == 404
    assert (await second_browser.open(f"{posts}?after=x")).status == 200


async def test_s06_posts_by_themselves_are_behind_the_door_of_their_thread(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    await set_board(browser, readers="members")
    for path in ("posts", "posts/1"):
        assert (await browser.open(f"/threads/{number_of(thread)}/{path}")).status == 200
        assert (await second_browser.open(f"/threads/{number_of(thread)}/{path}")).status == 404
