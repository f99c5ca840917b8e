"""Posts of a thread by themselves, as its page shows them: what an open page puts in when it hears of them (S0.04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.reading import Post, Reading, complete, find_post, page_of, read_thread
from widget_server.actions.threads import PAGE
from widget_server.routes.threads import posts_context, see_told
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from widget_server.store.database import Transaction

pages = Pages()

_SEQ_DIGITS = 9


@pages.get(r"/threads/{number:\d{1,12}}/posts", everybody)
async def show_newer(visit: Visit) -> web.Response:
    """The posts behind ``after``, of a thread that is read in one line: as many as a page has."""
    text = visit.request.query.get("after", "0")
    after = int(text) if text.isascii() and text.isdigit() and len(text) <= _SEQ_DIGITS else 0

    async def read(tx: Transaction) -> Reading:
        page = page_of(after + 1)
        reading = await read_thread(tx, visit.reader, _number(visit), page)
        if reading.has_more:
            reading.posts += (await read_thread(tx, visit.reader, _number(visit), page + 1)).posts
        return reading

    found = await visit.office.engine.database.read(read)
    await complete(visit.office.engine, found)
    return await _show(visit, found, lambda post: after < post.seq <= after + PAGE)


@pages.get(r"/threads/{number:\d{1,12}}/posts/{seq:\d{1,9}}", everybody)
async def show_one(visit: Visit) -> web.Response:
    """One post without those that answer it."""
    seq = int(visit.request.match_info["seq"])

    async def read(tx: Transaction) -> Reading:
        spot = await find_post(tx, visit.reader, _number(visit), seq)
        return await read_thread(tx, visit.reader, _number(visit), spot.page, branch=spot.branch)

    found = await visit.office.engine.database.read(read)
    await complete(visit.office.engine, found)
    return await _show(visit, found, lambda post: post.seq == seq)


def _number(visit: Visit) -> int:
    return int(visit.request.match_info["number"])


async def _show(visit: Visit, reading: Reading, wanted: Callable[[Post], bool]) -> web.Response:
    reading.posts = [post for post in reading.shown if wanted(post)]
    for post in reading.posts:
        post.replies = post.closes = 0
    number = reading.thread.number
    own_path = f"/threads/{number}/branch/{reading.branch}" if reading.branch else reading.thread.path
    await see_told(visit, reading, reading.posts)
    # The form of an answer is the page's own, and is left alone.
    return visit.page("thread_posts", **posts_context(visit, reading, own_path, None))
