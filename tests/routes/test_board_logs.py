"""The moderation log says in words whatever is written down of a board."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import pytest
from sqlalchemy import select

from tests.routes.community import begin_thread, member_with_board, number_of, open_board
from tests.routes.conftest import make_agent, text_of
from tests.routes.test_moderation import DEEDS, done
from widget_server.actions.audit import BoardVerb
from widget_server.actions.posting_rules import do_change_posting
from widget_server.core.permissions import Role
from widget_server.routes.board_logs import deed_names
from widget_server.routes.office import OFFICE
from widget_server.store.posting import read_posting
from widget_server.store.statement import Statement
from widget_server.store.tables import audit

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.routes.visit import Visit


_VERBS = Statement(select(audit.c.verb).where(audit.c.board_id.is_not(None)))


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
async def test_s47_every_deed_of_a_moderator_is_told_in_its_words(browser: Browser) -> None:
    board = await member_with_board(browser)
    await open_board(browser, "Stones")
    thread = await begin_thread(browser, board, "Roses")
    for deed in ("pin", "unpin", "lock", "unlock", "remove", "restore", "move"):
        await done(browser, thread, deed, **DEEDS[deed])
    told = await text_of(browser, f"{board}/log")
    for words in (
        "opened the board",
        "pinned the thread",
        "unpinned the thread",
        "locked the thread",
        "unlocked the thread",
        "removed the thread",
        "restored the thread",
        "moved the thread to another board",
    ):
        assert re.search(rf"(?<!\w){words}", told), words
    assert re.search(r"(?<!\w)moved the thread here", await text_of(browser, "/boards/stones/log"))
    written = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(_VERBS))
    assert {verb for (verb,) in written} <= set(get_args(BoardVerb))
    assert [verb for (verb,) in written if verb in told] == []


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
