"""Reading a thread: its posts, page by page (S4.05), and the addresses that lead to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from widget_server.actions.members import page_number
from widget_server.actions.notices import do_see_read
from widget_server.actions.reading import (
    Reading,
    Spot,
    complete,
    do_bookmark,
    do_see,
    find_last,
    find_post,
    find_unread,
    read_thread,
)
from widget_server.actions.relocation import find_forward
from widget_server.actions.threads import Thread, access_thread, can_write
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused
from widget_server.routes.about import about_thread
from widget_server.routes.posting import Answer, read_answer
from widget_server.routes.visit import Pages, Visit
from widget_server.web.page_cache import KEPT_MS
from widget_server.web.policies import everybody, signed_in_people
from widget_server.web.redirects import moved

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiohttp import web

    from widget_server.actions.reading import Post
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.web.page_cache import Made

    Find = Callable[[Transaction, Actor, int], Awaitable[Spot]]

pages = Pages()


@pages.get(r"/boards/{board}/{number:\d{1,12}}/{words}", everybody, kept=True)
async def show_thread(visit: Visit) -> web.Response:
    """One page of a thread, at the one address that it has now."""
    try:
        reading, answer = await _read(visit)
    except Refused as error:
        return await _follow(visit, error)
    thread, named = reading.thread, visit.request.match_info
    if named["board"] != thread.board.slug or named["words"] != thread.words:
        return _move(visit, thread)
    return await _show(visit, reading, answer, thread.path)


@pages.get(r"/boards/{board}/{number:\d{1,12}}", everybody)
async def find_words(visit: Visit) -> web.Response:
    """The address of a thread whose words were cut off."""
    try:
        return _move(visit, await _thread(visit))
    except Refused as error:
        return await _follow(visit, error)


@pages.get(r"/threads/{number:\d{1,12}}", everybody)
async def find_thread(visit: Visit) -> web.Response:
    """The short address of a thread."""
    try:
        return visit.go((await _thread(visit)).path)
    except Refused as error:
        return await _follow(visit, error)


@pages.get(r"/threads/{number:\d{1,12}}/branch/{seq:\d{1,9}}", everybody, kept=True)
async def show_branch(visit: Visit) -> web.Response:
    """One page of what stands deeper than a thread's own pages go."""
    branch = _seq(visit)
    reading, answer = await _read(visit, branch=branch)
    return await _show(visit, reading, answer, f"/threads/{reading.thread.number}/branch/{branch}")


@pages.get(r"/threads/{number:\d{1,12}}/{seq:\d{1,9}}", everybody)
async def find_one(visit: Visit) -> web.Response:
    """The address of a post, for good: it leads to the page that shows it now."""
    return await _find(visit, lambda tx, actor, number: find_post(tx, actor, number, _seq(visit)))


@pages.get(r"/threads/{number:\d{1,12}}/unread", everybody)
async def go_to_unread(visit: Visit) -> web.Response:
    """The first post that the reader has not seen."""
    return await _find(visit, find_unread)


@pages.get(r"/threads/{number:\d{1,12}}/last", everybody)
async def go_to_last(visit: Visit) -> web.Response:
    """The newest post."""
    return await _find(visit, find_last)


@pages.post(r"/threads/{number:\d{1,12}}/posts/{seq:\d{1,9}}/bookmark", signed_in_people)
async def bookmark(visit: Visit) -> web.Response:
    """Keep a post among one's bookmarks."""
    await do_bookmark(visit.office.engine, visit.actor, _number(visit), _seq(visit), keep=True)
    return visit.go(f"/threads/{_number(visit)}/{_seq(visit)}", visit.text("Bookmark kept."))


@pages.post(r"/threads/{number:\d{1,12}}/posts/{seq:\d{1,9}}/unbookmark", signed_in_people)
async def unbookmark(visit: Visit) -> web.Response:
    """Drop a bookmark."""
    await do_bookmark(visit.office.engine, visit.actor, _number(visit), _seq(visit), keep=False)
    return visit.go(f"/threads/{_number(visit)}/{_seq(visit)}", visit.text("Bookmark removed."))


