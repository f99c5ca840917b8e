"""What workers may do with a connected client, whoever serves the line."""

from __future__ import annotations

from typing import Protocol

from widget_server.actions.actors import Actor


class Line(Protocol):
    """A connection as workers see it; ``routes.connection.Connection`` is the one there is."""

    actor: Actor
    inbox: bool

    def tell(self, data: bytes) -> None:
        """Send one encoded frame."""
        ...

    def end(self, code: int) -> None:
        """Close with a code of ``codes.CloseCode``."""
        ...

    def tick(self, now: int) -> None:
        """A second has passed; ``now`` is monotonic, in ms."""
        ...
