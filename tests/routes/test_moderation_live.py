"""What moderators do is seen at once by whoever has the thread open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.test_moderation import done
from tests.routes.test_pages_socket import opened, page_of, position_in

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


@pytest.mark.everywhere
async def test_s0_07_open_readers_see_a_lock_and_lose_a_thread_that_is_removed(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    position = await position_in(second_browser, thread)
    async with page_of(second_browser) as guest:
        name = await opened(guest, position)

        def head() -> dict[str, Any]:
            frame = guest.state.channels[name].head
            return {} if frame is None else frame["head"]

        await done(browser, thread, "lock")
        await guest.until(lambda: bool(head().get("locked")))
        await done(browser, thread, "pin", where="board")
        await guest.until(lambda: bool(head().get("pinned")))
        await done(browser, thread, "unlock")
        await guest.until(lambda: not head().get("locked"))
        await done(browser, thread, "remove")
        await guest.until(lambda: guest.state.channels[name].gone)
        assert guest.state.violations == []


@pytest.mark.everywhere
async def test_s0_07_open_readers_read_again_what_was_split_and_merged(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    one, two = await begin_thread(browser, board, "One"), await begin_thread(browser, board, "Two")
    for n in range(3):
        await reply_to(browser, one, f"reply {n}")
    async with page_of(second_browser) as guest:
        source = await opened(guest, await position_in(second_browser, one))
        target = await opened(guest, await position_in(second_browser, two))
        split = await done(browser, one, "split", title="Three", posts="3")
        await guest.until(lambda: guest.bodies(source) == ["First post", "reply 0", "", "reply 2"])
        assert guest.state.channels[source].messages[3]["removed"]
        await done(browser, one, "merge", into=str(number_of(two)))
        await guest.until(lambda: guest.bodies(target) == ["First post", "First post", "reply 0", "reply 2"])
        await guest.until(lambda: guest.state.channels[source].gone)
        # Whoever reads on writes on: places and versions go on where they stood.
        await reply_to(browser, two, "After all")
        await guest.until(lambda: guest.bodies(target)[-1] == "After all")
        assert guest.state.violations == []
    assert (await second_browser.open(one)).headers["Location"].startswith(two)
    assert (await second_browser.open(f"/threads/{number_of(one)}/4")).headers["Location"].endswith("#post-4")
    assert (await second_browser.open(split)).status == 200


@pytest.mark.only("sqlite", "postgresql")  # another node knows of it within a second
async def test_s4_09_a_thread_comes_back_as_it_was_however_a_moderator_removed_it(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, body="What it is about")
    for path in ("remove", "posts/1/remove"):
        await done(browser, thread, path)
        assert (await second_browser.open(thread)).status == 404
        await done(browser, thread, "restore")
        assert "What it is about" in await (await second_browser.open(thread)).text()
