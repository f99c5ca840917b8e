"""Operations on posts: the messages of a thread, told as on the socket."""

from __future__ import annotations

from typing import Final

from widget_server.actions.edits import Edit, do_edit_post
from widget_server.actions.holds import Held
from widget_server.actions.posts import Reply as NewPost
from widget_server.actions.posts import do_reply
from widget_server.actions.removals import do_remove_post, do_restore_post
from widget_server.actions.rendering import source_of
from widget_server.actions.thread_windows import list_posts as read_posts
from widget_server.actions.thread_windows import read_post
from widget_server.actions.threads import BODY_CHARS
from widget_server.actions.votes import do_vote
from widget_server.core.scopes import Scope
from widget_server.routes.api import community_models, models
from widget_server.routes.api.logs import BODIES, message, window
from widget_server.routes.api.operations import Call, Operations, Reply

operations = Operations()
_POSTS: Final = "/threads/{number}/posts"
_ONE: Final = f"{_POSTS}/{{seq}}"


@operations.add("GET", _POSTS, Scope.POSTS_READ, query=models.Window, answer=models.Messages, refusals=("not_found",))
async def list_posts(call: Call) -> Reply:
    """Posts of a thread in order of ``seq``, their text in Markdown; of a removed one the text is gone."""
    query: models.Window = call.query
    page = await read_posts(
        call.engine.database,
        call.program.actor,
        call.number(),
        after=query.after,
        before=query.before,
        limit=query.limit,
    )
    return window(call, page)


@operations.add("GET", _ONE, Scope.POSTS_READ, answer=models.Message, refusals=("not_found",))
async def read_one_post(call: Call) -> Reply:
    """One post."""
    return await _told(call)


@operations.add(
    "POST",
    _POSTS,
    Scope.POSTS_WRITE,
    body=community_models.NewReply,
    answer=community_models.WrittenPost,
    status=201,
    refusals=(
        "not_found", "not_allowed", "conflict", "banned", "thread_locked", "removed", "no_such_post", "no_such_file",
        *BODIES,
    ),
)  # fmt: skip
async def write_post(call: Call) -> Reply:
    """Answer in a thread. Once for each ``client_id``, however often it is repeated."""
    body: community_models.NewReply = call.body
    source = await source_of(call.engine, body.body, BODY_CHARS, required=not body.files)
    post = NewPost(body.parent, source, body.files)
    call.count_message()
    done = await do_reply(call.engine, call.program.member, call.number(), post, body.client_id)
    if isinstance(done, Held):
        return Reply({"seq": None, "held": done.why})
    return Reply({"seq": done.seq, "held": None})


@operations.add(
    "PUT",
    _ONE,
    Scope.POSTS_WRITE,
    body=community_models.PostEdit,
    answer=models.Message,
    refusals=("not_found", "not_allowed", "banned", "edit_conflict", "edit_locked", "removed", *BODIES),
)
async def edit_post(call: Call) -> Reply:
    """Give one's own post another text; with the scope ``moderation:write`` any on a board that one moderates."""
    body: community_models.PostEdit = call.body
    source = await source_of(call.engine, body.body, BODY_CHARS)
    edit = Edit(source, body.revision)
    await do_edit_post(call.engine, call.program.member, call.number(), call.number("seq"), edit)
    return await _told(call)


@operations.add(
    "PUT",
    f"{_ONE}/vote",
    Scope.VOTES_WRITE,
    body=community_models.Vote,
    answer=models.Message,
    refusals=("not_found", "not_allowed", "banned", "own_post", "removed", "voting_over"),
)
async def vote_on_post(call: Call) -> Reply:
    """Set what one thinks of a post; harmless to repeat. Counts follow within a second."""
    body: community_models.Vote = call.body
    await do_vote(call.engine, call.program.member, call.number(), call.number("seq"), body.vote)
    return await _told(call)


@operations.add("DELETE", _ONE, Scope.POSTS_WRITE, refusals=("not_found", "not_allowed", "banned"))
async def remove_post(call: Call) -> Reply:
    """Take a post away: one's own, and with the scope ``moderation:write`` any on a board that one moderates."""
    await do_remove_post(call.engine, call.program.actor, call.number(), call.number("seq"))
    return Reply(None)


@operations.add(
    "POST",
    f"{_ONE}/restore",
    Scope.POSTS_WRITE,
    answer=models.Message,
    refusals=("not_found", "not_allowed", "banned", "undo_over", "removed", "edit_conflict"),
)
async def restore_post(call: Call) -> Reply:
    """Bring a removed post back, with the text that it had."""
    await do_restore_post(call.engine, call.program.actor, call.number(), call.number("seq"))
    return await _told(call)


async def _told(call: Call) -> Reply:
    post = await read_post(call.engine.database, call.program.actor, call.number(), call.number("seq"))
    return Reply(message(call, post))
