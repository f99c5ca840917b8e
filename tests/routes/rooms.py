"""What tests of rooms begin with: members, a room, and those who are in it, all made by the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.routes.conftest import make_member, sign_in_as

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def begin_room(browser: Browser, name: str = "Kitchen", *, capacity: int = 10, **fields: str) -> str:
    """Begin a room as whoever is signed in and return its address."""
    form = {
        "csrf": await browser.field("csrf", "/rooms/new"),
        "client_id": await browser.field("client_id", "/rooms/new"),
        "name": name,
        "capacity": str(capacity),
        "access": "open",
    } | fields
    response = await browser.post_form("/rooms/new", **form)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


def name_of(room: str) -> str:
    """The public name in a room's address."""
    return room.rsplit("/", 1)[1]


async def deed(browser: Browser, path: str, **fields: str) -> int:
    """Send a small form of a room's page, and return the status of the answer."""
    form = {"csrf": await browser.field("csrf", "/rooms/new")} | fields
    return (await browser.post_form(path, **form)).status


async def join(browser: Browser, room: str) -> int:
    """Come into a room as whoever is signed in, and return the status of the answer."""
    return await deed(browser, f"{room}/join")


async def say(browser: Browser, room: str, body: str, client_id: str = "") -> int:
    """Write into a room by its form, and return the status of the answer."""
    given = client_id or await browser.field("client_id", room)
    return await deed(browser, f"{room}/messages", client_id=given, body=body)


async def two_members(browser: Browser, second_browser: Browser) -> None:
    """Ada in the one browser, Grace in the other."""
    await make_member(browser, "Ada Byron", "ada@example.com")
    await make_member(browser, "Grace Hopper", "grace@example.com")
    await sign_in_as(browser, "ada@example.com")
    await sign_in_as(second_browser, "grace@example.com")
