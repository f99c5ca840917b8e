"""Operations on messages and notes: they go the committer's way and are acknowledged as on the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.messages import access_beside, do_edit, do_remove, do_send, outcome_of
from widget_server.actions.messages import list_messages as read_page
from widget_server.actions.stored_files import check_of_site
from widget_server.core.scopes import Scope
from widget_server.core.text import check_body
from widget_server.protocol import frames as f
from widget_server.routes.api import models
from widget_server.routes.api.logs import BODIES, ack, window
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.actions.access import Access

operations = Operations()
_MESSAGES: Final = "/conversations/{conversation}/messages"
_NOTES: Final = "/conversations/{conversation}/notes"
# Messages and the notes beside them are called alike.
_READING: Final[dict[str, Any]] = {"query": models.Window, "answer": models.Messages, "refusals": ("not_found",)}
_SENDING: Final[dict[str, Any]] = {
    "answer": models.Ack,
    "status": 201,
    "refusals": ("not_found", "conflict", "channel_closed", "busy", "no_such_file", *BODIES),
}
_EDITING: Final[dict[str, Any]] = {
    "body": models.Edit,
    "answer": models.Ack,
    "refusals": ("not_found", "edit_conflict", "edit_closed", "removed", *BODIES),
}
_REMOVING: Final[dict[str, Any]] = {"answer": models.Ack, "refusals": ("not_found", "edit_closed")}


@operations.add("GET", _MESSAGES, Scope.MESSAGES_READ, **_READING)
async def list_messages(call: Call) -> Reply:
    """Messages of a conversation in order of ``seq``; of a removed one the text is gone."""
    return await _page(call, notes=False)


@operations.add("POST", _MESSAGES, Scope.MESSAGES_WRITE, body=models.NewMessage, **_SENDING)
async def send_message(call: Call) -> Reply:
    """Answer the visitor. Sent exactly once for each ``client_id``, however often it is repeated."""
    body: models.NewMessage = call.body
    return await _send(call, body, notes=False, parent=body.parent)


@operations.add("PUT", f"{_MESSAGES}/{{seq}}", Scope.MESSAGES_WRITE, **_EDITING)
async def edit_message(call: Call) -> Reply:
    """Give one's own message another text, for a while after it was sent."""
    return await _edit(call, notes=False)


@operations.add("DELETE", f"{_MESSAGES}/{{seq}}", Scope.MESSAGES_WRITE, **_REMOVING)
async def remove_message(call: Call) -> Reply:
    """Take one's own message away, for a while after it was sent; its number stays."""
    return await _remove(call, notes=False)


@operations.add("GET", _NOTES, Scope.NOTES_READ, **_READING)
async def list_notes(call: Call) -> Reply:
    """What only colleagues see beside a conversation: their notes, and who did what."""
    return await _page(call, notes=True)


@operations.add("POST", _NOTES, Scope.NOTES_WRITE, body=models.NewNote, **_SENDING)
async def write_note(call: Call) -> Reply:
    """Write a note that only colleagues see."""
    body: models.NewNote = call.body
    return await _send(call, body, notes=True, after_seq=body.after_seq)


@operations.add("PUT", f"{_NOTES}/{{seq}}", Scope.NOTES_WRITE, **_EDITING)
async def edit_note(call: Call) -> Reply:
    """Give one's own note another text."""
    return await _edit(call, notes=True)


@operations.add("DELETE", f"{_NOTES}/{{seq}}", Scope.NOTES_WRITE, **_REMOVING)
async def remove_note(call: Call) -> Reply:
    """Take one's own note away."""
    return await _remove(call, notes=True)


async def _page(call: Call, *, notes: bool) -> Reply:
    query: models.Window = call.query
    page = await read_page(
        call.engine,
        call.program.agent,
        call.uuid("conversation"),
        after=query.after,
        before=query.before,
        limit=query.limit,
        notes=notes,
    )
    return window(call, page)


async def _send(
    call: Call,
    body: models.NewMessage | models.NewNote,
    *,
    notes: bool,
    parent: int | None = None,
    after_seq: int | None = None,
) -> Reply:
    text = check_body(body.body, call.engine.policy.message_chars, required=not body.files)
    call.count_message()
    access = await _access(call, notes=notes)
    site_id = call.program.token.site_id
    if body.files and site_id is not None:
        await call.engine.database.read(lambda tx: check_of_site(tx, site_id, body.files))
    frame = f.Send(
        t="send",
        ref=0,
        client_id=body.client_id,
        channel=access.public_id,
        body=text,
        parent=parent,
        after_seq=after_seq,
        files=body.files,
    )
    agent = call.program.agent
    return ack(await outcome_of(lambda answer: do_send(call.engine, agent, access, frame, answer)))


async def _edit(call: Call, *, notes: bool) -> Reply:
    body: models.Edit = call.body
    text = check_body(body.body, call.engine.policy.message_chars)
    access = await _access(call, notes=notes)
    frame = f.Edit(t="edit", ref=0, channel=access.public_id, seq=call.number("seq"), revision=body.revision, body=text)
    agent = call.program.agent
    return ack(await outcome_of(lambda answer: do_edit(call.engine, agent, access, frame, answer)))


async def _remove(call: Call, *, notes: bool) -> Reply:
    access = await _access(call, notes=notes)
    frame = f.Remove(t="remove", ref=0, channel=access.public_id, seq=call.number("seq"))
    agent = call.program.agent
    return ack(await outcome_of(lambda answer: do_remove(call.engine, agent, access, frame, answer)))


async def _access(call: Call, *, notes: bool) -> Access:
    agent, public_id = call.program.agent, call.uuid("conversation")
    return await call.engine.database.read(lambda tx: access_beside(tx, agent, public_id, notes=notes))
