"""Kept pages: right at once after every change, and never somebody else's."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.conftest import make_member, sign_in_as
from tests.routes.threads import Long, lay_out_thread, set_board

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

_A_WHILE_MS = 1_000
"""Within which a change that another process made is to be seen."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates of the pages that were made, and not taken from those that were kept."""
    from widget_server.web.templating import Templates  # noqa: PLC0415 - replaced for this test alone

    names: list[str] = []
    page: Callable[..., object] = Templates.page

    def noted(self: Templates, name: str, *args: object, **more: object) -> object:
        names.append(name)
        return page(self, name, *args, **more)

    monkeypatch.setattr(Templates, "page", noted)
    return names


@pytest.mark.everywhere
async def test_a_guest_sees_each_change_at_once(
    browser: Browser, second_browser: Browser, clock: MovedClock, made: list[str]
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "Kept", "First words")
    number = number_of(thread)
    is_one_node = browser.app is second_browser.app

    async def page() -> str:
        if not is_one_node:
            clock.ahead_ms += _A_WHILE_MS
        response = await second_browser.open(thread)
        return await response.text() if response.status == 200 else str(response.status)

    async def check_kept() -> None:
        before = await page()
        made.clear()
        assert await page() == before
        assert made == [], "a page that still holds was made again"

    assert "First words" in await page()
    await check_kept()
    seq = await reply_to(browser, thread, "An answer")
    assert "An answer" in await page()
    csrf = await browser.field("csrf", thread)
    for deed, gone in (("remove", True), ("restore", False)):
        response = await browser.post_form(f"/threads/{number}/posts/{seq}/{deed}", csrf=csrf)
        assert response.status == 303, await response.text()
        assert ("An answer" not in await page()) is gone
    edit = await browser.post_form(f"/threads/{number}/posts/1/edit", body="Better words", revision="1", csrf=csrf)
    assert edit.status == 303, await edit.text()
    edited = await page()
    assert "Better words" in edited
    assert "First words" not in edited
    await check_kept()
    # Whose name changes is called by the new one.
    changed = await browser.post_form(
        "/account", name="Countess Lovelace", csrf=await browser.field("csrf", "/account")
    )
    assert changed.status == 303, await changed.text()
    assert "Countess Lovelace" in await page()
    await set_board(browser, readers="members")
    assert await page() == "404"
    await set_board(browser, readers="everyone")
    assert "Better words" in await page()


@pytest.mark.everywhere
async def test_a_kept_page_is_the_guests_alone(browser: Browser, second_browser: Browser, made: list[str]) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await make_member(second_browser, "Grace", "grace@example.com")
    members = await (await browser.open(thread)).text()
    assert 'name="csrf"' in members
    guests = await second_browser.open(thread)
    text = await guests.text()
    assert 'name="csrf"' not in text
    assert "Set-Cookie" not in guests.headers
    made.clear()
    assert await (await second_browser.open(thread)).text() == text
    assert made == []
    await sign_in_as(second_browser, "grace@example.com")
    own = await second_browser.open(thread)
    assert 'name="csrf"' in await own.text()
    assert own.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in own.headers
    # What is told once is told on a page of its own.
    csrf = await second_browser.field("csrf", thread)
    await second_browser.post_form("/sign-out", csrf=csrf)
    assert "You are signed out." in await (await second_browser.open(thread)).text()
    assert await (await second_browser.open(thread)).text() == text


async def test_a_browser_that_has_the_page_is_told_so(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    first = await second_browser.open(thread)
    mark = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Encoding"} <= set(first.headers["Vary"].split(", "))
    again = await second_browser.open(thread, headers={"If-None-Match": mark})
    assert again.status == 304
    assert await again.read() == b""
    head = await second_browser.client.head(thread, headers={"Accept-Encoding": "identity"})
    assert int(head.headers["Content-Length"]) == len(await first.read())
    assert head.headers["ETag"] == mark
    await reply_to(browser, thread, "More")
    assert (await second_browser.open(thread, headers={"If-None-Match": mark})).status == 200


async def test_a_page_in_another_language_is_another_page(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    texts = [
        await (await second_browser.open(thread, headers={"Accept-Language": tag})).text() for tag in ("en", "de", "en")
    ]
    assert ['lang="en"' in texts[0], 'lang="de"' in texts[1], texts[2] == texts[0]] == [True, True, True]
    chosen = await second_browser.open("/language", headers={"Referer": f"http://localhost:8080{thread}"})
    assert f'name="here" value="{thread}"' in await chosen.text()


async def test_s4_11_the_page_of_a_guest_weighs_little(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    words = " ".join(f"word{number * 7919 % 1000}" for number in range(60))
    await lay_out_thread(browser, thread, Long(replies=19, body=f"{words}\n\n- one *point*\n- `another`"))
    response = await second_browser.client.get(
        thread, headers={"Accept-Encoding": "gzip", "Accept": "text/html"}, auto_decompress=False
    )
    packed = await response.read()
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed).count(b"<article") == 20
    assert len(packed) <= 20_000


@pytest.mark.everywhere
async def test_whoever_was_told_of_a_change_gets_it_from_every_node_at_once(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    assert (await second_browser.open(thread)).status == 200
    for n in range(3):
        await reply_to(browser, thread, f"Answer {n}")
        # As the script of a page asks, which was told by the other node.
        fresh = await second_browser.open(thread, headers={"Cache-Control": "no-cache"})
        assert f"Answer {n}" in await fresh.text()
