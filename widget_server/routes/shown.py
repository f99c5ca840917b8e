"""What the page at the other end of a line shows of the community, looked at again when it has changed (S06)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from widget_server.actions.actors import Visitor
from widget_server.actions.threads import can_see, can_write
from widget_server.protocol import encode
from widget_server.protocol.session import Opened

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from widget_server.actions.access import Access
    from widget_server.actions.actors import Actor
    from widget_server.actions.threads import Thread
    from widget_server.protocol.effects import Effect
    from widget_server.protocol.session import Session
    from widget_server.routes.reading import PageLine


class Opening:
    """A channel that is being read for the client."""

    __slots__ = ("channel", "is_sure")

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.is_sure = True
        """Whether nothing has happened that the reading may have missed."""


class Shown:
    """The part of a connection that knows what is open: threads, rooms, and the boards of which news is wanted."""

    __slots__ = ()

    if TYPE_CHECKING:
        actor: Actor
        session: Session
        _accesses: dict[str, Access] | None
        _opening: list[Opening]
        _reading: PageLine | None

        def _all_at_once(self, effects: Sequence[Effect]) -> None: ...

    def threads(self) -> list[str]:
        """The threads that the client has open, by public name."""
        return [name for name, access in (self._accesses or {}).items() if access.kind == "thread"]

    def boards(self) -> list[str]:
        """The boards of which the client wants news, by public id."""
        return self._reading.boards if self._reading is not None else []

    def see(self, thread: Thread) -> None:
        """A thread that the client has open, or its board, has changed: it may be no longer for them."""
        name, actor = thread.public_id, self.actor
        if isinstance(actor, Visitor) or self._accesses is None or name not in self._accesses:
            return
        if can_see(actor.rights, thread):
            self._accesses[name] = self._accesses[name]._replace(may_write=can_write(actor.rights, thread))
        else:
            self._all_at_once(self.session.opened(Opened(name, [encode.dumps({"t": "gone", "channel": name})], None)))

    @contextmanager
    def opening(self, channel: str) -> Generator[Opening]:
        """While a channel is read for the client: what happens to its rooms meanwhile is told to the reading."""
        opening = Opening(channel)
        self._opening.append(opening)
        try:
            yield opening
        finally:
            self._opening.remove(opening)

    def rooms(self) -> list[str]:
        """The rooms that the client has open, and every channel that is being read for it, which may be one."""
        opened = [name for name, access in (self._accesses or {}).items() if access.kind == "room"]
        return [*opened, *(opening.channel for opening in self._opening)]

    def leave_room(self, name: str) -> None:
        """The client's member is not in this room any more: it is as if it were not there (S3.07, S06).

        What is being read of it may have been found before they went: it is read again, whatever it turns out to be.
        """
        for opening in self._opening:
            opening.is_sure = opening.is_sure and opening.channel != name
        access = self._accesses.get(name) if self._accesses else None
        if access is not None and access.kind == "room":
            self._all_at_once(self.session.opened(Opened(name, [encode.dumps({"t": "gone", "channel": name})], None)))

    def keep_rooms(self, rooms: frozenset[str]) -> None:
        """The member is in these rooms now, and in no other."""
        for name in self.rooms():
            if name not in rooms:
                self.leave_room(name)

    def unwatch(self, board: str) -> None:
        """The client may not read this board any more."""
        if self._reading is not None:
            self._reading.unwatch(board)
