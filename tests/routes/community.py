"""What tests of the community begin with: a member, a board, a thread, all made by the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.routes.conftest import make_member, sign_in_as

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def open_board(browser: Browser, name: str = "Plants", **fields: str) -> str:
    """Open a board as whoever is signed in and return its address."""
    csrf = await browser.field("csrf", "/new-board")
    response = await browser.post_form("/new-board", csrf=csrf, name=name, **fields)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def begin_thread(
    browser: Browser, board: str, title: str = "Hello", body: str = "First post", **fields: str
) -> str:
    """Begin a thread on a board (its address) as whoever is signed in and return the thread's address: none waits."""
    form = f"{board}/begin"
    fields = {
        "csrf": await browser.field("csrf", form),
        "client_id": await browser.field("client_id", form),
        "title": title,
        "body": body,
    } | fields
    response = await browser.post_form(form, **fields)
    assert response.status == 303, await response.text()
    # One that waits for a moderator leads back to the board.
    assert re.fullmatch(r"/boards/[^/]+/\d+/[^/]+", response.headers["Location"]), response.headers["Location"]
    return response.headers["Location"]


def number_of(thread: str) -> int:
    """The number in a thread's address."""
    return int(thread.split("/")[3])


async def reply_to(browser: Browser, thread: str, body: str, *, parent: int = 1, client_id: str = "") -> int:
    """Answer in a thread (its address) as whoever is signed in and return the answer's place: none waits."""
    form = f"/threads/{number_of(thread)}/reply"
    fields = {
        "csrf": await browser.field("csrf", form),
        "client_id": client_id or await browser.field("client_id", form),
        "parent": str(parent),
        "body": body,
    }
    response = await browser.post_form(form, **fields)
    assert response.status == 303, await response.text()
    # One that waits for a moderator leads back to the thread.
    sent = re.fullmatch(rf"/threads/{number_of(thread)}/(\d+)", response.headers["Location"])
    assert sent, response.headers["Location"]
    return int(sent[1])


async def member_with_board(browser: Browser, name: str = "Plants", **fields: str) -> str:
    """A member, signed in, who has opened a board, whose address is returned."""
    await make_member(browser)
    await sign_in_as(browser)
    return await open_board(browser, name, **fields)
