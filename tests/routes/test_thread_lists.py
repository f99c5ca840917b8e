"""Lists of threads as a reader without a script meets them: the front page, a board, their orders and their pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, reply_to
from tests.routes.conftest import make_member, sign_in_as

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

_TITLE = re.compile(r'<p class="title">\s*<a href="[^"]*" dir="auto">([^<]*)</a>')


async def titles(browser: Browser, path: str = "/") -> list[str]:
    """The titles of the threads on a page, in order."""
    response = await browser.open(path)
    assert response.status == 200, path
    return _TITLE.findall(await response.text())


@pytest.mark.everywhere
async def test_s0_03_s2_17_a_new_thread_is_on_the_front_page_at_once(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    await begin_thread(browser, board, "The first")
    front = await (await browser.open("/")).text()
    assert 'href="/begin"' in front
    assert (await browser.open("/begin")).headers["Location"] == f"{board}/begin"
    thread = await begin_thread(browser, board, "Why <b>brown</b> leaves?")
    text = await (await second_browser.open("/?sort=new")).text()
    assert await titles(second_browser, "/?sort=new") == ["Why &lt;b&gt;brown&lt;/b&gt; leaves?", "The first"]
    boards, _, listed = text.partition('id="threads-heading"')
    row = listed.partition('<li class="thread-row')[2].partition("</li>")[0]
    assert f'href="{thread}"' in row
    assert re.search(r'src="/people/[^"]*/picture', row)
    assert "Ada Byron" in row
    assert f'<a href="{thread}" dir="auto">Why' in boards, "the newest thread stands beside its board"


@pytest.mark.everywhere
async def test_s0_05_s4_12_threads_come_in_pages_in_the_order_that_was_asked_for(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    threads = [await begin_thread(browser, board, f"Thread {number:02}") for number in range(22)]
    await reply_to(browser, threads[3], "Anew")
    for path in ("/", board):
        first, second = await titles(second_browser, path), await titles(second_browser, f"{path}?page=2")
        assert first[0] == "Thread 03"
        assert len(first) == 20
        assert second == ["Thread 01", "Thread 00"]
        newest = await titles(second_browser, f"{path}?sort=new")
        assert newest == [f"Thread {number:02}" for number in range(21, 1, -1)]
        for sort in ("top", "hot", "top&span=day"):
            both = [*await titles(second_browser, f"{path}?sort={sort}")]
            both += await titles(second_browser, f"{path}?sort={sort}&page=2")
            assert sorted(both) == [f"Thread {number:02}" for number in range(22)], sort
        for page in ("3", "1000000", "99999999999"):
            past = await second_browser.open(f"{path}?page={page}")
            assert past.status == 200
            assert "There is nothing on this page." in await past.text()
    text = await (await second_browser.open("/?sort=new")).text()
    assert 'rel="next" href="/?sort=new&amp;page=2"' in text


async def test_a_tag_that_ends_with_a_sign_of_addresses_leads_to_its_threads(browser: Browser) -> None:
    await begin_thread(browser, await member_with_board(browser), "Sharp", tags="c#")
    assert 'href="/tags/c%23"' in await (await browser.open("/")).text()
    assert await titles(browser, "/tags/c%23") == ["Sharp"]


@pytest.mark.everywhere
async def test_s2_18_which_threads_one_looks_at_is_remembered(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    await begin_thread(browser, board, "Of Ada")
    ada = re.search(r'/members/([0-9a-f-]+)"', await (await browser.open("/")).text())
    await make_member(second_browser, "Bea Brown", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    await begin_thread(second_browser, board, "Of Bea")
    assert ada
    assert await titles(second_browser) == ["Of Bea", "Of Ada"]
    chosen = await second_browser.open("/?show=followed")
    assert "Whom you follow has begun no thread yet." in await chosen.text()
    kept = chosen.cookies["threads"]
    assert int(kept["max-age"]) > 300 * 86_400, "a restart of the browser ends cookies without an age"
    member = f"/members/{ada[1]}"
    await second_browser.post_form(f"{member}/follow", csrf=await second_browser.field("csrf", member))
    assert await titles(second_browser) == ["Of Ada"]
    assert await titles(second_browser, "/?show=all") == ["Of Bea", "Of Ada"]
    assert await titles(second_browser) == ["Of Bea", "Of Ada"]


async def test_s0_06_an_unknown_thread_and_an_unknown_board_are_our_own_page(browser: Browser) -> None:
    for path in ("/threads/77", "/boards/plants", "/boards/plants/77/x", "/tags/none"):
        response = await browser.open(path)
        assert response.status == 404, path
        assert 'class="page"' in await response.text()


async def test_an_empty_installation_says_what_to_do_next(browser: Browser, second_browser: Browser) -> None:
    assert "Sign in to open the first one." in await (await second_browser.open("/")).text()
    await make_member(browser)
    await sign_in_as(browser)
    assert 'href="/new-board">Open the first board' in await (await browser.open("/")).text()
    csrf = await browser.field("csrf", "/new-board")
    board = (await browser.post_form("/new-board", csrf=csrf, name="Plants")).headers["Location"]
    assert f'href="{board}/begin">Begin a thread' in await (await browser.open(board)).text()
    assert 'href="/begin">Begin the first thread' in await (await browser.open("/")).text()


@pytest.mark.everywhere
async def test_a_guest_sees_a_list_change_with_whatever_it_shows(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    board = await member_with_board(browser)
    is_one_node = browser.app is second_browser.app

    async def shown(path: str) -> str:
        if not is_one_node:
            clock.ahead_ms += 1_000
        assert (await second_browser.open(path)).status == 200
        return await (await second_browser.open(path)).text()

    paths = ("/", "/?sort=new", board, "/boards")
    for path in paths:
        assert "Leaves" not in await shown(path)
    thread = await begin_thread(browser, board, "Leaves")
    for path in paths:
        text = await shown(path)
        assert thread in text
        assert path == board or "1 thread<" in text
        assert 'name="csrf"' not in text, "kept pages are everybody's"
    await reply_to(browser, thread, "More")
    for path in paths[:3]:
        assert "1 reply" in await shown(path)
    csrf = await browser.field("csrf", f"{board}/settings")
    await browser.post_form(f"{board}/settings", csrf=csrf, name="Trees", readers="members")
    for path in ("/", "/boards"):
        text = await shown(path)
        assert "Leaves" not in text
        assert "Trees" not in text
    assert (await second_browser.open(board)).status == 404
