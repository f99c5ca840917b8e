"""What a session asks its connection to do, and the commonest outcome it is told.

The connection performs them in order; only the wait for a commit is concurrent.
"""

from __future__ import annotations

from typing import NamedTuple

from widget_server.protocol.frames import ClientFrame


class Out(NamedTuple):
    """Send these bytes (one encoded frame) to this client."""

    data: bytes


class End(NamedTuple):
    """Close the connection with a code of ``codes.CloseCode``, after what was sent before."""

    code: int
    retry_after_ms: int | None = None


class Command(NamedTuple):
    """Perform what the frame asks for, then call ``Session.done`` with the frame and the outcome.

    The route maps it to an action.
    """

    frame: ClientFrame


class OpenOwn(NamedTuple):
    """Open the channel that this client's own first message has made, as if it had asked."""

    channel: str


class Unsubscribe(NamedTuple):
    """Stop the channel's events."""

    channel: str


class Whisper(NamedTuple):
    """Tell the others in the channel that this person types, or has stopped. Stored nowhere."""

    channel: str
    on: bool
    draft: str | None


class Sent(NamedTuple):
    """Outcome of a committed send, edit or removal: what the ack tells. ``at`` is when it was first sent (UTC ms)."""

    channel: str
    client_id: str
    seq: int
    version: int
    revision: int
    at: int


Effect = Out | End | Command | OpenOwn | Unsubscribe | Whisper
