"""Every page that an administrator can walk to opens, and keeps to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import PASSWORD, Browser, make_agent, make_site
from tests.routes.every_page import Walk, addresses_of
from tests.routes.test_community_storm import an_opening
from widget_server.actions.accounts import access_account
from widget_server.actions.boards import BoardText, do_open_board
from widget_server.actions.posts import Reply, do_reply
from widget_server.actions.rendering import Source
from widget_server.actions.threads import Thread, do_begin_thread
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.settings import Settings

MAIL = "ada@example.com"
PREFIX = "/apps/chat"
PLANTS = BoardText("Plants", "What grows", "Be kind", "everyone", "members", "members", "nested")


async def lay_out_community(engine: Engine, author: Account) -> str:
    """A board with a question, which has a poll and an answer; the question's path."""
    await do_open_board(engine, author.actor, PLANTS)
    begun = await do_begin_thread(engine, author, "plants", an_opening("it"), engine.clock.uuid())
    assert isinstance(begun, Thread)
    answer = Reply(1, Source("The yellow one", "<p>The yellow one</p>"))
    await do_reply(engine, author, begun.number, answer, engine.clock.uuid())
    return begun.path


async def walked(browser: Browser, prefix: str = "") -> Walk:
    """The walk of an administrator of an installation with a site, a second member, a board and a thread."""
    made = await make_agent(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await make_site(browser, key="plum")
    engine = browser.app[OFFICE].engine
    thread = await lay_out_community(engine, await access_account(engine.database, made.person_id))
    walk = Walk(browser, prefix)
    await walk.from_("/", "/sign-in", "/register", "/forgotten")
    response = await browser.post_form(f"{prefix}/sign-in", email=MAIL, password=PASSWORD)
    assert response.status == 303
    own = Walk(browser, prefix)
    await own.from_("/", "/account", "/admin", "/members")
    for path in ("/boards/plants", thread, "/boards/plants/begin", "/boards/plants/log", "/tags/tag"):
        assert prefix + path in own.pages, path
    walk.pages |= own.pages
    walk.refused |= own.refused
    return walk


async def test_no_link_leads_to_a_page_that_is_not_there(browser: Browser) -> None:
    walk = await walked(browser)
    assert walk.refused == {}
    assert len(walk.pages) >= 20
    for address, page in walk.pages.items():
        assert "\x00" not in page, address
        assert page.count('<main id="main"') == (0 if 'id="app"' in page else 1), address


class TestUnderAPath:
    """The same pages where the installation lies under a path of its host (S4.16)."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"public_url": f"http://localhost:8080{PREFIX}"})

    async def test_s4_16_every_page_stays_under_the_prefix(self, browser: Browser) -> None:
        walk = await walked(browser, PREFIX)
        assert walk.refused == {}
        assert len(walk.pages) >= 20
        assert browser.app[OFFICE].addresses.prefix == PREFIX
        for address, page in walk.pages.items():
            leaves = [
                found
                for found in addresses_of(page)
                if found.startswith("/") and not found.startswith(f"{PREFIX}/") and found != PREFIX
            ]
            assert leaves == [], address
