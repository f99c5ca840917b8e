"""Rooms by their pages and lines, on both databases and on two nodes (S3)."""

from __future__ import annotations

import asyncio
import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from tests.patience import PATIENCE_SECONDS
from tests.routes.conftest import PASSWORD, make_agent, make_member, sign_in_as, text_of
from tests.routes.rooms import begin_room, deed, join, name_of, say, two_members
from tests.routes.test_pages_socket import Page, heard, page_of
from widget_server.actions.posting_rules import do_change_posting
from widget_server.actions.resume import Resumed
from widget_server.actions.room_logs import SHOWN, do_write
from widget_server.actions.sessions import access_session
from widget_server.core.permissions import Role
from widget_server.core.post_rules import Posting, Rules
from widget_server.hub.bus import place_of_member
from widget_server.routes.connection import Connection
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def opened(page: Page, room: str) -> str:
    """Open a room on a page's line, without a position."""
    name = name_of(room)
    await page.show(name)
    channel = page.state.channels[name]
    await page.until(lambda: channel.is_settled or channel.gone)
    return name


@pytest.mark.everywhere
async def test_s3_03_a_room_has_a_name_of_its_own_and_a_limit_and_its_first_member_is_who_began_it(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    page = await text_of(browser, "/rooms/new")
    assert 'name="capacity" type="number" value="2"' in page
    room = await begin_room(browser, "Kitchen")
    members = await text_of(browser, f"{room}/members")
    assert "Ada Byron" in members
    assert "Owner" in members
    form = {"csrf": await second_browser.field("csrf", "/rooms/new"), "access": "open"}
    taken = await second_browser.post_form("/rooms/new", **form, client_id=fresh_id(), name="  KITCHEN ", capacity="2")
    assert taken.status == 422
    assert "This name or address is taken." in await taken.text()
    alone = await second_browser.post_form("/rooms/new", **form, client_id=fresh_id(), name="Cell", capacity="1")
    assert alone.status == 422
    assert "Write a number from 2 to 10000." in await alone.text()


@pytest.mark.everywhere
async def test_s3_09_a_message_reaches_everybody_in_the_room_live_and_coming_is_announced_once(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    async with page_of(browser) as ada, page_of(second_browser) as grace:
        name = await opened(ada, room)
        assert await join(second_browser, room) == 303
        await opened(grace, room)
        sent: dict[str, Any] = {"t": "send", "client_id": fresh_id(), "channel": name, "body": "Hello Ada"}
        answer = await grace.ask({**sent, "ref": grace.state.ref()})
        assert answer["t"] == "ack", answer
        await ada.until(lambda: "Hello Ada" in ada.bodies(name))
        assert ada.bodies(name) == ["created", "joined", "Hello Ada"]
        assert await say(browser, room, "By the form") == 303
        await grace.until(lambda: "By the form" in grace.bodies(name))
        grace.cut()
        assert await say(browser, room, "While it is cut") == 303
        await grace.until(lambda: "While it is cut" in grace.bodies(name))
        assert grace.bodies(name) == ["created", "joined", "Hello Ada", "By the form", "While it is cut"]
        assert grace.state.violations == []


@pytest.mark.everywhere
async def test_s3_07_who_leaves_or_is_removed_loses_the_open_room_and_hears_no_more_of_it(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    assert await join(second_browser, room) == 303
    async with page_of(browser) as ada, page_of(second_browser) as grace:
        name = await opened(ada, room)
        await opened(grace, room)
        assert grace.state.person is not None
        removed = f"{room}/members/{grace.state.person['id']}/remove"
        assert await deed(browser, removed) == 303
        await grace.until(lambda: grace.state.channels[name].gone)
        assert await say(browser, room, "Among ourselves") == 303
        await ada.until(lambda: "Among ourselves" in ada.bodies(name))
        await grace.show(name)
        assert grace.state.channels[name].gone, "asked again it is as if it were not there"
        assert "Among ourselves" not in grace.bodies(name)
        assert (await second_browser.open(room)).status == 404
        assert room not in await text_of(second_browser, "/rooms")
        refused = await grace.ask(
            {"t": "send", "client_id": fresh_id(), "channel": name, "body": "Still here", "ref": grace.state.ref()}
        )
        assert refused["name"] == "not_found"


@pytest.mark.everywhere
async def test_s3_07_who_is_removed_while_their_room_is_opened_hears_nothing_of_it(
    browser: Browser, second_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    assert await join(second_browser, room) == 303
    name, database = name_of(room), second_browser.app[OFFICE].engine.database
    is_read, may_go_on, has_looked = asyncio.Event(), asyncio.Event(), asyncio.Event()
    read, keep_rooms = database.read, Connection.keep_rooms

    async def held(fn: Any) -> Any:
        found = await read(fn)
        if isinstance(found, Resumed) and not is_read.is_set():
            is_read.set()
            await may_go_on.wait()
        return found

    def look(line: Connection, rooms: frozenset[str]) -> None:
        keep_rooms(line, rooms)
        if name not in rooms:
            has_looked.set()

    monkeypatch.setattr(database, "read", held)
    monkeypatch.setattr(Connection, "keep_rooms", look)
    async with page_of(second_browser) as grace:
        assert grace.state.person is not None
        await heard(place_of_member(grace.state.person["id"]), second_browser)
        await grace.say(grace.state.open(name))
        channel = grace.state.channels[name]
        await is_read.wait()
        assert await deed(browser, f"{room}/members/{grace.state.person['id']}/remove") == 303
        await has_looked.wait()
        may_go_on.set()
        await grace.until(lambda: channel.is_settled or channel.gone)
        assert channel.gone
        assert grace.bodies(name) == []


@pytest.mark.everywhere
async def test_s3_08_the_members_are_listed_with_who_is_here_now(browser: Browser, second_browser: Browser) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    assert await join(second_browser, room) == 303
    listed = await text_of(browser, f"{room}/members")
    assert "Grace Hopper" in listed
    assert "Here now" not in listed
    async with page_of(browser) as ada:
        name = await opened(ada, room)

        def here() -> set[str]:
            frames = [frame for frame in ada.heard if frame["t"] == "presence" and frame["channel"] == name]
            return {viewer["name"] for viewer in frames[-1]["viewers"]} if frames else set()

        await ada.until(lambda: here() == {"Ada Byron"})
        async with page_of(second_browser) as grace:
            await opened(grace, room)
            await ada.until(lambda: here() == {"Ada Byron", "Grace Hopper"})
            assert (await text_of(browser, f"{room}/members")).count("Here now") == 2
        await ada.until(lambda: here() == {"Ada Byron"})


async def test_s3_10_a_room_shows_its_newest_messages_and_the_older_ones_on_demand(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    assert await join(second_browser, room) == 303
    office = browser.app[OFFICE]
    ada = await access_session(office.engine.database, browser.cookie("session"), office.now_ms())
    for number in range(SHOWN + 10):
        await do_write(office.engine, ada.account, name_of(room), fresh_id(), f"Message {number}.")
    assert await say(second_browser, room, "From Grace.") == 303
    page = await text_of(browser, room)
    said = re.findall(r"Message (\d+)\.</p>", page)
    assert said == [str(number) for number in range(11, SHOWN + 10)]
    assert page.count('class="own"') == SHOWN - 1
    assert "Grace Hopper" in page
    older = re.search(r'rel="prev" href="([^"]*)"', page)
    assert older
    before = await text_of(browser, html.unescape(older[1]))
    assert re.findall(r"Message (\d+)\.</p>", before) == [str(number) for number in range(11)]
    assert "began the room" in before
    assert "Grace Hopper joined" in before
    assert 'id="message-20"' in await text_of(browser, f"{room}?at=20")


@pytest.mark.everywhere
async def test_s3_11_a_stranger_finds_nothing_at_any_address_of_a_room(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser, "Cellar", access="invited")
    assert await say(browser, room, "Under the stairs") == 303
    await make_agent(browser, "root@example.com", "Root", role=Role.ADMINISTRATOR)
    await make_agent(browser, "mod@example.com", "Mod", role=Role.MODERATOR)
    for mail in ("grace@example.com", "root@example.com", "mod@example.com"):
        await deed(second_browser, "/sign-out")
        await sign_in_as(second_browser, mail)
        for path in ("", "?at=2", "?before=9", "/members", "/settings"):
            response = await second_browser.open(room + path)
            assert response.status == 404, path
            assert "Cellar" not in await response.text()
        for path, fields in (
            ("/messages", {"client_id": fresh_id(), "body": "Let me in"}),
            ("/messages/2/edit", {"revision": "1", "body": "Mine"}),
            ("/messages/2/remove", {}),
            ("/seen", {"upto": "2"}),
            ("/join", {}),
            ("/leave", {}),
            ("/decline", {}),
            ("/invite", {"name": "Grace Hopper"}),
            (f"/members/{fresh_id()}/remove", {}),
            (f"/members/{fresh_id()}/role", {"role": "owner"}),
            ("/settings", {"name": "Mine", "capacity": "5", "access": "open"}),
            ("/delete", {}),
        ):
            assert await deed(second_browser, room + path, **fields) == 404, path
        listed = await text_of(second_browser, "/rooms?q=cellar") + await text_of(second_browser, "/rooms/list")
        assert name_of(room) not in listed
        async with page_of(second_browser) as line:
            assert (await opened(line, room)) == name_of(room)
            assert line.state.channels[name_of(room)].gone
            for frame in (
                {"t": "send", "client_id": fresh_id(), "body": "Let me in"},
                {"t": "edit", "seq": 2, "revision": 1, "body": "Mine"},
                {"t": "remove", "seq": 2},
                {"t": "history", "before": 9},
            ):
                answer = await line.ask({**frame, "channel": name_of(room), "ref": line.state.ref()})
                assert answer["name"] == "not_found", frame
    await deed(second_browser, "/sign-out")
    guest = await second_browser.open(room)
    assert (guest.status, guest.headers["Location"].partition("?")[0]) == (303, "/sign-in")
    assert (await text_of(browser, room)).count("Under the stairs") >= 1


async def test_s3_13_what_looks_like_html_is_text(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    room = await begin_room(browser, "<b>Bold</b>", description="<script>alert(1)</script>")
    assert await say(browser, room, "<img src=x onerror=alert(1)>") == 303
    for path in (room, "/rooms", f"{room}/members", f"{room}/settings", "/rooms/list"):
        page = await text_of(browser, path)
        for hostile in ("<img src=x", "<script>alert", "<b>Bold"):
            assert hostile not in page, path
    assert "&lt;img src=x onerror=alert(1)&gt;" in await text_of(browser, room)


async def test_s3_16_an_administrator_browses_rooms_and_participants_and_nobody_else_does(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser, "Kitchen")
    assert await join(second_browser, room) == 303
    assert (await second_browser.open("/admin/data/room")).status == 403
    await make_agent(browser, "root@example.com", "Root", role=Role.ADMINISTRATOR)
    await deed(browser, "/sign-out")
    await sign_in_as(browser, "root@example.com")
    rooms = await text_of(browser, "/admin/data/room")
    assert "Kitchen" in rooms
    links = [html.unescape(each) for each in re.findall(r'href="([^"]*)"', rooms)]
    assert any(each.startswith("/admin/data/person") for each in links), "its owner"
    participants = await text_of(browser, "/admin/data/membership")
    assert participants.count("/admin/data/person?") == 2
    assert participants.count("/admin/data/channel?") == 2, "of the room that they are in"


async def test_s3_18_a_search_box_narrows_the_list_of_rooms(browser: Browser, second_browser: Browser) -> None:
    await two_members(browser, second_browser)
    for name in ("Kitchen", "Garden"):
        await begin_room(browser, name)
    await begin_room(second_browser, "Kitchen garden")
    page = await text_of(browser, "/rooms?q=KITCH")
    assert re.findall(r'dir="auto"(?: data-name)?>(Kitchen[^<]*|Garden)</', page) == ["Kitchen", "Kitchen garden"]
    assert "No open room has a name like that." in await text_of(browser, "/rooms?q=attic")


async def test_s3_20_who_has_not_confirmed_their_address_talks_in_no_room(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    await make_member(browser, "Eve", "eve@example.com", is_confirmed=False)
    await deed(second_browser, "/sign-out")
    await second_browser.post_form(email="eve@example.com", password=PASSWORD)
    for path in ("/rooms", "/rooms/new", room):
        response = await second_browser.open(path)
        assert (response.status, response.headers["Location"].partition("?")[0]) == (303, "/confirm"), path
    csrf = await second_browser.field("csrf", "/confirm")
    response = await second_browser.post_form(f"{room}/join", csrf=csrf)
    assert response.headers["Location"].partition("?")[0] == "/confirm"
    async with page_of(second_browser) as line:
        await opened(line, room)
        assert line.state.channels[name_of(room)].gone


async def test_who_finds_no_place_is_told_so_on_the_list(browser: Browser, second_browser: Browser) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser, capacity=2)
    await make_member(browser, "Eve", "eve@example.com")
    assert await join(second_browser, room) == 303
    await deed(second_browser, "/sign-out")
    await sign_in_as(second_browser, "eve@example.com")
    csrf = await second_browser.field("csrf", "/rooms/new")
    response = await second_browser.post_form(f"{room}/join", csrf=csrf)
    assert response.status == 409
    assert "This room is full: it holds 2." in await response.text()


async def test_what_the_rules_refuse_is_said_with_the_reason_and_what_was_typed_stays(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    assert await say(browser, room, "Soup is ready") == 303
    root = await make_agent(browser, "root@example.com", "Root", role=Role.ADMINISTRATOR)
    posting = Posting(Rules(hold=("pills",), refuse=("casino",)))
    await do_change_posting(browser.app[OFFICE].engine, root.actor, posting)
    why = "This cannot be posted here: casino"
    form = {"csrf": await browser.field("csrf", room), "client_id": fresh_id()}
    refused = await browser.post_form(f"{room}/messages", **form, body="To the casino")
    assert refused.status == 422
    text = await refused.text()
    assert why in text
    assert ">To the casino</textarea>" in text
    edited = await browser.post_form(f"{room}/messages/2/edit", **form, revision="1", body="Soup in the casino")
    assert edited.status == 422
    text = await edited.text()
    assert why in text
    assert '<details class="message-menu" open>' in text
    assert text.count(">Soup in the casino</textarea>") == 1
    async with page_of(browser) as ada:
        name = await opened(ada, room)
        sent = {"t": "send", "ref": ada.state.ref(), "client_id": fresh_id(), "channel": name, "body": "Pills"}
        answer = await ada.ask(sent)
    assert (answer["t"], answer["message"]) == ("error", "This cannot be posted here: pills")


@pytest.mark.everywhere
async def test_a_members_line_is_told_of_news_in_their_rooms_and_when_they_are_asked_in(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser, access="invited")
    async with page_of(second_browser) as grace:

        def told() -> int:
            return sum(frame["t"] == "rooms" and frame["channel"] == name_of(room) for frame in grace.heard)

        await say_until(browser, grace, f"{room}/invite", lambda: told() > 0, name="Grace Hopper")
        assert await join(second_browser, room) == 303
        before = told()
        await say_until(browser, grace, f"{room}/messages", lambda: told() > before + 1, body="Soup is ready")
        side = await text_of(second_browser, "/rooms/list")
        assert "unread message" in side


async def say_until(browser: Browser, page: Page, path: str, until: Any, **fields: str) -> None:
    """Send a form until a line has heard of it: what does not last is not repeated, and a node may not hear yet."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not until():
            assert await deed(browser, path, client_id=fresh_id(), **fields) == 303
            try:
                await asyncio.wait_for(page.until(until), 2)
            except TimeoutError:
                continue


@pytest.mark.everywhere
async def test_a_talk_of_two_begins_on_a_profile_and_is_called_by_the_other_one(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    async with page_of(second_browser) as grace:
        await grace.until(lambda: grace.state.person is not None)
        assert grace.state.person is not None
        person = grace.state.person["id"]
    assert f'name="person" value="{person}"' in await text_of(browser, f"/members/{person}")
    csrf = await browser.field("csrf", "/rooms/new")
    response = await browser.post_form("/talks", csrf=csrf, person=person)
    assert response.status == 303
    talk = response.headers["Location"]
    assert await say(browser, talk, "Only for you") == 303
    assert "Grace Hopper" in await text_of(browser, "/rooms/list")
    assert "Ada Byron" in await text_of(second_browser, "/rooms/list")
    assert "Only for you" in await text_of(second_browser, talk)
