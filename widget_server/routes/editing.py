"""Changing what was posted, by its author or a moderator: edit, history, removal, title, answer (S0.07)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.drafts import do_keep_draft, edit_of, read_draft
from widget_server.actions.edits import Edit, Edited, do_edit_post, do_take_back, read_history, read_to_edit
from widget_server.actions.removals import check_removal_reason, do_remove_post, do_restore_post, read_to_remove
from widget_server.actions.thread_facts import Facts, do_accept, do_change_thread, read_facts
from widget_server.actions.threads import Thread, check_title
from widget_server.core.differences import differences
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.tags import check_tags
from widget_server.routes.posting import check_rate, kind_in
from widget_server.routes.preview import MEGABYTES, source_in, with_preview
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.drafts import Draft
    from widget_server.store.database import Transaction

pages = Pages()

_THREAD: Final = r"/threads/{number:\d{1,12}}"
_POST: Final = _THREAD + r"/posts/{seq:\d{1,12}}"


@pages.get(f"{_POST}/edit", signed_in_people)
async def show_edit(visit: Visit) -> web.Response:
    """The form with the post's text, or with what was begun before."""
    number, seq = _place(visit)

    async def read(tx: Transaction) -> tuple[Edited, Draft | None]:
        post = await read_to_edit(tx, visit.actor, number, seq)
        return post, await read_draft(tx, visit.account.person_id, edit_of(number, seq))

    post, draft = await visit.office.engine.database.read(read)
    if draft is not None:
        visit.form.values |= {"body": draft.body}
    return visit.page("post_edit", post=post, place=edit_of(number, seq), pieces=None)


async def show_edit_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed, and how it differs from what is there now if that has changed."""
    number, seq = _place(visit)
    post = await visit.office.engine.database.read(lambda tx: read_to_edit(tx, visit.actor, number, seq))
    is_conflict = error is not None and error.name == "edit_conflict"
    pieces = differences(post.body, visit.form["body"]) if is_conflict else None
    return visit.refused("post_edit", error, post=post, place=edit_of(number, seq), pieces=pieces)


@pages.post(f"{_POST}/edit", signed_in_people, again=show_edit_again, megabytes=MEGABYTES)
async def edit(visit: Visit) -> web.Response:
    """Give the post another text."""
    number, seq = _place(visit)
    if "keep" in visit.form:
        await do_keep_draft(visit.office.engine, visit.account.person_id, edit_of(number, seq), visit.form.values)
        return visit.go("/drafts", visit.text("Draft kept."))
    if (shown := await with_preview(visit, show_edit_again)) is not None:
        return shown
    source = await source_in(visit)
    if source is None:
        return await show_edit_again(visit)
    check_rate(visit)
    change = Edit(source, _revision(visit, "revision"))
    edited = await do_edit_post(visit.office.engine, visit.account, number, seq, change)
    return _to_post(visit, edited.thread, seq, visit.text("Post saved."))


@pages.get(f"{_POST}/history", signed_in_people)
async def show_history(visit: Visit) -> web.Response:
    """The texts that the post had, each with how it differs from the one before."""
    return visit.page("post_history", **await _versions(visit))


async def _versions(visit: Visit) -> dict[str, Any]:
    number, seq = _place(visit)
    before = _asked(visit.request.query.get("before", ""))
    history = await visit.office.engine.database.read(lambda tx: read_history(tx, visit.actor, number, seq, before))
    shown = history.compared()
    older = shown[-1][0].revision if history.more and shown else None
    return {"history": history, "shown": shown, "older": older}


async def show_history_again(visit: Visit, error: ProductError) -> web.Response:
    """The texts, and what was wrong."""
    return visit.refused("post_history", error, **await _versions(visit))


@pages.post(f"{_POST}/history", signed_in_people, again=show_history_again)
async def take_back(visit: Visit) -> web.Response:
    """Give the post the text again that it had: an edit as any other."""
    number, seq = _place(visit)
    check_rate(visit)
    wanted, makes = _revision(visit, "version"), _revision(visit, "revision")
    edited = await do_take_back(visit.office.engine, visit.account, number, seq, wanted, makes)
    return _to_post(visit, edited.thread, seq, visit.text("Post saved."))


@pages.get(f"{_POST}/remove", signed_in_people)
async def show_remove(visit: Visit) -> web.Response:
    """Ask once more, and say what becomes of the replies."""
    return visit.page("post_remove", **await _to_remove(visit))


async def show_remove_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The question again, and what was wrong."""
    return visit.refused("post_remove", error, **await _to_remove(visit))


