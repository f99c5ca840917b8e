"""A page's line: what its reader may be told, on both databases and on two nodes. No other way writes here."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState, fresh_id
from tests.patience import eventually
from tests.routes.community import begin_thread, member_with_board, reply_to
from tests.routes.conftest import make_agent, make_member, sign_in_as
from tests.routes.grants import take_grants
from tests.routes.threads import set_board
from widget_server.actions.bans import do_ban_account
from widget_server.actions.sessions import access_session, do_end_others
from widget_server.core.permissions import Role
from widget_server.hub.redis_bus import RedisBus
from widget_server.protocol.codes import CloseCode
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.clients.state import Frame
    from tests.routes.conftest import Browser


_HEARD = {"news", "notices", "typing", "presence", "readers", "rooms"}


class Page(SocketClient):
    """A page's line, and what it hears beside its threads."""

    def __init__(self, browser: Browser) -> None:
        origin = str(browser.client.make_url("")).rstrip("/")
        url = str(browser.client.make_url("/ws/pages"))
        super().__init__(browser.client.session, url, origin, ClientState("agent"))
        self.heard: list[Frame] = []

    async def _take(self, received: Frame | list[Frame]) -> None:
        frames = received if isinstance(received, list) else [received]
        self.heard += [frame for frame in frames if frame["t"] in _HEARD]
        await super()._take(received)

    def bodies(self, name: str) -> list[str]:
        """What it holds of a thread."""
        return [message["body"] for _, message in sorted(self.state.channels[name].messages.items())]


@asynccontextmanager
async def page_of(browser: Browser) -> AsyncGenerator[Page]:
    """The line of a page that is open in this browser."""
    async with Page(browser) as page:
        yield page


async def position_in(browser: Browser, thread: str) -> Frame:
    """Where a thread's page says that it was read."""
    text = await (await browser.open(thread)).text()
    found = dict(re.findall(r'data-(channel|epoch|version|first|last|tail)="([^"]*)"', text))
    return {
        "channel": found["channel"],
        "epoch": found["epoch"],
        **{name: int(found[name]) for name in ("version", "first", "last")},
        "tail": found["tail"] == "1",
    }


async def board_id(browser: Browser, board: str) -> str:
    """A board's public id, as its page has it for its script."""
    found = re.search(r'data-news="([^"]*)"', await (await browser.open(board)).text())
    assert found
    return found[1]


async def heard(place: str, *browsers: Browser) -> None:
    """Wait until the nodes of these browsers hear what others say of a place: what does not last is not repeated."""
    buses = [browser.app[OFFICE].engine.bus for browser in browsers]
    await eventually(lambda: all(bus.is_live(place) for bus in buses if isinstance(bus, RedisBus)))


async def opened(page: Page, position: Frame) -> str:
    """Open a thread where its page stands."""
    name: str = position["channel"]
    frame = page.state.open(name) | {"position": position}
    await page.say(frame)
    channel = page.state.channels[name]
    await page.until(lambda: channel.is_settled or channel.gone)
    return name


async def answered(page: Page, name: str) -> None:
    """Return when the server has done whatever this line has said before."""
    await page.ask(page.state.open(name))


def as_the_other(browser: Browser, other: Browser) -> None:
    """From now on this browser is signed in as the other one is; its lines stay what they were."""
    browser.keep("session", other.cookie("session"))


