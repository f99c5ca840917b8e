"""What moderators do with threads: each deed and its way back, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.conftest import make_agent, make_member, sign_in_as
from widget_server.core.permissions import Role

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser

DEEDS = {
    "pin": {"where": "board"},
    "unpin": {},
    "lock": {},
    "unlock": {},
    "move": {"board": "stones"},
    "remove": {},
    "restore": {},
}


async def deed(browser: Browser, thread: str, name: str, **fields: str) -> ClientResponse:
    """Do something with a thread (its address), by the form of its page."""
    number = number_of(thread)
    csrf = await browser.field("csrf", "/members")
    return await browser.post_form(f"/threads/{number}/{name}", csrf=csrf, **fields)


async def done(browser: Browser, thread: str, name: str, **fields: str) -> str:
    """As :func:`deed`, where it is expected to be done; where the thread is then."""
    response = await deed(browser, thread, name, **fields)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def other_moderator(browser: Browser) -> None:
    """Somebody else, signed in, who moderates a board of their own, "Stones"."""
    await make_member(browser, "Bea", "bea@example.com")
    await sign_in_as(browser, "bea@example.com")
    await open_board(browser, "Stones")


@pytest.mark.everywhere
async def test_s47_a_moderator_of_another_board_is_refused_every_deed(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await other_moderator(second_browser)
    own = await begin_thread(second_browser, "/boards/stones", "Mine")
    page = f"/threads/{number_of(thread)}/moderate"
    assert (await second_browser.open(page)).status == 403
    for name, fields in DEEDS.items():
        assert (await deed(second_browser, thread, name, **fields)).status == 403, name
    assert (await deed(second_browser, own, "move", board="plants")).status == 403
    assert (await deed(second_browser, own, "pin", where="everywhere")).status == 403
    assert (await deed(second_browser, "/boards/stones/999/x", "lock")).status == 404
    assert (await browser.open(page)).status == 200


async def _order(browser: Browser, board: str, *threads: str) -> list[str]:
    """The order in which the board's page shows these threads."""
    page = await (await browser.open(board)).text()
    return sorted(threads, key=lambda thread: page.index(f'href="{thread}"'))


@pytest.mark.only("sqlite", "postgresql")  # another node knows of it within a second
async def test_s0_07_each_deed_is_done_told_and_undone(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    later = await begin_thread(browser, board, "Later")
    assert await _order(second_browser, board, thread, later) == [later, thread]
    await done(browser, thread, "pin", where="board", days="7")
    assert await _order(second_browser, board, thread, later) == [thread, later]
    await done(browser, thread, "unpin")
    assert await _order(second_browser, board, thread, later) == [later, thread]
    form = f"/threads/{number_of(thread)}/reply"
    csrf, client_id = [await browser.field(name, form) for name in ("csrf", "client_id")]
    await done(browser, thread, "lock")
    assert (await second_browser.open(thread)).status == 200
    late = await browser.post_form(form, csrf=csrf, client_id=client_id, parent="1", body="Too late")
    assert late.status == 409
    assert "locked" in await late.text()
    assert "Too late" not in await (await second_browser.open(thread)).text()
    await done(browser, thread, "unlock")
    await reply_to(browser, thread, "In time")
    await done(browser, thread, "remove")
    assert (await second_browser.open(thread)).status == 404
    assert thread not in await (await browser.open(board)).text()
    await done(browser, thread, "restore")
    assert (await second_browser.open(thread)).status == 200
    assert thread in await (await browser.open(board)).text()


@pytest.mark.everywhere
async def test_a_moved_thread_is_found_by_every_address_that_it_had(browser: Browser) -> None:
    board = await member_with_board(browser)
    other = await open_board(browser, "Stones")
    thread = await begin_thread(browser, board)
    moved = await done(browser, thread, "move", board="stones")
    assert moved == thread.replace(board, other)
    short = await browser.open(f"/threads/{number_of(thread)}")
    assert short.headers["Location"] == moved
    assert (await browser.open(thread)).status < 400
    assert moved in await (await browser.open(other)).text()
    assert moved not in await (await browser.open(board)).text()


@pytest.mark.everywhere
async def test_whoever_moderates_everything_pins_everywhere(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await make_agent(second_browser, "eve@example.com", "Eve", role=Role.MODERATOR)
    await sign_in_as(second_browser, "eve@example.com")
    await done(second_browser, thread, "pin", where="everywhere", days="2")
    assert (await deed(browser, thread, "unpin")).status == 403
    refused = await deed(second_browser, thread, "pin", where="board", days="no")
    assert refused.status == 422
    await done(second_browser, thread, "unpin")
