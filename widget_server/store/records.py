"""What is handed to the committer, and what comes back from it and from reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from widget_server.core.delivery import Marks
from widget_server.store.database import Transaction

Side = Literal["visitor", "agent", "system", "member"]
State = dict[str, Any]
"""A message, head or row exactly as it goes on the wire (``protocol.frames``), ready for the encoder."""


class Author(NamedTuple):
    """Who writes, with what an event tells about them."""

    id: int
    public_id: str
    name: str | None
    picture: str | None = None

    def state(self, side: str) -> State:
        """As it goes on the wire."""
        return {"id": self.public_id, "name": self.name, "role": side, "picture": self.picture}


class ChannelEvent(NamedTuple):
    """Versions ``from_version``+1..``to_version`` of a channel as whole states. A repeat has both the same."""

    channel_id: int
    channel: str
    from_version: int
    to_version: int
    messages: list[State]
    head: State | None = None
    marks: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Of a conversation with new messages, the marks after them: visitor delivered and seen, agents delivered and seen.

    ``seen`` of the visitor is :data:`~widget_server.core.delivery.NOT_TOLD` where the site keeps it to itself.
    """


class MarksEvent(NamedTuple):
    """The four watermarks of a conversation after a receipt or a send, as everybody in it may know them."""

    channel_id: int
    channel: str
    visitor: Marks
    agents: Marks


@dataclass(slots=True)
class Committed:
    """What one commit brought, for the hub: events in order of version, marks, and the sites whose lists changed."""

    events: list[ChannelEvent] = field(default_factory=list)
    marks: list[MarksEvent] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    """How far visitors have seen, by conversation (public name), where only they themselves are told."""
    sites: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)
    """Persons whose rights or sessions changed."""
    news: set[tuple[str, int]] = field(default_factory=set)
    """Threads in which something happened: the board's public id, and the number."""
    notices: set[str] = field(default_factory=set)
    """Members (by public id) whose notices changed: a new one, or some were seen."""
    files: bool = False
    """Whether files are gone whose bytes have to go."""
    leaves: bool = False
    """Whether something was put into the outbox."""
    readers: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Of rooms (by public name) the members (by public id) who have come further: delivered and seen."""
    stirred: set[str] = field(default_factory=set)
    """Rooms in which something was written or taken away, by public name."""
    rooms: set[tuple[str, str]] = field(default_factory=set)
    """Members (by public id) whose list of rooms changed, with the room."""


Done = Callable[[Any], None]
"""Called on the loop after the commit with the result, or with the :class:`ProductError` that refused the operation."""


class SendMessage(NamedTuple):
    """Append a message. ``at`` is UTC ms; ``digest`` covers what a repeat must have in common."""

    channel_id: int
    author: Author
    side: Side
    client_id: str
    digest: str
    kind: str
    body: str
    parent: int | None
    after_seq: int | None
    at: int
    done: Done
    files: tuple[str, ...] = ()
    """Public ids of what goes with it: ready, and ``uploader_id``'s."""
    uploader_id: int = 0
    is_ruled: bool = False
    """Whether the installation's rules for what members write hold for it: see ``store.posting``."""


class ChangeMessage(NamedTuple):
    """Edit (``body``) or remove (``body`` is None) the author's own message; in a room its owner removes others' too.

    ``since``: older messages stay as they are.
    """

    channel_id: int
    author: Author
    side: Side
    seq: int
    revision: int
    body: str | None
    since: int
    minutes: int
    at: int
    done: Done
    is_ruled: bool = False
    """As in :class:`SendMessage`."""


class RaiseMarks(NamedTuple):
    """A receipt of one person on one side of a conversation. ``person_id`` is 0 where no reader row is kept."""

    channel_id: int
    side: Side
    person_id: int
    delivered: int
    seen: int


class Function(NamedTuple):
    """Anything else: a transaction function that fills ``Committed`` and returns the result for ``done``.

    Functions of one ``line`` run in the order in which they were given.
    """

    fn: Callable[[Transaction, Committed], Awaitable[Any]]
    done: Done
    line: str = ""


Write = SendMessage | ChangeMessage | RaiseMarks | Function
