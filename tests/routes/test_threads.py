"""Threads over HTTP, as a reader without a script meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


@pytest.mark.everywhere
async def test_s4_05_a_thread_and_its_replies_are_read_without_signing_in(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "Why are the leaves brown?", "They were *green*.")
    assert thread == f"{board}/{number_of(thread)}/why-are-the-leaves-brown"
    first = await reply_to(browser, thread, "Too much water.")
    await reply_to(browser, thread, "How much then?", parent=first)
    await reply_to(browser, thread, "Or too little.")
    response = await second_browser.open(thread)
    text = await response.text()
    assert response.status == 200
    assert "<em>green</em>" in text
    places = [text.index(said) for said in ("Too much water.", "How much then?", "Or too little.")]
    assert places == sorted(places)
    assert 'class="post depth-1" id="post-3"' in text
    board_page = await (await second_browser.open(board)).text()
    assert f'href="{thread}"' in board_page
    assert (await second_browser.open("/boards/plants/999/x")).status == 404


@pytest.mark.everywhere
async def test_a_form_that_is_sent_twice_makes_one_thread_and_one_reply(browser: Browser) -> None:
    board = await member_with_board(browser)
    one = {"client_id": "019a0000-0000-7000-8000-000000000001"}
    thread = await begin_thread(browser, board, **one)
    assert await begin_thread(browser, board, **one) == thread
    for _ in range(2):
        assert await reply_to(browser, thread, "Once", client_id="019a0000-0000-7000-8000-000000000002") == 2
    assert (await (await browser.open(thread)).text()).count('<article class="post') == 2
