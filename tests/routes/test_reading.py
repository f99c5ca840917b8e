"""The pages of a thread: numbered, nested, with marks of what is new, whatever its length."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.conftest import make_member, sign_in_as
from tests.routes.threads import Long, lay_out_thread, set_board, shown_posts
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


@pytest.mark.everywhere
async def test_s4_06_replies_to_any_depth_stand_under_what_they_answer(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    chain = [1]
    for depth in range(10):
        chain.append(await reply_to(browser, thread, f"Level {depth}", parent=chain[-1]))
    beside = await reply_to(browser, thread, "Beside the first", parent=2)
    text = await (await second_browser.open(thread)).text()
    # Eight levels stand on the thread's page, each under the one it answers; the others continue on their own.
    assert shown_posts(text) == [*chain[:9], beside]
    assert [f'class="post depth-{depth}" id="post-{depth + 2}"' in text for depth in range(8)] == [True] * 8
    assert text.count("<article") == text.count("</article>")
    assert text.count("<details") == text.count("</details>") == 7
    number = number_of(thread)
    assert f'<a href="/threads/{number}/branch/9">Continue this branch (2)</a>' in text
    branch = await (await second_browser.open(f"/threads/{number}/branch/9")).text()
    assert shown_posts(branch) == [9, 10, 11]
    for seq, place in ((11, f"/threads/{number}/branch/9"), (beside, thread), (1, thread)):
        response = await second_browser.open(f"/threads/{number}/{seq}")
        assert response.headers["Location"] == f"{place}#post-{seq}"
    for wrong in (f"/threads/{number}/branch/3", f"/threads/{number}/branch/99", f"/threads/{number}/99"):
        assert (await second_browser.open(wrong)).status == 404


@pytest.mark.everywhere
async def test_s2_20_a_linear_thread_has_numbered_pages_that_keep_their_posts(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await set_board(browser, layout="linear")
    thread = await begin_thread(browser, board)
    await lay_out_thread(browser, thread, Long(replies=44))
    number = number_of(thread)
    for page, posts in ((1, range(1, 21)), (2, range(21, 41)), (3, range(41, 46)), (4, ())):
        response = await second_browser.open(f"{thread}?page={page}")
        text = await response.text()
        assert response.status == 200
        assert shown_posts(text) == list(posts)
        assert text.count('<a class="author" href="/members/') == len(posts)
        assert len(re.findall(r'<time datetime="\d{4}-\d\d-\d\dT[^"]+Z"', text)) == len(posts)
    assert "Page 2 of 3" in await (await second_browser.open(f"{thread}?page=2")).text()
    assert (await second_browser.open(f"/threads/{number}/41")).headers["Location"] == f"{thread}?page=3#post-41"
    assert (await second_browser.open(f"/threads/{number}/last")).headers["Location"] == f"{thread}?page=3#post-45"


@pytest.mark.everywhere
async def test_s0_06_a_thread_opens_by_its_number_and_an_unknown_one_is_not_there(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "Grüße, 猫")
    number = number_of(thread)
    assert (await second_browser.open(f"/threads/{number}")).headers["Location"] == thread
    for address in (f"/boards/other/{number}/hello", f"{board}/{number}/old-words?page=2", f"{board}/{number}"):
        response = await second_browser.open(address)
        assert response.status == 301
        assert response.headers["Cache-Control"] == "no-cache"
        assert await (await second_browser.client.get(response.headers["Location"])).text()
        assert response.headers["Location"].endswith("?page=2") == address.endswith("?page=2")
    for address in ("/boards/plants/999/hello", "/threads/999", "/threads/999/1", "/threads/999/unread"):
        response = await second_browser.open(address)
        assert response.status == 404
        assert "There is nothing here" in await response.text()


@pytest.mark.everywhere
async def test_what_is_new_since_the_last_visit_is_marked_and_found(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    number = number_of(thread)
    await lay_out_thread(browser, thread, Long(replies=30))
    await make_member(second_browser, "Grace", "grace@example.com")
    await sign_in_as(second_browser, "grace@example.com")

    async def unread() -> str:
        # The mark is not waited for by the page that raises it.
        await second_browser.app[OFFICE].engine.committer.drained()
        return (await second_browser.open(f"/threads/{number}/unread")).headers["Location"]

    assert await unread() == f"{thread}#post-1"
    text = await (await second_browser.open(thread)).text()
    assert ">New<" not in text
    assert await unread() == f"{thread}?page=2#post-22"
    await second_browser.open(thread + "?page=2")
    new = await reply_to(browser, thread, "Something new", parent=2)
    assert await unread() == f"{thread}#post-{new}"
    text = await (await second_browser.open(thread)).text()
    assert f'class="post depth-1 new" id="post-{new}"' in text
    assert text.count(">New<") == 1
    assert await unread() == f"{thread}#post-{new}"
    assert ">New<" not in await (await second_browser.open(thread)).text()
    # What one wrote oneself is not new to one, and nothing is to whoever is not signed in.
    await reply_to(second_browser, thread, "My own")
    assert ">New<" not in await (await second_browser.open(thread)).text()


@pytest.mark.everywhere
async def test_a_bookmark_is_kept_and_dropped(browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    number = number_of(thread)
    csrf = await browser.field("csrf", thread)
    for way, shown in (("bookmark", "unbookmark"), ("bookmark", "unbookmark"), ("unbookmark", "bookmark")):
        response = await browser.post_form(f"/threads/{number}/posts/1/{way}", csrf=csrf)
        assert response.headers["Location"] == f"/threads/{number}/1"
        assert f'action="/threads/{number}/posts/1/{shown}"' in await (await browser.open(thread)).text()
    assert (await browser.post_form(f"/threads/{number}/posts/9/bookmark", csrf=csrf)).status == 404


@pytest.mark.everywhere
async def test_what_became_of_posts_is_shown_and_names_stay_text(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "Which pot?", kind="question")
    number = number_of(thread)
    await make_member(second_browser, "<b>Grace</b> & co", "grace@example.com")
    await sign_in_as(second_browser, "grace@example.com")
    accepted = await reply_to(second_browser, thread, "The one of clay.")
    gone, taken = [await reply_to(second_browser, thread, text) for text in ("Never mind.", "Buy mine!")]

    async def do(who: Browser, deed: str) -> None:
        response = await who.post_form(f"/threads/{number}/posts/{deed}", csrf=await who.field("csrf", thread))
        assert response.status == 303, await response.text()

    await do(browser, f"{accepted}/accept")
    await do(second_browser, f"{gone}/remove")
    await do(browser, f"{taken}/remove")
    text = await (await second_browser.open(thread)).text()
    for page in (text, await (await browser.open(thread)).text()):
        assert "<b>Grace" not in page
        assert page.count("&lt;b&gt;Grace&lt;/b&gt; &amp; co</a>") == 2
        assert re.search(rf'id="post-{gone}">.*?Deleted by its author', page, re.DOTALL)
        assert re.search(rf'id="post-{taken}">.*?Removed by a moderator', page, re.DOTALL)
        assert "Never mind." not in page
        assert "Buy mine!" not in page
        # The answer stands right under the question, and where it was given.
        assert page.index("post-1") < page.index('class="accepted"') < page.index(f'id="post-{accepted}"')
        assert page.count(">The one of clay.<") == 2
        assert page.count('<span class="badge">Moderator</span>') == 1
    profile = re.search(r'href="(/members/[^"]+)">&lt;b&gt;', text)
    assert profile
    csrf = await browser.field("csrf", profile[1])
    assert (await browser.post_form(f"{profile[1]}/ignore", csrf=csrf)).status == 303
    page = await (await browser.open(thread)).text()
    assert page.count('<details class="ignored">') == 1