def _number(visit: Visit) -> int:
    return int(visit.request.match_info["number"])


def _seq(visit: Visit) -> int:
    return int(visit.request.match_info["seq"])


async def _thread(visit: Visit) -> Thread:
    return await visit.office.engine.database.read(lambda tx: access_thread(tx, visit.reader, _number(visit)))


async def _read(visit: Visit, *, branch: int = 0) -> tuple[Reading, Answer | None]:
    page = page_number(visit.request.query.get("page", "1"))

    async def read(tx: Transaction) -> tuple[Reading, Answer | None]:
        reading = await read_thread(tx, visit.reader, _number(visit), page, branch=branch)
        return reading, await read_answer(tx, visit, reading.thread)

    reading, answer = await visit.office.engine.database.read(read)
    await complete(visit.office.engine, reading)
    return reading, answer


async def _follow(visit: Visit, error: Refused) -> web.Response:
    """Lead to the thread into which the one of the address was merged; raise ``error`` where there is none."""
    gone = await visit.office.engine.database.read(lambda tx: find_forward(tx, visit.reader, _number(visit)))
    if gone is None:
        raise error
    return visit.go(gone.thread.path)


async def _find(visit: Visit, find: Find) -> web.Response:
    spot = await visit.office.engine.database.read(lambda tx: find(tx, visit.reader, _number(visit)))
    return visit.go(spot.path)


def _move(visit: Visit, thread: Thread) -> web.Response:
    query = visit.request.query_string
    return moved(visit.office.addresses.path(thread.path) + (f"?{query}" if query else ""))


def _made_of(reading: Reading) -> Iterable[Made]:
    """All that a page shows: the thread, its board, and whoever wrote what stands there."""
    yield ("thread", reading.thread.channel_id)
    yield ("board", reading.thread.board.id)
    for author_id in {post.author_id for post in reading.shown}:
        yield ("person", author_id)
    if reading.accepted is not None:
        yield ("person", reading.accepted.author_id)


async def _show(visit: Visit, reading: Reading, answer: Answer | None, own_path: str) -> web.Response:
    facts = posts_context(visit, reading, own_path, answer)
    about = about_thread(visit.office.addresses, own_path, reading)
    poll, now = reading.poll, visit.office.now_ms()
    # The end of a poll is no change of the store: the page is not kept over it.
    ends_soon = poll is not None and poll.closes_at is not None and 0 <= poll.closes_at - now <= KEPT_MS
    response = visit.page("thread", made_of=None if ends_soon else _made_of(reading), about=about, **facts)
    # What a browser fetches in case somebody goes there, nobody has seen.
    if "prefetch" not in visit.request.headers.get("Sec-Purpose", ""):
        do_see(visit.office.engine, visit.reader, reading)
        await see_told(visit, reading, reading.shown, reading.seen_until)
    return response


async def see_told(visit: Visit, reading: Reading, shown: Iterable[Post], until: int = 0) -> None:
    """Mark as seen what the reader was told of the posts that are shown, and of all up to ``until``.

    Whoever has seen everything that they were told costs nothing.
    """
    if visit.signed_in is not None and visit.signed_in.is_complete and visit.signed_in.unseen:
        seqs = {post.seq for post in shown}
        await do_see_read(visit.office.engine, visit.reader, reading.thread.channel_id, until, seqs)


def posts_context(visit: Visit, reading: Reading, own_path: str, answer: Answer | None) -> dict[str, Any]:
    """Return what the templates of posts name, on a thread's page and where posts are shown by themselves."""
    thread, poll, path = reading.thread, reading.poll, visit.office.addresses.path
    may_reply = can_write(visit.reader, thread)
    is_closed = poll is not None and poll.closes_at is not None and poll.closes_at <= visit.office.now_ms()
    return {
        "thread": thread,
        "reading": reading,
        "address": path(own_path),
        "base_path": path(f"/threads/{thread.number}"),
        "epoch": visit.office.engine.epoch,
        "may_moderate": can_moderate(visit.reader, thread.board.id),
        "may_reply": may_reply,
        "answer": answer,
        "is_poll_closed": is_closed,
        "may_vote_in_poll": may_reply and not is_closed,
    }
