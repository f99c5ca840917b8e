"""What a page of a thread takes: as many statements and bytes whatever the thread's length and depth (S4.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of
from tests.routes.reads import Reads
from tests.routes.threads import Long, lay_out_thread, set_board, shown_posts

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

_MOST = 6
"""Statements of a page, with those that find out who reads it."""
_BYTES = 60_000
"""Of a page of 20 ordinary posts as a member gets it, before any compression."""


@pytest.mark.only("sqlite", "postgresql")
@pytest.mark.parametrize("layout", ["linear", "nested"])
async def test_s4_11_a_page_takes_as_much_of_ten_thousand_replies_as_of_twenty(
    browser: Browser, second_browser: Browser, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    board = await member_with_board(browser)
    await set_board(browser, layout=layout)
    few, many, deep = [await begin_thread(browser, board, title) for title in ("Few", "Many", "Deep")]
    await lay_out_thread(browser, few, Long(replies=19))
    await lay_out_thread(browser, many, Long(replies=10_000, depth=3))
    await lay_out_thread(browser, deep, Long(replies=1_000, depth=1_000))
    pages = [few, many, f"{many}?page=500", deep]
    if layout == "nested":
        pages += [f"/threads/{number_of(deep)}/branch/{seq}" for seq in (9, 993)]
    reads = Reads(monkeypatch)
    for visitor, most in ((second_browser, 3), (browser, _MOST)):
        taken = {page: await reads.of(visitor, page, most) for page in pages}
        assert {page: list(view.own) for page, view in taken.items() if view.statements > most} == {}
        sizes = {page: len(view.text) for page, view in taken.items()}
        assert max(sizes.values()) < min(_BYTES, 1.4 * sizes[few]), sizes
    # And nothing is left out on the way down.
    if layout == "nested":
        seen = [1]
        address = deep
        while address:
            text = await (await second_browser.open(address)).text()
            seen += [seq for seq in shown_posts(text) if seq not in seen]
            address = f"/threads/{number_of(deep)}/branch/{seen[-1]}" if "/branch/" in text and len(seen) < 60 else ""
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) >= 60
