"""Searching over HTTP: what is found, by whom, and what nobody learns of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.core.test_words import HOSTILE
from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from widget_server.app import NODE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def searched(browser: Browser, q: str = "", **fields: str) -> str:
    """The page of a search, once all that was committed before can be found."""
    await browser.app[NODE].indexer.catch_up()
    response = await browser.open(f"/search?{urlencode({'q': q} | fields)}")
    assert response.status == 200
    return await response.text()


def hits(page: str) -> list[str]:
    """Where the results lead, in their order."""
    return re.findall(r'<p class="title"><a href="([^"]*)"', page)


def count(page: str) -> int:
    """How many results the page says that there are."""
    said = re.search(r"Results: (\d+)", page)
    return int(said[1]) if said else 0


@pytest.mark.everywhere
async def test_s0_19_s4_12_a_reader_searches_boards_threads_and_posts(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser, description="For whoever grows **quinces**")
    thread = await begin_thread(
        browser, board, "Why are the leaves brown?", "They were *green*, in Größe 44.", tags="plum"
    )
    reply = await reply_to(browser, thread, "Too much [water](https://example.com/plum) <b>makes</b> brown leaves.")
    other = await begin_thread(browser, board, "Another one", "Nothing of that")
    short, place = f"/threads/{number_of(thread)}", f"/threads/{number_of(thread)}/{reply}"

    page = await searched(second_browser, "leaves")
    assert (hits(page), count(page)) == ([short, place], 2)
    assert "Why are the <mark>leaves</mark> brown?" in page
    assert "Too much water &lt;b&gt;makes&lt;/b&gt; brown <mark>leaves</mark>." in page
    assert hits(await searched(second_browser, "leaves", sort="new")) == [place, short]
    for query, expected in {
        '"brown leaves"': [place],
        "leaves -water": [short],
        "grosse": [short],
        "quinces": [board],
        "leaves author:nobody": [],
        'author:"Ada Byron" in:threads': [f"/threads/{number_of(other)}", short],
        "leaves tag:plum": [short, place],
        "leaves tag:pear": [],
        "leaves board:plants": [short, place],
        "leaves board:others": [],
        "leaves after:2020 before:2030": [short, place],
        "leaves before:2020": [],
    }.items():
        assert sorted(hits(await searched(second_browser, query))) == sorted(expected), query
    assert hits(await searched(second_browser, "leaves", after="2999-01-01")) == []
    assert "Try fewer or other words" in await searched(second_browser, "leaves", board="others")
    assert (await second_browser.open(place)).status in {200, 302, 303}


@pytest.mark.everywhere
async def test_s46_what_was_changed_moved_away_or_closed_is_found_as_it_is_now(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    hidden = await open_board(browser, "Cellar", readers="members")
    thread = await begin_thread(browser, board, "A plum", "First words")
    number = number_of(thread)
    seq = await reply_to(browser, thread, "Second plum")
    assert len(hits(await searched(second_browser, "plum"))) == 2

    await browser.post_form(f"/threads/{number}/posts/{seq}/edit", body="Second pear", revision="1")
    assert hits(await searched(second_browser, "plum")) == [f"/threads/{number}"]
    assert hits(await searched(second_browser, "pear")) == [f"/threads/{number}/{seq}"]
    await browser.post_form(f"/threads/{number}/posts/{seq}/remove")
    assert count(await searched(second_browser, "pear")) == 0
    secret = await begin_thread(browser, hidden, "A secret", "Behind the plum")
    assert len(hits(await searched(browser, "plum"))) == 2
    page = await searched(second_browser, "plum")
    assert (len(hits(page)), count(page)) == (1, 1)
    assert "Cellar" not in page
    assert hits(await searched(second_browser, "secret board:cellar")) == []
    assert hits(await searched(browser, "secret board:cellar")) == [f"/threads/{number_of(secret)}"]


async def test_f8_hostile_questions_are_words_and_long_ones_end(browser: Browser) -> None:
    for query in (*HOSTILE, "", "\0", "x" * 1000, "{{7*7}}", "<script>alert(1)</script>", "-only", "in:chats plum"):
        page = await searched(browser, query, author=query, tag=query, board=query, after=query)
        assert "<script>alert" not in page
        assert hits(page) == []
    assert (await browser.open("/search?page=99999999&q=plum")).status == 200


async def test_a_search_asks_the_store_as_often_however_much_there_is(browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "A plum", "First")
    for number in range(22):
        await reply_to(browser, thread, f"Another plum {number}")
    page = await searched(browser, "plum")
    assert (len(hits(page)), count(page)) == (20, 23)
    assert len(hits(await searched(browser, "plum", page="2"))) == 3
