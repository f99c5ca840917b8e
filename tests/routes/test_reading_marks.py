"""What is unread, and what one keeps or does not want to read, over HTTP without a script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.conftest import make_member, sign_in_as, text_of
from tests.routes.test_thread_lists import titles
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import board_mark

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

MARKS = Statement(select(func.count()).select_from(board_mark))
_NEW = re.compile(r'href="/threads/(\d+)/unread">(\d+) new<')


async def post(browser: Browser, path: str, **fields: str) -> None:
    response = await browser.post_form(path, csrf=await browser.field("csrf", "/account"), **fields)
    assert response.status == 303, await response.text()


async def unread(browser: Browser, path: str = "/?show=unread") -> dict[int, int]:
    """How many new posts a page tells of, by the threads' numbers."""
    listed = (await text_of(browser, path)).partition('id="threads-heading"')[2]
    return {int(number): int(count) for number, count in _NEW.findall(listed)}


async def two_members(browser: Browser, second_browser: Browser) -> str:
    """Ada with a board, whose address is returned, and Bea, both signed in."""
    board = await member_with_board(browser)
    await make_member(second_browser, "Bea Brown", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    return board


@pytest.mark.everywhere
async def test_s0_19_unread_posts_are_counted_until_they_are_read(browser: Browser, second_browser: Browser) -> None:
    board = await two_members(browser, second_browser)
    thread = await begin_thread(browser, board, "Leaves")
    await reply_to(browser, thread, "More")
    number = number_of(thread)
    assert await unread(browser) == {}, "one's own posts are no news"
    for path in ("/", "/?show=unread", board):
        assert await unread(second_browser, path) == {number: 2}, path
    assert f'href="/threads/{number}/unread">2 new<' in await text_of(second_browser, "/boards")
    await text_of(second_browser, thread)
    await second_browser.app[OFFICE].engine.committer.drained()
    assert await unread(second_browser) == {}
    assert "You have read everything." in await text_of(second_browser, "/?show=unread")
    await reply_to(second_browser, thread, "Thanks")
    assert await unread(second_browser) == {}
    assert await unread(browser) == {number: 1}


@pytest.mark.everywhere
async def test_a_board_or_everything_is_marked_as_read_as_it_was_shown(
    browser: Browser, second_browser: Browser
) -> None:
    board = await two_members(browser, second_browser)
    animals = await open_board(browser, "Animals")
    plant = await begin_thread(browser, board, "Leaves")
    animal = await begin_thread(browser, animals, "Fur")
    at = await second_browser.field("at", board)
    await reply_to(browser, animal, "Since then")
    await post(second_browser, f"{board}/read", at=at)
    assert await unread(second_browser) == {number_of(animal): 2}, "another board is not read by it"
    await post(second_browser, "/read", at=at)
    assert await unread(second_browser) == {number_of(animal): 2}, "what came after the page was made stays unread"
    await post(second_browser, "/read", at=await second_browser.field("at", "/?show=unread"))
    assert await unread(second_browser) == {}
    await post(second_browser, "/read", at="1")
    assert await unread(second_browser) == {}, "a mark never goes back"
    await reply_to(browser, plant, "Anew")
    assert await unread(second_browser) == {number_of(plant): 2}
    row = await second_browser.app[OFFICE].engine.database.read(lambda tx: tx.one(MARKS))
    assert row == (2,), "one row for each mark, however many threads"


@pytest.mark.everywhere
async def test_bookmarks_are_listed_as_far_as_they_may_be_read(browser: Browser, second_browser: Browser) -> None:
    board = await two_members(browser, second_browser)
    thread = await begin_thread(browser, board, "Leaves", "Look <here>")
    seq = await reply_to(browser, thread, "Worth keeping")
    number = number_of(thread)
    assert "You keep no post yet." in await text_of(second_browser, "/bookmarks")
    for kept in (1, seq):
        await post(second_browser, f"/threads/{number}/posts/{kept}/bookmark")
    page = await text_of(second_browser, "/bookmarks")
    assert page.index("Worth keeping") < page.index("Look &lt;here&gt;"), "the last first"
    assert f'href="/threads/{number}/{seq}"' in page
    assert "You keep no post yet." in await text_of(browser, "/bookmarks"), "they are one's own"
    csrf = await browser.field("csrf", f"{board}/settings")
    fields = {"name": "Plants", "readers": "moderators"}
    assert (await browser.post_form(f"{board}/settings", csrf=csrf, **fields)).status == 303
    assert "Worth keeping" not in await text_of(second_browser, "/bookmarks")


@pytest.mark.everywhere
async def test_s2_21_a_profile_shows_the_posts_that_its_reader_may_read(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    hidden = await open_board(browser, "Staff", readers="moderators")
    thread = await begin_thread(browser, board, "Leaves", "Of leaves")
    await begin_thread(browser, hidden, "Secret", "Of secrets")
    for count in range(22):
        await reply_to(browser, thread, f"Reply {count:02}")
    found = re.search(r"/members/[0-9a-f-]{36}", (await text_of(browser, "/")).partition('id="threads-heading"')[2])
    assert found
    member = found[0]
    profile = await text_of(second_browser, member)
    assert "Reply 21" in profile
    assert "Reply 16" not in profile, "only the newest"
    assert re.findall(r"Reply (\d\d)", await text_of(second_browser, f"{member}/posts")) == [
        f"{count:02}" for count in range(21, 1, -1)
    ]
    last = await text_of(second_browser, f"{member}/posts?page=2")
    assert "Of leaves" in last
    assert "Of secrets" not in last
    assert "There is nothing on this page." in await text_of(second_browser, f"{member}/posts?page=9")
    assert await titles(second_browser, f"{member}/threads") == ["Leaves"]
    assert await titles(browser, f"{member}/threads?sort=new") == ["Secret", "Leaves"]


@pytest.mark.everywhere
async def test_a_member_is_ignored_and_read_again(browser: Browser, second_browser: Browser) -> None:
    await two_members(browser, second_browser)
    bea = re.search(r"/members/[0-9a-f-]{36}", await text_of(second_browser, "/account"))
    ada = re.search(r"/members/[0-9a-f-]{36}", await text_of(browser, "/account"))
    assert ada
    assert bea
    for _ in range(2):
        await post(second_browser, f"{ada[0]}/ignore")
    assert "Ada Byron" in await text_of(second_browser, "/account/ignored")
    assert f'action="{ada[0]}/unignore"' in await text_of(second_browser, ada[0])
    assert "You ignore nobody." in await text_of(browser, "/account/ignored")
    oneself = await second_browser.post_form(f"{bea[0]}/ignore", csrf=await second_browser.field("csrf", "/account"))
    assert oneself.status == 403
    await post(second_browser, f"{ada[0]}/unignore")
    assert "You ignore nobody." in await text_of(second_browser, "/account/ignored")


@pytest.mark.everywhere
async def test_a_tag_leads_to_its_threads(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    await begin_thread(browser, board, "Brown leaves", tags="water light")
    await begin_thread(browser, board, "Wet feet", tags="water")
    row = (await text_of(second_browser, board)).partition('id="threads-heading"')[2]
    assert 'href="/tags/light"' in row
    assert await titles(second_browser, "/tags/water?sort=new") == ["Wet feet", "Brown leaves"]
    assert await titles(second_browser, "/tags/water") == ["Wet feet", "Brown leaves"]
    assert await titles(second_browser, "/tags/light") == ["Brown leaves"]