async def _to_remove(visit: Visit) -> dict[str, Any]:
    number, seq = _place(visit)
    asked = await visit.office.engine.database.read(lambda tx: read_to_remove(tx, visit.actor, number, seq))
    return asked._asdict()


@pages.post(f"{_POST}/remove", signed_in_people, again=show_remove_again)
async def remove(visit: Visit) -> web.Response:
    """Take the post away."""
    number, seq = _place(visit)
    reason = visit.form.check("reason", check_removal_reason)
    if reason is None:
        return await show_remove_again(visit)
    removal = await do_remove_post(visit.office.engine, visit.actor, number, seq, reason=reason)
    said = (
        visit.text("Thread removed. Undo it below.") if removal.is_whole else visit.text("Post removed. Undo it below.")
    )
    return _to_post(visit, removal.thread, seq, said)


@pages.post(f"{_POST}/restore", signed_in_people)
async def restore(visit: Visit) -> web.Response:
    """Bring the post back."""
    number, seq = _place(visit)
    removal = await do_restore_post(visit.office.engine, visit.actor, number, seq)
    said = visit.text("Thread restored.") if removal.is_whole else visit.text("Post restored.")
    return _to_post(visit, removal.thread, seq, said)


@pages.post(f"{_POST}/accept", signed_in_people)
async def accept(visit: Visit) -> web.Response:
    """Say that this reply is the answer, or is not."""
    number, seq = _place(visit)
    wanted = None if visit.form["accepted"] == "no" else seq
    thread = await do_accept(visit.office.engine, visit.account, number, wanted)
    said = visit.text("Answer accepted.") if wanted else visit.text("The question is open again.")
    return _to_post(visit, thread, seq, said)


@pages.get(f"{_THREAD}/edit", signed_in_people)
async def show_facts(visit: Visit) -> web.Response:
    """The form with the title, the kind and the tags."""
    thread, facts = await _facts(visit)
    return visit.page("thread_edit", thread=thread, facts=facts)


async def show_facts_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    thread, facts = await _facts(visit)
    return visit.refused("thread_edit", error, thread=thread, facts=facts)


async def _facts(visit: Visit) -> tuple[Thread, Facts]:
    number = int(visit.request.match_info["number"])
    return await visit.office.engine.database.read(lambda tx: read_facts(tx, visit.actor, number))


@pages.post(f"{_THREAD}/edit", signed_in_people, again=show_facts_again)
async def change_facts(visit: Visit) -> web.Response:
    """Set title, kind and tags."""
    title = visit.form.check("title", check_title)
    tags = visit.form.check("tags", check_tags)
    if title is None or tags is None:
        return await show_facts_again(visit)
    number = int(visit.request.match_info["number"])
    thread = await do_change_thread(visit.office.engine, visit.account, number, Facts(title, kind_in(visit), tags))
    return visit.go(thread.path, visit.text("Thread saved."))


def _place(visit: Visit) -> tuple[int, int]:
    return int(visit.request.match_info["number"]), int(visit.request.match_info["seq"])


def _to_post(visit: Visit, thread: Thread, seq: int, notice: str) -> web.Response:
    path = thread.path if seq == 1 else f"/threads/{thread.number}/{seq}"
    return visit.go(path, notice)


def _asked(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _revision(visit: Visit, field: str) -> int:
    """A revision that a form names.

    Raises:
        Unacceptable: ``bad_value``.
    """
    revision = _asked(visit.form[field])
    if revision is None:
        raise Unacceptable("bad_value", field=field)
    return revision