@pytest.mark.everywhere
async def test_s0_04_a_reply_is_told_to_every_open_page_and_a_cut_misses_and_doubles_nothing(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    position = await position_in(second_browser, thread)
    assert position | {"channel": "", "epoch": ""} == {
        "channel": "", "epoch": "", "version": 1, "first": 1, "last": 1, "tail": True,
    }  # fmt: skip
    await reply_to(browser, thread, "Between the page and its line")
    async with page_of(second_browser) as guest:
        name = await opened(guest, position)
        assert guest.bodies(name) == ["Between the page and its line"], "only what came after the page was read"
        await reply_to(browser, thread, "While it is open")
        await guest.until(lambda: "While it is open" in guest.bodies(name))
        guest.cut()
        await reply_to(browser, thread, "While the line is cut")
        await guest.until(lambda: "While the line is cut" in guest.bodies(name))
        assert guest.bodies(name) == ["Between the page and its line", "While it is open", "While the line is cut"]
        assert guest.state.violations == []


@pytest.mark.everywhere
async def test_s06_a_guest_is_shown_nothing_of_a_members_board_and_loses_one_that_is_closed(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    position = await position_in(second_browser, thread)
    async with page_of(second_browser) as guest, page_of(browser) as member:
        name = await opened(guest, position)
        await opened(member, position)
        await set_board(browser, readers="members")
        await guest.until(lambda: guest.state.channels[name].gone)
        await reply_to(browser, thread, "For members")
        await member.until(lambda: "For members" in member.bodies(name))
        await guest.show(name)
        assert guest.state.channels[name].gone, "asked again it is as if it were not there"
        assert "For members" not in guest.bodies(name)


@pytest.mark.everywhere
async def test_s06_the_line_of_a_member_ends_with_their_session(browser: Browser, second_browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    await sign_in_as(second_browser)
    async with page_of(second_browser) as member:
        await opened(member, await position_in(second_browser, thread))
        assert member.state.person is not None
        office = browser.app[OFFICE]
        signed_in = await access_session(office.engine.database, browser.cookie("session"), office.now_ms())
        await do_end_others(office.engine.database, signed_in, office.now_ms())
        await member.until(lambda: CloseCode.SIGNED_OUT in [code for code, _ in member.closes])


@pytest.mark.everywhere
async def test_s06_who_loses_a_role_loses_the_threads_it_opened_and_who_is_banned_is_seen_typing_no_more(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    hers = await access_session(browser.app[OFFICE].engine.database, browser.cookie("session"), 0)
    root = await make_agent(browser, "root@example.com", "Root", role=Role.ADMINISTRATOR)
    mallory = await make_member(browser, "Mallory", "mallory@example.com")
    await sign_in_as(second_browser, "mallory@example.com")
    position = await position_in(browser, thread)
    async with page_of(browser) as moderator, page_of(second_browser) as member:
        name = await opened(moderator, position)
        await opened(member, position)
        await heard(name, browser, second_browser)
        engine = second_browser.app[OFFICE].engine
        await do_ban_account(engine, root.actor, mallory.public_id)
        await eventually(lambda: bool(engine.bans))
        await member.say({"t": "typing", "channel": name, "on": True})
        await answered(member, name)
        # From the same node, after whatever that line may have said there.
        as_the_other(second_browser, browser)
        await reply_to(second_browser, thread, "Nobody types")
        await moderator.until(lambda: "Nobody types" in moderator.bodies(name))
        await set_board(browser, readers="moderators")
        await member.until(lambda: member.state.channels[name].gone)
        await take_grants(engine, hers.account.person_id)
        await moderator.until(lambda: CloseCode.RIGHTS_CHANGED in [code for code, _ in moderator.closes])
        await moderator.until(lambda: moderator.state.channels[name].gone)
        assert moderator.heard == []


@pytest.mark.everywhere
async def test_typing_is_told_to_the_other_readers_of_a_thread_by_members_alone(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    position = await position_in(second_browser, thread)
    async with page_of(second_browser) as guest, page_of(browser) as member:
        name = await opened(guest, position)
        await opened(member, position)
        await heard(name, browser, second_browser)
        await guest.say({"t": "typing", "channel": name, "on": True})
        await member.say({"t": "typing", "channel": name, "on": True})
        await guest.until(lambda: len(guest.heard) > 0)
        assert [(frame["person"]["name"], frame["on"]) for frame in guest.heard] == [("Ada Byron", True)]
        await member.say({"t": "receipt", "channel": name, "epoch": position["epoch"], "delivered": 1, "seen": 1})
        for page in (guest, member):
            await answered(page, name)
        await reply_to(browser, thread, "Typed")
        await guest.until(lambda: "Typed" in guest.bodies(name))
        # From the guest's node, after whatever the guest's line may have said there.
        as_the_other(second_browser, browser)
        await reply_to(second_browser, thread, "Typed there")
        await member.until(lambda: "Typed there" in member.bodies(name))
        assert member.heard == [], "neither one's own typing, nor a guest's"
        assert [frame["t"] for frame in guest.heard] == ["typing"], "who has seen a thread is nobody's business"


async def test_a_page_writes_nothing_and_asks_for_nothing_else(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    async with page_of(browser) as member:
        name = await opened(member, await position_in(browser, thread))
        refused: list[dict[str, Any]] = [
            {"t": "send", "client_id": fresh_id(), "channel": name, "body": "By another way"},
            {"t": "edit", "channel": name, "seq": 1, "revision": 1, "body": "Changed"},
            {"t": "remove", "channel": name, "seq": 1},
            {"t": "history", "channel": name, "before": 2},
            {"t": "search", "text": "First"},
            {"t": "assign", "channel": name, "assignee": None},
        ]
        for frame in refused:
            answer = await member.ask({**frame, "ref": member.state.ref()})
            assert answer["name"] == "not_allowed", frame


@pytest.mark.everywhere
async def test_a_list_is_told_of_threads_with_news_on_the_boards_that_its_reader_may_read(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    secret = await begin_thread(browser, board, title="Hidden")
    position = await position_in(browser, secret)
    async with page_of(second_browser) as guest, page_of(browser) as member:
        place = await board_id(browser, board)
        for page in (guest, member):
            await page.say({"t": "watch", "boards": [place, fresh_id()]})
            await opened(page, position)
        await heard(f"board:{place}", browser, second_browser)
        thread = await begin_thread(browser, board, title="Seen")
        await guest.until(lambda: len(guest.heard) > 0)
        await member.until(lambda: len(member.heard) > 0)
        await set_board(browser, readers="moderators")
        await guest.until(lambda: guest.state.channels[position["channel"]].gone)
        await reply_to(browser, secret, "More")
        await member.until(lambda: len(member.heard) > 1)
        told = [{"t": "news", "board": place, "thread": int(path.split("/")[3])} for path in (thread, secret)]
        assert member.heard == told
        # What is told the guest after it, once there is something for guests again.
        await set_board(browser, readers="everyone")
        await opened(guest, position)
        await guest.say({"t": "watch", "boards": [place]})
        await answered(guest, position["channel"])
        await heard(f"board:{place}", browser, second_browser)
        await reply_to(browser, thread, "For everyone")
        await guest.until(lambda: len(guest.heard) > 1)
        assert guest.heard == [told[0], told[0]]
