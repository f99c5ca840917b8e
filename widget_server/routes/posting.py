"""Writing into the community: beginning a thread, and answering (S4.04, S4.06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions.boards import KnownBoard, access_board
from widget_server.actions.changes import access_post
from widget_server.actions.drafts import do_keep_draft, new_thread, read_draft, read_to_answer, reply_in
from widget_server.actions.holds import Held, check_may_post
from widget_server.actions.polls import NewPoll, check_choices, check_days, check_options, check_question
from widget_server.actions.posts import Reply, check_reply, do_reply
from widget_server.actions.silences import check_not_silenced
from widget_server.actions.threads import (
    Opening,
    Thread,
    access_thread,
    can_write,
    check_title,
    do_begin_thread,
)
from widget_server.core.addressing import quotation
from widget_server.core.boards import can_begin
from widget_server.core.errors import ProductError, Refused, TryLater, Unacceptable
from widget_server.core.ids import is_uuid
from widget_server.core.permissions import Permission, may
from widget_server.core.tags import check_tags
from widget_server.routes.attaching import MEGABYTES, attached_in
from widget_server.routes.desk import DESK
from widget_server.routes.preview import source_in, with_preview
from widget_server.routes.unsent import forget_unsent, kept_for_later, unsent
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from widget_server.actions.threads import Kind
    from widget_server.store.database import Transaction

pages = Pages()

_BEGIN: Final = "/boards/{board}/begin"
_REPLY: Final = r"/threads/{number:\d{1,12}}/reply"


@pages.get(_BEGIN, signed_in_people)
async def show_form(visit: Visit) -> web.Response:
    """The form for a new thread, with what was typed into it before."""
    place = new_thread(visit.request.match_info["board"])
    board, kept = await _board(visit, place)
    visit.form.values |= kept
    return visit.page("thread_new", **_of_board(visit, board))


async def show_form_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed; whoever is signed out is led to sign in first, and it is kept."""
    slug = visit.request.match_info["board"]
    if (response := kept_for_later(visit, new_thread(slug), f"/boards/{slug}/begin")) is not None:
        return response
    board, _ = await _board(visit, new_thread(slug))
    return visit.refused("thread_new", error, **_of_board(visit, board))


def _of_board(visit: Visit, board: KnownBoard) -> dict[str, Any]:
    return {"board": board, "client_id": client_id_of(visit), "place": new_thread(board.slug)}


@pages.post(_BEGIN, everybody, again=show_form_again, megabytes=MEGABYTES)
async def begin(visit: Visit) -> web.Response:
    """Begin a thread."""
    slug = visit.request.match_info["board"]
    place = new_thread(slug)
    if (response := kept_for_later(visit, place, f"/boards/{slug}/begin")) is not None:
        return response
    visit.office.check_may_write(visit.request, visit.account)
    if "keep" in visit.form:
        return await _keep(visit, place)
    files = await attached_in(visit)
    if (shown := await with_preview(visit, show_form_again)) is not None:
        return shown
    opening = await _opening(visit, files)
    if opening is None:
        return await show_form_again(visit)
    check_rate(visit)
    begun = await do_begin_thread(visit.office.engine, visit.account, slug, opening, client_id_of(visit))
    response = _told_of_hold(visit, f"/boards/{slug}") if isinstance(begun, Held) else visit.go(begun.path)
    forget_unsent(visit, response)
    return response


async def _opening(visit: Visit, files: tuple[str, ...] | None) -> Opening | None:
    form = visit.form
    title = form.check("title", check_title)
    tags = form.check("tags", check_tags)
    poll = _poll(visit)
    source = await source_in(visit, required=files == ())
    if title is None or tags is None or source is None or files is None or not form.is_good:
        return None
    return Opening(title, kind_in(visit), source, tags, poll, files)


def kind_in(visit: Visit) -> Kind:
    """The kind of thread that a form chose."""
    return "question" if visit.form["kind"] == "question" else "discussion"


def _poll(visit: Visit) -> NewPoll | None:
    """The poll that a form asks for; what is wrong with it is kept by the form."""
    form = visit.form
    question = form.check("poll_question", check_question)
    if not question and not form["poll_options"].strip():
        return None
    if question == "":
        form.refuse("poll_question", Unacceptable("line_empty"))
    options = form.check("poll_options", check_options)
    days = form.check("poll_days", check_days)
    choices = form.check("poll_choices", check_choices, options=len(options)) if options else None
    if not question or options is None or choices is None:
        return None
    return NewPoll(question, options, choices, days)


@pages.get(_REPLY, signed_in_people)
async def show_reply_form(visit: Visit) -> web.Response:
    """The form of an answer on a page of its own."""
    asked = _asked(visit.request.query.get("to", ""))

    async def read(tx: Transaction) -> tuple[Thread, Mapping[str, str]]:
        thread = await access_thread(tx, visit.reader, _number(visit))
        check_reply(visit.actor, thread)
        await check_may_post(tx, visit.account, thread.board, "", visit.office.now_ms())
        return thread, await _begun(tx, visit, reply_in(thread.number))

    visit.office.check_may_write(visit.request, visit.account)
    thread, kept = await visit.office.engine.database.read(read)
    visit.form.values |= kept
    if asked is not None:
        visit.form.values["parent"] = str(asked)
    return visit.page("reply", **_of_thread(visit, thread))


