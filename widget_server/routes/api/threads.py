"""Operations on threads. A token writes in the name of its person, with no more rights than its scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.holds import Held
from widget_server.actions.moderation import do_lock, do_pin
from widget_server.actions.rendering import source_of
from widget_server.actions.thread_facts import Facts, do_accept, do_change_thread
from widget_server.actions.thread_windows import Wanted, read_thread
from widget_server.actions.thread_windows import list_threads as read_threads
from widget_server.actions.threads import BODY_CHARS, Opening, check_title, do_begin_thread
from widget_server.core.scopes import Scope
from widget_server.core.tags import check_tags
from widget_server.core.times import iso
from widget_server.routes.api import community_models
from widget_server.routes.api.logs import BODIES
from widget_server.routes.api.operations import Call, Operations, Reply, given_of
from widget_server.routes.api.paging import cursor_of, pair_of

if TYPE_CHECKING:
    from widget_server.actions.thread_windows import ToldThread
    from widget_server.store.records import State

operations = Operations()
_ONE: Final = "/threads/{number}"
_PINNED: Final = {0: None, 1: "board", 2: "everywhere"}


@operations.add(
    "GET",
    "/threads",
    Scope.THREADS_READ,
    query=community_models.ThreadsQuery,
    answer=community_models.Threads,
    refusals=("not_found",),
)
async def list_threads(call: Call) -> Reply:
    """Threads of all boards, of one, with a tag, or by somebody; removed ones are in no list."""
    query: community_models.ThreadsQuery = call.query
    found = await read_threads(
        call.engine.database,
        call.program.actor,
        Wanted(query.sort, query.board, query.tag, query.author),
        after=pair_of(call, "threads"),
        limit=query.limit,
    )
    threads = [_state(call, each) for each in found.threads]
    return Reply({"threads": threads, "next": cursor_of(call, "threads", found.next)})


@operations.add("GET", _ONE, Scope.THREADS_READ, answer=community_models.Thread, refusals=("not_found",))
async def read_one_thread(call: Call) -> Reply:
    """One thread, by its number."""
    return await _told(call, call.number())


@operations.add(
    "POST",
    "/boards/{board}/threads",
    Scope.THREADS_WRITE,
    body=community_models.NewThread,
    answer=community_models.BegunThread,
    status=201,
    refusals=(
        "not_found", "not_allowed", "conflict", "banned", "no_such_file", *BODIES, "line_empty", "line_too_long",
        "bad_tag", "too_many_tags",
    ),
)  # fmt: skip
async def begin_thread(call: Call) -> Reply:
    """Begin a thread. Once for each ``client_id``, however often it is repeated."""
    body: community_models.NewThread = call.body
    tags = check_tags(" ".join(body.tags))
    title = check_title(body.title)
    source = await source_of(call.engine, body.body, BODY_CHARS, required=not body.files)
    opening = Opening(title, body.kind, source, tags, files=body.files)
    call.count_message()
    begun = await do_begin_thread(call.engine, call.program.member, call.part("board"), opening, body.client_id)
    if isinstance(begun, Held):
        return Reply({"thread": None, "held": begun.why})
    told = await read_thread(call.engine.database, call.program.actor, begun.number)
    return Reply({"thread": _state(call, told), "held": None})


@operations.add(
    "PATCH",
    _ONE,
    Scope.THREADS_WRITE,
    body=community_models.ThreadChange,
    answer=community_models.Thread,
    refusals=(
        "not_found", "not_allowed", "banned", "bad_value", "edit_locked", "line_empty", "line_too_long", "bad_text",
        "bad_tag", "too_many_tags",
    ),
)  # fmt: skip
async def change_thread(call: Call) -> Reply:
    """Change what is given of one's own thread; with the scope ``moderation:write`` any that one moderates."""
    body: community_models.ThreadChange = call.body
    given = given_of(body)
    told = await read_thread(call.engine.database, call.program.actor, call.number())
    facts = Facts(
        check_title(given.get("title", told.thread.title)),
        given.get("kind", told.thread.kind),
        check_tags(" ".join(given.get("tags", told.tags))),
    )
    await do_change_thread(call.engine, call.program.member, call.number(), facts)
    return await _told(call, call.number())


@operations.add(
    "PUT",
    f"{_ONE}/accepted",
    Scope.THREADS_WRITE,
    body=community_models.Accepted,
    answer=community_models.Thread,
    refusals=("not_found", "not_allowed", "banned", "not_an_answer", "edit_locked", "removed"),
)
async def accept_answer(call: Call) -> Reply:
    """Say which post answers one's question; harmless to repeat."""
    body: community_models.Accepted = call.body
    await do_accept(call.engine, call.program.member, call.number(), body.seq)
    return await _told(call, call.number())


@operations.add(
    "PUT",
    f"{_ONE}/lock",
    Scope.MODERATION_WRITE,
    body=community_models.Lock,
    answer=community_models.Thread,
    refusals=("not_found", "not_allowed", "thread_merged"),
)
async def lock_thread(call: Call) -> Reply:
    """Let nobody answer any more, or everybody again; harmless to repeat."""
    body: community_models.Lock = call.body
    await do_lock(call.engine, call.program.actor, call.number(), locked=body.locked)
    return await _told(call, call.number())


@operations.add(
    "PUT",
    f"{_ONE}/pin",
    Scope.MODERATION_WRITE,
    body=community_models.Pin,
    answer=community_models.Thread,
    refusals=("not_found", "not_allowed"),
)
async def pin_thread(call: Call) -> Reply:
    """Let it stand above the others of its board, or of all; harmless to repeat."""
    body: community_models.Pin = call.body
    await do_pin(call.engine, call.program.actor, call.number(), body.where, days=body.days)
    return await _told(call, call.number())


async def _told(call: Call, number: int) -> Reply:
    return Reply(_state(call, await read_thread(call.engine.database, call.program.actor, number)))


def _state(call: Call, told: ToldThread) -> State:
    thread = told.thread
    return {
        "id": thread.public_id,
        "number": thread.number,
        "board": thread.board.slug,
        "title": thread.title,
        "kind": thread.kind,
        "state": thread.state,
        "author": told.author,
        "tags": told.tags,
        "replies": thread.replies,
        "score": thread.score,
        "accepted": thread.accepted_seq,
        "pinned": _PINNED[thread.pinned],
        "removed": thread.removed_at is not None,
        "version": thread.version,
        "last_seq": thread.last_seq,
        "url": call.office.addresses.base + thread.path,
        "created_at": iso(thread.created_at),
        "activity_at": iso(thread.activity_at),
    }
