"""How many statements a page takes, whatever is stored: ``make bench`` compares them with as many raw reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.page_views import PAGES, Page
from tests.routes.community import begin_thread, member_with_board, open_board, reply_to
from tests.routes.conftest import make_agent, make_member, sign_in_as
from tests.routes.reads import Reads
from widget_server.app import NODE
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Counts from now on."""
    return Reads(monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
async def test_a_page_takes_as_many_statements_as_it_is_measured_with(
    browser: Browser, reads: Reads, page: Page
) -> None:
    agent = await make_agent(browser)
    if page.is_signed_in:
        await browser.sign_in(agent.mail)
    view = await reads.of(browser, page.path.format(me=agent.public_id), page.reads)
    assert view.statements == page.reads, "\n\n".join(view.own)


LISTS = {
    "/?show=all": 6,
    "/?show=unread": 6,
    "/?show=followed&sort=hot": 6,
    "/boards/plants": 7,
    "/boards": 4,
    "/tags/leaf": 6,
    "/search?q=hello": 7,
    "/bookmarks": 5,
    "{member}": 6,
    "{member}/posts": 6,
    "{member}/threads": 6,
    "/moderation": 6,
    "/boards/plants/log": 6,
    "/account/waiting": 5,
}
"""Pages that list, with the statements that each may take for one of the staff: three of them find out who asks."""


_ON_POSTGRESQL = {"/search?q=hello": 8}
"""There a search says first how long it may take, which reads nothing."""
GUESTS = {"/": 3, "/boards/plants": 3}
"""Pages that somebody who is not signed in reads, with exactly the statements that each takes."""


@pytest.mark.only("sqlite", "postgresql")
async def test_s0_05_a_list_takes_the_same_statements_whatever_is_stored(
    browser: Browser, second_browser: Browser, reads: Reads
) -> None:
    agent = await make_agent(browser)
    await browser.sign_in(agent.mail)
    boards = [await open_board(browser), await open_board(browser, "Animals", parent="plants")]
    member = f"/members/{agent.public_id}"
    lists = LISTS | (_ON_POSTGRESQL if browser.app[OFFICE].engine.database.dialect == "postgresql" else {})
    taken: list[dict[str, int]] = []
    for _ in range(2):
        for number in range(4):
            await begin_thread(browser, boards[number % 2], "Hello", tags="leaf root")
        await browser.app[NODE].indexer.catch_up()
        shown = {path: await reads.of(browser, path.format(member=member), most) for path, most in lists.items()}
        taken.append({path: view.statements for path, view in shown.items()})
        over = {path: list(view.own) for path, view in shown.items() if view.statements > lists[path]}
        assert not over, "\n".join(f"{path}: {sql}" for path, own in over.items() for sql in own)
    assert taken[0] == taken[1]
    assert {path: (await reads.of(second_browser, path, most)).statements for path, most in GUESTS.items()} == GUESTS, (
        "a guest's page is one reading"
    )


@pytest.mark.only("sqlite", "postgresql")
async def test_a_members_page_of_a_thread_takes_six_statements(
    browser: Browser, second_browser: Browser, reads: Reads
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    await reply_to(browser, thread, "Second post")
    await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    view = await reads.of(second_browser, thread, 6)
    assert view.statements == 6, "\n\n".join(view.own)