async def show_reply_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed; whoever is signed out is led to sign in first, and it is kept."""
    number = _number(visit)
    if (response := kept_for_later(visit, reply_in(number), f"/threads/{number}/reply")) is not None:
        return response
    thread = await visit.office.engine.database.read(lambda tx: access_thread(tx, visit.reader, number))
    return visit.refused("reply", error, **_of_thread(visit, thread))


def _of_thread(visit: Visit, thread: Thread) -> dict[str, Any]:
    parent = _asked(visit.form["parent"]) or 1
    answer = Answer(thread.number, parent, visit.form["body"], client_id_of(visit))
    return {"thread": thread, "answer": answer}


@pages.post(_REPLY, everybody, again=show_reply_again, megabytes=MEGABYTES)
async def reply(visit: Visit) -> web.Response:
    """Answer in a thread."""
    number = _number(visit)
    place = reply_in(number)
    if (response := kept_for_later(visit, place, f"/threads/{number}/reply")) is not None:
        return response
    visit.office.check_may_write(visit.request, visit.account)
    if "keep" in visit.form:
        return await _keep(visit, place)
    files = await attached_in(visit)
    if (shown := await with_preview(visit, show_reply_again)) is not None:
        return shown
    source = await source_in(visit, required=files == ())
    parent = _asked(visit.form["parent"] or "1")
    if source is None or parent is None or files is None:
        return await show_reply_again(visit, None if parent else Unacceptable("no_such_post"))
    written = Reply(parent, source, files)
    check_rate(visit)
    done = await do_reply(visit.office.engine, visit.account, number, written, client_id_of(visit))
    if isinstance(done, Held):
        response = _told_of_hold(visit, f"/threads/{number}")
    else:
        response = visit.go(f"/threads/{done.thread.number}/{done.seq}")
    forget_unsent(visit, response)
    return response


def _told_of_hold(visit: Visit, path: str) -> web.Response:
    return visit.go(
        path,
        visit.text(
            "Your post waits for a moderator. You are told when it is there, and find it under My waiting posts."
        ),
        kind="info",
    )


async def _keep(visit: Visit, place: str) -> web.Response:
    """Keep what was typed, on the server."""
    await do_keep_draft(visit.office.engine, visit.account.person_id, place, visit.form.values)
    response = visit.go("/drafts", visit.text("Draft kept."))
    forget_unsent(visit, response)
    return response


class Answer(NamedTuple):
    """The form of an answer, as a page shows it."""

    number: int
    """The thread's."""
    parent: int
    body: str
    client_id: str
    under: int | None = None
    """The post under which a thread's page shows it; None: at its end."""

    @property
    def place(self) -> str:
        """Where its draft stands."""
        return reply_in(self.number)


async def read_answer(tx: Transaction, visit: Visit, thread: Thread) -> Answer | None:
    """Return the form that a thread's page shows, with what was begun before; None to whoever may not answer.

    Why somebody may not who could otherwise (a ban, a silence) is kept by the visit's form.

    It stands under the post that ``?reply=`` names (S4.07), or ``?quote=``, with whose text it begins; else at the end.
    """
    if not can_write(visit.reader, thread):
        return None
    place, person_id = reply_in(thread.number), visit.account.person_id
    may_be_silenced, draft = await read_to_answer(tx, person_id, place)
    try:
        visit.office.check_may_write(visit.request, visit.account)
        if may_be_silenced and not may(visit.reader, Permission.MODERATE):
            await check_not_silenced(tx, person_id, thread.board.id, visit.office.now_ms())
    except Refused as error:
        visit.form.refuse("", error)
        return None
    query = visit.request.query
    quoted = _asked(query.get("quote", ""))
    under = quoted or _asked(query.get("reply", ""))
    begun = unsent(visit, place) or ({} if draft is None else draft.fields)
    body, parent = begun.get("body", ""), _asked(begun.get("parent", "")) or 1
    if quoted is not None:
        post = await access_post(tx, thread, quoted)
        address = visit.office.addresses.path(f"/threads/{thread.number}/{quoted}")
        if post.removed_at is None:
            body = (f"{body}\n\n" if body else "") + quotation(post.body, str(post.row[3] or ""), address)
    return Answer(thread.number, under or parent, body, client_id_of(visit), under)


async def _begun(tx: Transaction, visit: Visit, place: str) -> Mapping[str, str]:
    """What was typed into a form before: kept while signing in, else as a draft."""
    if kept := unsent(visit, place):
        return kept
    draft = await read_draft(tx, visit.account.person_id, place)
    return {} if draft is None else draft.fields


def check_rate(visit: Visit) -> None:
    """Count a post. Raises ``TryLater``: ``rate_limited``, with when to come back."""
    wait = visit.request.app[DESK].limits.member(visit.account.public_id)
    if wait is not None:
        raise TryLater("rate_limited", wait)


async def _board(visit: Visit, place: str) -> tuple[KnownBoard, Mapping[str, str]]:
    """The board, for whoever may begin a thread there, and what was begun.

    Raises:
        Refused: ``not_found``, ``not_allowed``, ``banned``; what :func:`check_may_post` refuses.
    """
    slug = visit.request.match_info["board"]

    async def read(tx: Transaction) -> tuple[KnownBoard, Mapping[str, str]]:
        board = await access_board(tx, visit.reader, slug)
        if not can_begin(visit.actor, board.rule):
            raise Refused("not_allowed")
        await check_may_post(tx, visit.account, board, "", visit.office.now_ms())
        return board, await _begun(tx, visit, place)

    visit.office.check_may_write(visit.request, visit.account)
    return await visit.office.engine.database.read(read)


def _number(visit: Visit) -> int:
    return int(visit.request.match_info["number"])


def _asked(text: str) -> int | None:
    """The place of a post that an address or a form names."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 and int(text) > 0 else None


def client_id_of(visit: Visit) -> str:
    """The key that makes a form harmless to send twice; of one whose key is none, a fresh one."""
    typed = visit.form["client_id"]
    return typed if is_uuid(typed) else visit.office.engine.clock.uuid()
