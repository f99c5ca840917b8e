"""The moderation log says in words whatever is written down of a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of
from tests.routes.conftest import make_agent
from tests.routes.test_moderation import done
from widget_server.actions.audit import BoardVerb
from widget_server.actions.posting_rules import do_change_posting
from widget_server.core.permissions import Role
from widget_server.routes.board_logs import deed_names
from widget_server.routes.office import OFFICE
from widget_server.store.posting import read_posting

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.routes.visit import Visit


class _English:
    def text(self, english: str) -> str:
        return english


def test_s47_every_deed_on_a_board_has_its_words() -> None:
    english: Visit = _English()  # type: ignore[assignment]  # all that is asked of it is to say a text
    # Nothing else is written down of a board: the types of ``record`` see to it.
    assert deed_names(english).keys() == set(get_args(BoardVerb))


async def test_the_log_of_a_new_board_begins_with_its_opening(browser: Browser) -> None:
    board = await member_with_board(browser)
    text = await (await browser.open(f"{board}/log")).text()
    assert "opened the board" in text
    assert "board.opened" not in text


@pytest.mark.everywhere
async def test_s10_the_public_log_names_no_thread_that_its_reader_may_not_read(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "Slander")
    engine = browser.app[OFFICE].engine
    eve = await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    posting = await engine.database.read(read_posting)
    await do_change_posting(engine, eve.actor, posting._replace(public_log=True))

    async def log() -> str:
        response = await second_browser.open(f"{board}/log")
        assert response.status == 200
        return await response.text()

    await done(browser, thread, "lock")
    assert "Slander" in await log()
    await done(browser, thread, "remove")
    told = await log()
    assert "removed the thread" in told
    assert "locked the thread" in told
    assert "Slander" not in told
    assert f"/threads/{number_of(thread)}" not in told
    assert "Slander" in await (await browser.open(f"{board}/log")).text(), "its moderators are told everything"
    # What a thread was called before is not told either.
    await done(browser, thread, "restore")
    await done(browser, thread, "edit", title="Roses", kind="discussion", tags="")
    told = await log()
    assert "Roses" in told
    assert "Slander" not in told
