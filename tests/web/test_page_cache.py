"""What is kept is bounded, and never older than what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from sqlalchemy import bindparam, insert

from widget_server.actions.community import Community
from widget_server.actions.engine import Clock
from widget_server.store.statement import Statement
from widget_server.store.tables import board
from widget_server.web.page_cache import BOARDS, Kept, PageCache

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction
    from widget_server.web.page_cache import Made

_COMMUNITY = Community()
_b = bindparam
_INSERT = Statement(
    insert(board).values(
        public_id=_b("name"),
        slug=_b("name"),
        name=_b("name"),
        folded_name=_b("name"),
        created_at=_b("now"),
        stamp=_b("stamp"),
    )
)


def page(*made_of: Made, size: int = 1_000) -> Kept:
    """A page that shows these."""
    body = b"x" * size
    return Kept(web.Response(body=body), body, made_of, _COMMUNITY, Clock().monotonic_ms() + 60_000)


async def open_board(database: Database, name: str) -> None:
    """Change what is shown, as anybody may."""

    async def write(tx: Transaction) -> None:
        await tx.run(_INSERT, name=name, now=1, stamp=await tx.stamp())

    await database.write(write)


@pytest.mark.only("sqlite")
async def test_the_memory_of_pages_is_bounded_and_the_last_used_stay(database: Database) -> None:
    pages = PageCache(database, Clock(), max_bytes=40_000)
    await pages.look()
    for number in range(100):
        pages.keep(number, page(("thread", number)), pages.turn)
        assert pages.get(0, _COMMUNITY) is not None
    assert 5 < len(pages) < 20
    assert pages.get(1, _COMMUNITY) is None
    pages.keep("large", page(BOARDS, size=100_000), pages.turn)
    assert pages.get("large", _COMMUNITY) is None


async def test_a_page_goes_with_what_it_was_made_of_and_no_other(database: Database) -> None:
    pages = PageCache(database, Clock(), max_bytes=1_000_000)
    await pages.look()
    for made_of in (("board", 1), ("board", 2), BOARDS, ("thread", 1)):
        pages.keep(made_of, page(made_of), pages.turn)
    await open_board(database, "first")
    await pages.look()
    left = [made for made in (("board", 1), ("board", 2), BOARDS, ("thread", 1)) if pages.get(made, _COMMUNITY)]
    assert left == [("board", 2), ("thread", 1)]
    assert pages.get(("thread", 1), Community(name="Another")) is None


async def test_a_page_that_was_begun_before_a_change_is_not_kept(database: Database) -> None:
    pages = PageCache(database, Clock(), max_bytes=1_000_000)
    await pages.look()
    turn = pages.turn
    await open_board(database, "first")
    # Somebody else's request finds out meanwhile.
    await pages.look()
    pages.keep("late", page(("board", 1)), turn)
    assert pages.get("late", _COMMUNITY) is None
