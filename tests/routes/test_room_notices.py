"""What is said in a room is told to members who are not there, once until they look; so is being asked in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.patience import until_read
from tests.routes.conftest import make_member, text_of
from tests.routes.rooms import begin_room, deed, join, name_of, say, two_members
from tests.routes.test_notices import told
from tests.routes.test_watching import choose
from widget_server.actions.room_notices import BEHIND_MS, do_tell_rooms
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def look(*browsers: Browser) -> None:
    """Let the worker of each one's node look for what is to be told."""
    await asyncio.gather(*(do_tell_rooms(each.app[OFFICE].engine) for each in browsers))


@pytest.mark.everywhere
async def test_what_was_said_is_told_once_until_one_has_looked(
    browser: Browser, second_browser: Browser, clock: Any
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    await join(second_browser, room)
    await say(browser, room, "Is anybody there?")
    await look(browser, second_browser)
    assert await told(second_browser) == [], "whoever is there has time to see it"
    clock.ahead_ms += BEHIND_MS
    await say(browser, room, "Just now.")
    await look(browser, second_browser)
    await look(browser, second_browser)
    clock.ahead_ms += BEHIND_MS
    await look(browser, second_browser)
    assert await told(second_browser) == ["New Ada Byron wrote in the room “Kitchen”"]
    assert await told(browser) == [], "nobody is told of what they said"
    text = await text_of(second_browser, room)
    assert "Is anybody there?" in text
    assert await told(second_browser) == ["Ada Byron wrote in the room “Kitchen”"]
    await deed(second_browser, f"{room}/seen", upto="4")
    # It is answered before it is written down.
    await until_read(lambda: text_of(second_browser, "/rooms/list"), lambda text: "data-unread" not in text)
    await say(browser, room, "And now?")
    clock.ahead_ms += BEHIND_MS
    await look(browser, second_browser)
    assert len(await told(second_browser)) == 2
    await deed(second_browser, f"{room}/leave")
    assert await told(second_browser) == [], "who is not in any more is told nothing of it"


async def test_who_follows_a_room_hears_where_they_are_named_and_who_mutes_it_nothing(
    browser: Browser, second_browser: Browser, clock: Any
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser)
    await join(second_browser, room)
    assert await choose(second_browser, room, "follow") == "You follow this"
    for body, kinds in (("Nobody here?", 0), ("@[Grace Hopper], are you?", 1)):
        await say(browser, room, body)
        clock.ahead_ms += BEHIND_MS
        await look(browser)
        assert len(await told(second_browser)) == kinds, body
    assert await told(second_browser) == ["New Ada Byron named you in “Kitchen”"]
    await text_of(second_browser, room)
    await deed(second_browser, f"{room}/seen", upto="9")
    assert await choose(second_browser, room, "mute") == "Muted"
    await say(browser, room, "@[Grace Hopper], still there?")
    clock.ahead_ms += BEHIND_MS
    await look(browser)
    assert await told(second_browser) == ["Ada Byron named you in “Kitchen”"]


@pytest.mark.parametrize("answer", ["join", "decline"])
async def test_who_is_asked_in_is_told_until_they_answer(
    browser: Browser, second_browser: Browser, answer: str
) -> None:
    await two_members(browser, second_browser)
    await make_member(browser, "Eve", "eve@example.com")
    room = await begin_room(browser, access="invited")
    for _ in range(2):
        await deed(browser, f"{room}/invite", name="Grace Hopper")
    assert await told(second_browser) == ["New Ada Byron invites you into the room “Kitchen”"]
    assert name_of(room) in (await text_of(second_browser, "/rooms"))
    await deed(second_browser, f"{room}/{answer}")
    seen = ["Ada Byron invites you into the room “Kitchen”"]
    assert await told(second_browser) == (seen if answer == "join" else [])
