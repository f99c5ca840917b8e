"""What workers may do with a connected client, whoever serves the line."""

from __future__ import annotations

from typing import Protocol

from widget_server.actions.actors import Actor
from widget_server.actions.threads import Thread


class Line(Protocol):
    """A connection as workers see it; ``routes.connection.Connection`` is the one there is."""

    actor: Actor
    inbox: bool

    def threads(self) -> list[str]:
        """The threads that the client has open, by public name."""
        ...

    def boards(self) -> list[str]:
        """The boards of which the client wants news, by public id."""
        ...

    def see(self, thread: Thread) -> None:
        """A thread that the client has open, or its board, has changed: it may be no longer for them."""
        ...

    def rooms(self) -> list[str]:
        """The rooms that the client has open, by public name, and what is being opened."""
        ...

    def leave_room(self, name: str) -> None:
        """The client's member is not in this room any more."""
        ...

    def unwatch(self, board: str) -> None:
        """The client may not read this board any more."""
        ...

    def tell(self, data: bytes) -> None:
        """Send one encoded frame."""
        ...

    def end(self, code: int) -> None:
        """Close with a code of ``codes.CloseCode``."""
        ...

    def tick(self, now: int) -> None:
        """A second has passed; ``now`` is monotonic, in ms."""
        ...
