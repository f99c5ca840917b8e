"""What moderators do with a thread, on a page of its own: forms that work without a script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.boards import access_boards
from widget_server.actions.moderation import (
    access_moderated,
    check_pin_days,
    do_lock,
    do_move,
    do_pin,
    do_remove_thread,
    do_restore_thread,
)
from widget_server.actions.relocation import check_chosen, do_merge, do_split, list_splittable
from widget_server.actions.threads import Thread, check_title
from widget_server.core.boards import can_moderate
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.permissions import Permission, may
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.boards import KnownBoard
    from widget_server.store.database import Transaction

pages = Pages()
_THREAD: Final = r"/threads/{number:\d{1,12}}"


def number_of(visit: Visit) -> int:
    """The number of the thread in the address."""
    return int(visit.request.match_info["number"])


@pages.get(f"{_THREAD}/moderate", signed_in_people)
async def show_deeds(visit: Visit) -> web.Response:
    """Everything that a moderator may do with a thread."""
    return visit.page("thread_moderate", **await _shown(visit))


async def show_deeds_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The page with what was typed, and what is wrong with it."""
    return visit.refused("thread_moderate", error, **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    actor = visit.actor

    async def read(tx: Transaction) -> tuple[Thread, list[KnownBoard]]:
        return await access_moderated(tx, actor, number_of(visit)), await access_boards(tx, actor)

    thread, boards = await visit.office.engine.database.read(read)
    return {
        "thread": thread,
        "boards": {board.slug: board.name for board in boards if can_moderate(actor, board.id)},
        "may_pin_everywhere": may(actor, Permission.MODERATE),
    }


def _back(visit: Visit, thread: Thread, notice: str) -> web.Response:
    return visit.go(thread.path, notice)


@pages.post(f"{_THREAD}/pin", signed_in_people, again=show_deeds_again)
async def pin(visit: Visit) -> web.Response:
    """Let a thread stand above the others."""
    where = visit.form["where"]
    days = visit.form.check("days", check_pin_days)
    if where not in ("board", "everywhere"):
        visit.form.refuse("where", Unacceptable("bad_choice"))
    if not visit.form.is_good:
        return await show_deeds_again(visit)
    everywhere = where == "everywhere"
    thread = await do_pin(
        visit.office.engine, visit.actor, number_of(visit), "everywhere" if everywhere else "board", days=days
    )
    return _back(visit, thread, visit.text("Thread pinned everywhere.") if everywhere else visit.text("Thread pinned."))


@pages.post(f"{_THREAD}/unpin", signed_in_people)
async def unpin(visit: Visit) -> web.Response:
    """Let a thread stand among the others again."""
    thread = await do_pin(visit.office.engine, visit.actor, number_of(visit), None)
    return _back(visit, thread, visit.text("Thread unpinned."))


@pages.post(f"{_THREAD}/lock", signed_in_people)
async def lock(visit: Visit) -> web.Response:
    """Let nobody answer any more."""
    thread = await do_lock(visit.office.engine, visit.actor, number_of(visit), locked=True)
    return _back(visit, thread, visit.text("Thread locked."))


@pages.post(f"{_THREAD}/unlock", signed_in_people)
async def unlock(visit: Visit) -> web.Response:
    """Let everybody answer again."""
    thread = await do_lock(visit.office.engine, visit.actor, number_of(visit), locked=False)
    return _back(visit, thread, visit.text("Thread unlocked."))


@pages.post(f"{_THREAD}/move", signed_in_people, again=show_deeds_again)
async def move(visit: Visit) -> web.Response:
    """Move a thread to another board."""
    thread = await do_move(visit.office.engine, visit.actor, number_of(visit), visit.form["board"])
    return _back(visit, thread, visit.text("Thread moved to {board}.", board=thread.board.name))


@pages.post(f"{_THREAD}/remove", signed_in_people)
async def remove(visit: Visit) -> web.Response:
    """Take a thread away from everybody but its moderators."""
    thread = await do_remove_thread(visit.office.engine, visit.actor, number_of(visit))
    return _back(visit, thread, visit.text("Thread removed."))


@pages.post(f"{_THREAD}/restore", signed_in_people)
async def restore(visit: Visit) -> web.Response:
    """Bring a removed thread back."""
    thread = await do_restore_thread(visit.office.engine, visit.actor, number_of(visit))
    return _back(visit, thread, visit.text("Thread restored."))


@pages.get(f"{_THREAD}/split", signed_in_people)
async def show_split(visit: Visit) -> web.Response:
    """The posts of a thread, to choose those that become a thread of their own."""
    return visit.page("thread_split", **await _choices(visit))


async def show_split_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The posts with what was chosen."""
    return visit.refused("thread_split", error, **await _choices(visit))


async def _choices(visit: Visit) -> dict[str, Any]:
    after = visit.request.query.get("after", "1")
    found = await list_splittable(
        visit.office.engine.database,
        visit.actor,
        number_of(visit),
        int(after[:11]) if after.isascii() and after.isdigit() else 1,
    )
    return found._asdict()


@pages.post(f"{_THREAD}/split", signed_in_people, again=show_split_again)
async def split(visit: Visit) -> web.Response:
    """Make a thread of chosen posts."""
    title = visit.form.check("title", check_title)
    chosen = [name.removeprefix(_CHOSEN) for name in visit.form.values if name.startswith(_CHOSEN)]
    try:
        seqs = check_chosen(chosen, visit.form["posts"])
    except Unacceptable as error:
        visit.form.refuse("posts", error)
        return await show_split_again(visit)
    if title is None:
        return await show_split_again(visit)
    try:
        thread = await do_split(visit.office.engine, visit.actor, number_of(visit), seqs, title)
    except Unacceptable as error:
        visit.form.refuse("posts", error)
        return await show_split_again(visit)
    return _back(visit, thread, visit.text("The posts stand in a thread of their own now."))


_CHOSEN: Final = "post-"
"""How the name of a box begins that chooses a post."""
_NUMBER: Final = re.compile(r"(?:^|/threads/|/boards/[^/]+/)(\d{1,12})(?:[/?#].*)?$")
"""A thread, by its number or by one of its addresses."""


@pages.post(f"{_THREAD}/merge", signed_in_people, again=show_deeds_again)
async def merge(visit: Visit) -> web.Response:
    """Put all posts of a thread into another one."""
    into = _NUMBER.search(visit.form["into"].strip())
    # What is no thread is answered as the thread itself is.
    target = number_of(visit) if into is None else int(into[1])
    try:
        thread = await do_merge(visit.office.engine, visit.actor, number_of(visit), target)
    except Unacceptable as error:
        visit.form.refuse("into", error)
        return await show_deeds_again(visit)
    return _back(visit, thread, visit.text("The threads are merged."))
