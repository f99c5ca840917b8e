"""Reports from rooms: moderators see what was reported, a little around it, and nothing else of the room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp
from sqlalchemy import select

from tests.routes.conftest import make_agent, make_member, sign_in_as, text_of
from tests.routes.rooms import begin_room, deed, join, say, two_members
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import message

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def reported_room(browser: Browser, second_browser: Browser) -> str:
    """A room of Ada and Grace; Grace has reported the message at place 6, which is Ada's."""
    await two_members(browser, second_browser)
    room = await begin_room(browser, "Cellar", access="open")
    assert await join(second_browser, room) == 303
    for number in range(3, 10):
        assert await say(browser, room, f"Word number {number}") == 303
    form = f"{room}/messages/6/report"
    assert "nothing else of the room" in await text_of(second_browser, form)
    assert await deed(second_browser, form, reason="rude", details="Look at this") == 303
    assert await deed(browser, form, reason="rude") == 403, "nobody reports their own"
    return room


async def moderate(browser: Browser) -> None:
    """Come as a moderator of everything."""
    await make_agent(browser, "mod@example.com", "Mod", role=Role.MODERATOR)
    await deed(browser, "/sign-out")
    await sign_in_as(browser, "mod@example.com")


async def test_a_moderator_sees_a_reported_message_of_a_room_with_what_stands_beside_it(
    browser: Browser, second_browser: Browser
) -> None:
    room = await reported_room(browser, second_browser)
    await moderate(browser)
    queue = await text_of(browser, "/moderation")
    assert re.findall(r"Word number (\d)", queue) == ["6", "4", "5", "7", "8"]
    assert "Look at this" in queue
    assert "Cellar" in queue
    assert (await browser.open(room)).status == 404, "the room itself stays its members'"
    number = re.search(r"/moderation/reports/(\d+)", queue)
    assert number
    assert await deed(browser, number[0], verdict="removed", text="", days="7") == 303
    page = await text_of(second_browser, room)
    assert "Word number 6" not in page
    assert "Message removed" in page
    assert "Word number 6" not in await text_of(browser, "/moderation")


async def test_s12_the_files_of_a_message_that_a_moderator_removes_go_from_sight_with_it(
    browser: Browser, second_browser: Browser
) -> None:
    await two_members(browser, second_browser)
    room = await begin_room(browser, "Cellar", access="open")
    assert await join(second_browser, room) == 303
    fields = {name: await browser.field(name, room) for name in ("csrf", "client_id")} | {"body": "Look"}
    data = aiohttp.FormData(fields, quote_fields=False, default_to_multipart=True)
    data.add_field("files", b"Words", filename="terrible-name.txt")
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    sent = await browser.client.post(f"{room}/messages", data=data, headers=headers, allow_redirects=False)
    assert sent.status == 303
    shown = re.search(r"/files/[A-Za-z0-9_-]{22}", await text_of(second_browser, room))
    assert shown
    assert await text_of(second_browser, shown[0]) == "Words"
    assert await deed(second_browser, f"{room}/messages/3/report", reason="rude", details="") == 303
    await moderate(browser)
    number = re.search(r"/moderation/reports/(\d+)", await text_of(browser, "/moderation"))
    assert number
    assert await deed(browser, number[0], verdict="removed", text="", days="7") == 303
    assert (await second_browser.open(shown[0])).status == 404
    office = browser.client.app[OFFICE] if browser.client.app else None
    assert office is not None
    left = Statement(select(message.c.files).where(message.c.files.is_not(None)))
    assert await office.engine.database.read(lambda tx: tx.all(left)) == [], "no list tells of them"


async def test_a_member_whom_a_moderator_silences_for_a_message_writes_in_no_room(
    browser: Browser, second_browser: Browser
) -> None:
    room = await reported_room(browser, second_browser)
    await moderate(browser)
    number = re.search(r"/moderation/reports/(\d+)", await text_of(browser, "/moderation"))
    assert number
    assert await deed(browser, number[0], verdict="silenced", text="Loud", days="7") == 303
    await deed(browser, "/sign-out")
    await sign_in_as(browser, "ada@example.com")
    assert await say(browser, room, "Once more") == 403
    assert "Once more" not in await text_of(second_browser, room)


async def test_who_moderates_one_board_alone_sees_no_report_from_rooms(
    browser: Browser, second_browser: Browser
) -> None:
    await reported_room(browser, second_browser)
    await make_member(browser, "Eve", "eve@example.com")
    await deed(browser, "/sign-out")
    await sign_in_as(browser, "eve@example.com")
    csrf = await browser.field("csrf", "/new-board")
    assert (await browser.post_form("/new-board", csrf=csrf, name="Plants")).status == 303
    queue = await text_of(browser, "/moderation")
    assert "Word number" not in queue
    assert await deed(browser, "/moderation/reports/6", verdict="dismissed", text="", days="7") == 403
