"""What members are told: of answers, quotes and mentions, each once, and nobody of what they may not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.conftest import make_member, sign_in_as, text_of
from tests.routes.threads import set_board

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


async def told(browser: Browser) -> list[str]:
    """What a member's page says that they were told, without what stands around it."""
    text = await text_of(browser, "/notices")
    rows = re.findall(r'((?:<span class="badge">New</span>\s*)?<a href="/notices/\d+">.*?</a>)', text, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)).strip() for row in rows]


def unseen(text: str) -> str:
    """The number beside the menu's entry."""
    found = re.search(r"data-notices[^>]*>[^<]*(?:<span class=\"badge\">([^<]*)</span>)?", text)
    assert found
    return found[1] or ""


@pytest.mark.everywhere
async def test_s27_who_is_answered_quoted_and_named_is_told_once_for_each_post(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await make_member(browser, "Bea Lang", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    thread = await begin_thread(browser, board, "Leaves", "What says @[bea lang]?")
    number = number_of(thread)
    await reply_to(browser, thread, "And `@[Bea Lang]` in code, bea@[Bea Lang].example, and @nobody.")
    assert await told(second_browser) == ["New Ada Byron named you in “Leaves”"]
    assert '<a href="/members/' in await text_of(browser, thread)
    answer = await reply_to(second_browser, thread, "@[Ada Byron], too much water.")
    quote = f"> [Bea Lang](/threads/{number}/{answer}):\n>\n> Too much\n\nHow much, @[Bea Lang]?"
    await reply_to(browser, thread, quote)
    await reply_to(second_browser, thread, "Half.", parent=2)
    assert await told(browser) == ["New Bea Lang replied to you in “Leaves”"] * 2
    assert await told(second_browser) == [
        "New Ada Byron quoted you in “Leaves”", "New Ada Byron named you in “Leaves”",
    ]  # fmt: skip
    # An edit tells whom it names anew, and nobody twice.
    csrf = await browser.field("csrf", "/members")
    edit = f"/threads/{number}/posts/2/edit"
    for revision in ("1", "2"):
        await browser.post_form(edit, csrf=csrf, body=f"Now @[Bea Lang] {revision}", revision=revision)
    assert (await told(second_browser)).count("New Ada Byron named you in “Leaves”") == 2
    # Opened is seen; the rest at once.
    text = await text_of(second_browser, "/notices")
    assert unseen(text) == "3"
    first = re.search(r"/notices/(\d+)", text)
    assert first
    opened = await second_browser.open(first[0])
    assert opened.headers["Location"] == f"/threads/{number}/2"
    assert unseen(await text_of(second_browser, "/members")) == "2"
    await second_browser.post_form("/notices", csrf=await second_browser.field("csrf", "/members"))
    assert unseen(await text_of(second_browser, "/members")) == ""
    assert not any(row.startswith("New") for row in await told(second_browser))


@pytest.mark.everywhere
async def test_s06_nobody_is_told_of_what_they_may_not_read_or_by_whom_they_ignore(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    bea = await make_member(browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    thread = await begin_thread(browser, board, "Leaves")
    await reply_to(browser, thread, "@Bea reads this.")
    await set_board(browser, readers="moderators")
    await reply_to(browser, thread, "@Bea does not read this.")
    assert await told(second_browser) == [], "nor what she was told before of this board"
    await set_board(browser, readers="everyone")
    assert len(await told(second_browser)) == 1
    csrf = await browser.field("csrf", "/members")
    ignored = await browser.post_form(f"/members/{bea.public_id}/ignore", csrf=csrf)
    assert ignored.status == 303
    await reply_to(second_browser, thread, "@[Ada Byron] hears nothing of this.")
    await reply_to(browser, thread, "And @Bea nothing of Ada.")
    assert await told(browser) == []
    assert len(await told(second_browser)) == 1
