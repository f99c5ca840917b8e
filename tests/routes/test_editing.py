"""Changing, removing and restoring what was posted, and what stands over a thread: by whom, and who sees it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.conftest import make_member, sign_in_as, text_of
from tests.routes.test_pages_socket import opened, page_of, position_in
from tests.routes.test_posting import landed, typed
from widget_server.actions.removals import UNDO_MS

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.clients.state import Frame
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock


async def deed(browser: Browser, address: str, **fields: str) -> ClientResponse:
    """Send a form of a page."""
    return await browser.post_form(address, csrf=await browser.field("csrf", "/members"), **fields)


async def done(browser: Browser, address: str, **fields: str) -> None:
    """As :func:`deed`, where it is expected to be done."""
    response = await deed(browser, address, **fields)
    assert response.status == 303, await response.text()


async def bea(browser: Browser) -> None:
    """Another member, signed in, who moderates nothing."""
    await make_member(browser, "Bea", "bea@example.com")
    await sign_in_as(browser, "bea@example.com")


@pytest.mark.everywhere
async def test_s0_07_a_thread_is_changed_and_removed_before_the_eyes_of_who_looks_at_it(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    thread = await begin_thread(second_browser, board, "Leafs", "They are brown", tags="water")
    number = number_of(thread)
    async with page_of(browser) as onlooker:
        name = await opened(onlooker, await position_in(browser, thread))
        channel = onlooker.state.channels[name]

        def head() -> Frame:
            assert channel.head is not None
            told: Frame = channel.head["head"]
            return told

        await done(second_browser, f"/threads/{number}/edit", title="Leaves", kind="question", tags="light sun")
        await onlooker.until(lambda: head()["title"] == "Leaves")
        assert head()["thread_kind"] == "question"
        await done(second_browser, f"/threads/{number}/posts/1/edit", body="They are *dry*", revision="1")
        await onlooker.until(lambda: channel.messages[1]["body"] == "They are *dry*")
        text = await landed(browser, thread)
        for said in ("Leaves", "<em>dry</em>", ">sun</a>", "edited"):
            assert said in text
        assert ">water</a>" not in text
        await done(second_browser, f"/threads/{number}/posts/1/remove")
        await onlooker.until(lambda: channel.gone or head()["removed"])
    assert "Leaves" not in await text_of(browser, board)
    await done(second_browser, f"/threads/{number}/posts/1/restore")
    assert "Leaves" in await text_of(browser, board)
    assert "<em>dry</em>" in await landed(browser, thread)


@pytest.mark.everywhere
async def test_s0_19_an_author_edits_compares_and_goes_back_and_a_meanwhile_changed_post_is_told(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    thread = await begin_thread(browser, board)
    number = number_of(thread)
    post = f"/threads/{number}/posts/{await reply_to(second_browser, thread, 'Water it every day.')}"
    await done(second_browser, f"{post}/edit", body="Water it every week.", revision="1")
    await done(second_browser, f"{post}/edit", body="Water it every week.", revision="1")
    history = await text_of(second_browser, f"{post}/history")
    assert "Water it every <del>day</del><ins>week</ins>." in history
    assert "Moderator" not in history
    conflict = await deed(browser, f"{post}/edit", body="Water it *less*.", revision="1")
    told = await conflict.text()
    assert conflict.status == 409
    assert typed(told) == "Water it *less*."
    assert 'name="revision" value="2"' in told
    assert "<del>every week</del>" in told
    await done(browser, f"{post}/edit", body="Water it *less*.", revision="2")
    assert "Moderator" in await text_of(second_browser, f"{post}/history"), "a moderator's change is told as one"
    await done(second_browser, f"{post}/history", version="0", revision="3")
    text = await landed(browser, thread)
    assert "Water it every day." in text
    assert "less" not in text
    history = await text_of(browser, f"{post}/history")
    assert html.unescape(history).count('class="box" id="version-') == 4
    # The thread's own text is Ada's: Bea neither changes it nor sees what it was.
    await done(browser, f"/threads/{number}/posts/1/edit", body="Another beginning", revision="1")
    for address in ("edit", "history", "remove"):
        assert (await second_browser.open(f"/threads/{number}/posts/1/{address}")).status == 403
    assert (await deed(second_browser, f"/threads/{number}/posts/1/edit", body="Mine", revision="2")).status == 403
    await done(browser, f"/threads/{number}/lock")
    assert (await deed(second_browser, f"{post}/edit", body="Locked", revision="4")).status == 409


@pytest.mark.everywhere
async def test_s4_09_a_post_is_removed_by_its_author_or_a_moderator_alone_and_the_replies_stay(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    thread = await begin_thread(second_browser, board, body="The beginning")
    number = number_of(thread)
    first = await reply_to(browser, thread, "Reply of Ada")
    second = await reply_to(second_browser, thread, "Reply of Bea", parent=first)
    remove = f"/threads/{number}/posts/{first}/remove"
    assert (await second_browser.open(remove)).status == 403
    assert (await deed(second_browser, remove)).status == 403
    assert (await second_browser.post_form(remove, csrf="")).status == 403
    assert (await second_browser.post_form(f"/threads/{number}/posts/{second}/remove", csrf="")).status == 403
    assert (await browser.open(remove)).status == 200, "asking removes nothing"
    assert "Reply of Ada" in await landed(second_browser, thread)
    # An author: the text goes, what hangs under it stays, and it comes back.
    await done(browser, remove)
    text = await landed(second_browser, thread)
    assert "Reply of Ada" not in text
    assert "Deleted by its author" in text
    assert "Reply of Bea" in text
    await done(browser, f"/threads/{number}/posts/{first}/restore")
    assert "Reply of Ada" in await landed(second_browser, thread)
    # A moderator: its author does not bring it back.
    bees = f"/threads/{number}/posts/{second}"
    await done(browser, f"{bees}/remove", reason="Off topic")
    assert "Removed by a moderator" in await landed(second_browser, thread)
    assert (await deed(second_browser, f"{bees}/restore")).status == 403
    assert (await second_browser.open(f"{bees}/history")).status == 403
    assert "Reply of Bea" in await text_of(browser, f"{bees}/history")
    await done(browser, f"{bees}/restore")
    # The author of the beginning takes away their own text alone, since others have answered.
    assert "The replies stay readable" in await text_of(second_browser, f"/threads/{number}/posts/1/remove")
    await done(second_browser, f"/threads/{number}/posts/1/remove")
    text = await landed(browser, thread)
    assert "The beginning" not in text
    assert "Reply of Ada" in text


@pytest.mark.everywhere
async def test_s47_what_a_moderator_removes_its_author_does_not_bring_back_by_having_deleted_it_first(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    answered = await begin_thread(browser, board)
    alone = await begin_thread(second_browser, board, "Alone", "Hers")
    reply = await reply_to(second_browser, answered, "Rude words")
    for place in (f"/threads/{number_of(answered)}/posts/{reply}", f"/threads/{number_of(alone)}/posts/1"):
        await done(second_browser, f"{place}/remove")
        await done(browser, f"{place}/remove", reason="Rude")
        assert (await deed(second_browser, f"{place}/restore")).status in {403, 404}
        await done(browser, f"{place}/restore")
    assert "Rude words" in await landed(second_browser, answered)
    assert "Hers" in await landed(second_browser, alone)


@pytest.mark.everywhere
async def test_a_moderator_who_restores_a_thread_does_not_bring_back_what_its_author_had_deleted(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    answered = await begin_thread(second_browser, board, "Answered", "Not for you")
    await reply_to(browser, answered, "An answer")
    alone = await begin_thread(second_browser, board, "Alone", "Not for you")
    for thread in (answered, alone):
        place = f"/threads/{number_of(thread)}"
        await done(second_browser, f"{place}/posts/1/remove")
        await done(browser, f"{place}/remove")
        await done(browser, f"{place}/restore")
        text = await landed(browser, thread)
        assert "Deleted by its author" in text
        assert "Not for you" not in text
    assert "An answer" in await landed(second_browser, answered)
    # It is the author's still, to be brought back.
    await done(second_browser, f"/threads/{number_of(answered)}/posts/1/restore")
    assert "Not for you" in await landed(browser, answered)


@pytest.mark.everywhere
async def test_a_thread_that_went_with_its_first_post_comes_back_with_it(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    thread = await begin_thread(second_browser, board, body="Back again")
    place = f"/threads/{number_of(thread)}"
    await done(browser, f"{place}/posts/1/remove")
    assert (await second_browser.open(thread)).status == 404
    await done(browser, f"{place}/restore")
    assert "Back again" in await landed(second_browser, thread)


async def test_an_author_undoes_a_removal_for_a_day(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    thread = await begin_thread(second_browser, board)
    post = f"/threads/{number_of(thread)}/posts/1"
    await done(second_browser, f"{post}/remove")
    assert "Undo the removal" in await landed(second_browser, thread), "its author still finds it"
    clock.ahead_ms += UNDO_MS + 1
    assert (await deed(second_browser, f"{post}/restore")).status == 409
    await done(browser, f"{post}/restore")
    assert "First post" in await landed(second_browser, thread)


@pytest.mark.everywhere
async def test_s27_whoever_asked_says_which_reply_is_the_answer(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    await bea(second_browser)
    thread = await begin_thread(second_browser, board, kind="question")
    number = number_of(thread)
    answer = f"/threads/{number}/posts/{await reply_to(browser, thread, 'Because of the light.')}"
    assert "Accept as answer" in await landed(second_browser, thread)
    await done(second_browser, f"{answer}/accept")
    assert "Accepted answer" in await landed(browser, thread)
    told = await text_of(browser, "/notices")
    assert "Bea accepted your answer in “Hello”" in told
    await done(second_browser, f"{answer}/accept", accepted="no")
    assert "Accepted answer" not in await landed(browser, thread)
    assert (await deed(second_browser, f"/threads/{number}/posts/1/accept")).status == 409
    assert (await deed(second_browser, f"/threads/{number}/posts/99/accept")).status == 422
    own = await begin_thread(browser, board, "Mine", kind="question")
    reply = f"/threads/{number_of(own)}/posts/{await reply_to(second_browser, own, 'Perhaps.')}"
    assert (await deed(second_browser, f"{reply}/accept")).status == 403
