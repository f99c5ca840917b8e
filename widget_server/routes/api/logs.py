"""What is written in a channel, whichever it is, as programs are told it: its messages, and that one was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.core.times import iso
from widget_server.routes.api.operations import Reply

if TYPE_CHECKING:
    from widget_server.actions.messages import Page
    from widget_server.protocol.effects import Sent
    from widget_server.routes.api.operations import Call
    from widget_server.store.records import State

BODIES: Final = ("empty_message", "message_too_long", "bad_text")
"""What may be wrong with the text of a message or post."""


def window(call: Call, page: Page) -> Reply:
    """Return a page of a channel's log as ``models.Messages``."""
    return Reply({"messages": [message(call, each) for each in page.messages], "more": page.more})


def message(call: Call, state: State) -> State:
    """Return a message or post as ``models.Message``: as on the socket, and where its files are."""
    if not state.get("files"):
        return state
    base = call.office.addresses.base
    return state | {"files": [file | {"url": f"{base}/files/{file['id']}"} for file in state["files"]]}


def ack(sent: Sent) -> Reply:
    """Return that something is committed, as ``models.Ack``."""
    return Reply(
        {
            "channel": sent.channel,
            "client_id": sent.client_id,
            "seq": sent.seq,
            "version": sent.version,
            "revision": sent.revision,
            "at": iso(sent.at),
        }
    )
