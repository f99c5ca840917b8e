"""Lists beside the front page's and a board's: a tag's threads, one's bookmarks; and taking threads for read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.boards import access_boards
from widget_server.actions.members import page_number
from widget_server.actions.reading_marks import do_mark_read
from widget_server.actions.thread_lists import Bookmark, Found, Wanted, find_bookmarks, find_threads
from widget_server.actions.threads import PAGE
from widget_server.actions.watching import find_tag_level
from widget_server.routes.about import about_list
from widget_server.routes.ordering import order_of, with_query
from widget_server.routes.visit import Pages, Visit
from widget_server.web.page_cache import LISTS
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.store.database import Transaction

pages = Pages()


@pages.get("/tags/{tag}", everybody, kept=True)
async def show_tag(visit: Visit) -> web.Response:
    """The threads that have a tag, on all boards that one may read."""
    reader, name = visit.reader, visit.request.match_info["tag"]
    order = order_of(visit.request.query)
    now = visit.office.now_ms()
    since = visit.account.created_at if reader.person_id else 0

    async def read(tx: Transaction) -> tuple[Found, str]:
        key, level = await find_tag_level(tx, reader, name)
        found = await find_threads(
            tx, reader, Wanted("tag", order.sort, order.page, key=key), now_ms=now, since_ms=since
        )
        return found, level

    found, level = await visit.office.engine.database.read(read)
    address = visit.office.addresses.path(visit.own_path)
    return visit.page(
        "tag",
        made_of=LISTS,
        about=about_list(
            visit.office.addresses,
            f"/tags/{name}",
            page=order.page,
            more=found.more,
            is_usual=bool(found.threads) and not order.query(),
            feed=f"/tags/{name}/feed.atom",
        ),
        tag=name,
        level=level,
        found=found,
        order=order,
        number=order.page,
        address=address,
        paged=with_query(address, order.query()),
    )


@pages.get("/bookmarks", signed_in_people)
async def show_bookmarks(visit: Visit) -> web.Response:
    """The posts that one keeps."""
    number = page_number(visit.request.query.get("page", "1"))

    async def read(tx: Transaction) -> list[Bookmark]:
        boards = await access_boards(tx, visit.actor)
        return await find_bookmarks(tx, visit.account.person_id, boards, page=number)

    rows = await visit.office.engine.database.read(read)
    address = visit.office.addresses.path("/bookmarks")
    return visit.page("bookmarks", bookmarks=rows[:PAGE], number=number, more=len(rows) > PAGE, address=address)


@pages.post("/read", signed_in_people)
async def mark_all_read(visit: Visit) -> web.Response:
    """Take everything for read."""
    await _mark(visit, None)
    return visit.go("/", visit.text("Everything is marked as read."))


@pages.post("/boards/{board}/read", signed_in_people)
async def mark_board_read(visit: Visit) -> web.Response:
    """Take a board for read."""
    slug = visit.request.match_info["board"]
    await _mark(visit, slug)
    return visit.go(f"/boards/{slug}", visit.text("The board is marked as read."))


async def _mark(visit: Visit, slug: str | None) -> None:
    at, now = visit.form["at"], visit.office.now_ms()
    until = int(at) if at.isascii() and at.isdigit() and len(at) < len(str(now)) + 1 else now
    await do_mark_read(visit.office.engine.database, visit.actor, slug, until, now_ms=now)
