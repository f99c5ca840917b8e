"""Agents and visitors at once, over real sockets: everybody under their own name, and nothing lost on the way."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.routes.conftest import SHOP, make_agent, make_site
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import message

if TYPE_CHECKING:
    from tests.clients.state import Frame
    from tests.routes.conftest import Browser

pytestmark = pytest.mark.everywhere

MESSAGES = Statement(select(func.count()).select_from(message))


def visitor(browser: Browser, site: str) -> SocketClient:
    """A visitor who opens the chat on the shop's page."""
    url = str(browser.client.make_url(f"/ws/{site}"))
    return SocketClient(browser.client.session, url, SHOP, ClientState("visitor"))


def agent(browser: Browser) -> SocketClient:
    """The agent who is signed in with this browser."""
    own = browser.app[OFFICE].settings.public_url
    return SocketClient(browser.client.session, str(browser.client.make_url("/ws/console")), own, ClientState("agent"))


async def inbox(client: SocketClient) -> list[Frame]:
    """What an agent's list of all open conversations shows."""
    view = {"status": "open", "who": "all"}
    answer = await client.ask({"t": "inbox", "ref": client.state.ref(), "view": view})
    rows: list[Frame] = answer["rows"]
    return rows


async def test_s1_13_two_agents_and_three_visitors_talk_at_once(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    await make_agent(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await browser.sign_in("ada@example.com")
    await second_browser.sign_in("grace@example.com")
    ada = await lines.enter_async_context(agent(browser))
    grace = await lines.enter_async_context(agent(second_browser))
    visitors = [await lines.enter_async_context(visitor(browser, site.key)) for _ in range(3)]

    channels = [(await one.deliver(f"Question {number}"))["channel"] for number, one in enumerate(visitors)]
    assert {row["channel"] for row in await inbox(ada)} == set(channels)
    for number, (one, channel) in enumerate(zip(visitors, channels, strict=True)):
        for each, name in ((ada, "Ada"), (grace, "Grace")):
            await each.show(channel)
            await each.deliver(f"{name} answers {number}", channel)
        held = one.state.channels[channel]
        await one.until(lambda held=held: held.last == 3)  # type: ignore[misc]  # bound at once
        told = [(held.messages[seq]["author"]["name"], held.messages[seq]["body"]) for seq in (1, 2, 3)]
        assert told == [
            (None, f"Question {number}"),
            ("Ada", f"Ada answers {number}"),
            ("Grace", f"Grace answers {number}"),
        ]
        assert list(one.state.channels) == [channel]
        assert one.state.violations == []


@pytest.mark.parametrize(
    ("body", "name"), [("", "empty_message"), (" \n\t ", "empty_message"), ("x" * 4001, "message_too_long")]
)
async def test_s1_09_what_cannot_be_sent_is_refused_with_a_reason_and_what_can_is_confirmed(
    browser: Browser, lines: AsyncExitStack, body: str, name: str
) -> None:
    site = await make_site(browser)
    one = await lines.enter_async_context(visitor(browser, site.key))
    refused = await one.send(body)
    await one.until(lambda: refused.failed is not None)
    assert refused.failed is not None
    assert refused.failed["name"] == name
    assert refused.failed["message"].endswith(".")
    database = browser.app[OFFICE].engine.database
    assert await database.read(lambda tx: tx.one(MESSAGES)) == (0,)
    assert (await one.deliver("Now with words"))["seq"] == 1
    assert await database.read(lambda tx: tx.one(MESSAGES)) == (1,)


async def test_s10_an_agent_of_one_site_sees_nothing_of_another(browser: Browser, lines: AsyncExitStack) -> None:
    own, other = await make_site(browser, "Own"), await make_site(browser, "Other")
    await make_agent(browser, "grace@example.com", "Grace", Role.AGENT, own.key)
    await browser.sign_in("grace@example.com")
    here = await lines.enter_async_context(visitor(browser, own.key))
    there = await lines.enter_async_context(visitor(browser, other.key))
    mine = (await here.deliver("Here"))["channel"]
    foreign = (await there.deliver("There"))["channel"]
    grace = await lines.enter_async_context(agent(browser))
    assert [row["channel"] for row in await inbox(grace)] == [mine]
    assert (await grace.show(foreign)).gone
    ref = grace.state.ref()
    refused = await grace.ask({"t": "assign", "ref": ref, "channel": foreign, "assignee": None})
    assert (refused["t"], refused["name"]) == ("error", "not_found")


async def test_s1_06_a_visitor_who_comes_back_finds_their_own_conversation_and_no_other(
    browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    first = await lines.enter_async_context(visitor(browser, site.key))
    channel = (await first.deliver("Mine"))["channel"]
    again = visitor(browser, site.key)
    again.state.token = first.state.token
    await lines.enter_async_context(again)
    assert [own["channel"] for own in (again.state.welcome or {})["conversations"]] == [channel]
    stranger = await lines.enter_async_context(visitor(browser, site.key))
    assert (stranger.state.welcome or {})["conversations"] == []
    assert (await stranger.show(channel)).gone
