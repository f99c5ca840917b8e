"""Operations on conversations: lists, status, assignee."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions import conversations, inbox
from widget_server.actions.inbox import Wanted
from widget_server.core.conversation import Status
from widget_server.core.scopes import Scope
from widget_server.protocol import frames as f
from widget_server.routes.api import models
from widget_server.routes.api.operations import Call, Operations, Reply
from widget_server.routes.api.paging import cursor_of, pair_of

if TYPE_CHECKING:
    from widget_server.store.records import State

operations = Operations()


@operations.add(
    "GET", "/conversations", Scope.CONVERSATIONS_READ, query=models.ConversationsQuery, answer=models.Conversations
)
async def list_conversations(call: Call) -> Reply:
    """Conversations, newest activity first."""
    query: models.ConversationsQuery = call.query
    page = await inbox.list_conversations(
        call.engine,
        call.program.agent,
        Wanted(
            query.site,
            Status(query.status) if query.status else None,
            call.program.account.public_id if query.assignee == "me" else query.assignee,
        ),
        before=pair_of(call, "conversations"),
        limit=query.limit,
    )
    return Reply(
        {
            "conversations": [_state(row) for row in page.rows],
            "next": cursor_of(call, "conversations", page.next),
        }
    )


@operations.add(
    "GET",
    "/conversations/{conversation}",
    Scope.CONVERSATIONS_READ,
    answer=models.Conversation,
    refusals=("not_found",),
)
async def read_conversation(call: Call) -> Reply:
    """One conversation."""
    return await _reply(call)


@operations.add(
    "PUT",
    "/conversations/{conversation}/status",
    Scope.CONVERSATIONS_WRITE,
    body=models.NewStatus,
    answer=models.Conversation,
    refusals=("not_found", "bad_value"),
)
async def set_status(call: Call) -> Reply:
    """Set the status; harmless to repeat. ``until`` (ISO 8601, at most a year ahead) goes with ``snoozed``."""
    body: models.NewStatus = call.body
    frame = f.SetStatus(t="status", ref=0, channel=_id(call), status=body.status, until=body.until)
    await conversations.do_set_status(call.engine, call.program.agent, frame)
    return await _reply(call)


@operations.add(
    "PUT",
    "/conversations/{conversation}/assignee",
    Scope.CONVERSATIONS_WRITE,
    body=models.NewAssignee,
    answer=models.Conversation,
    refusals=("not_found",),
)
async def set_assignee(call: Call) -> Reply:
    """Give the conversation to somebody who answers for its site, or to nobody; harmless to repeat."""
    body: models.NewAssignee = call.body
    frame = f.Assign(t="assign", ref=0, channel=_id(call), assignee=body.assignee)
    await conversations.do_assign(call.engine, call.program.agent, frame)
    return await _reply(call)


async def _reply(call: Call) -> Reply:
    return Reply(_state(await inbox.read_conversation(call.engine, call.program.agent, _id(call))))


def _id(call: Call) -> str:
    return call.uuid("conversation")


def _state(row: State) -> State:
    """A row of the console's list as ``models.Conversation``."""
    same = ("site", "visitor", "status", "assignee", "snoozed_until", "version", "last_seq", "unread", "preview")
    return {
        "id": row["channel"],
        **{name: row[name] for name in same},
        "created_at": row["created_at"],
        "activity_at": row["activity_at"],
    }
