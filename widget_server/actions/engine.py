"""What every action works with: the store's one way in, the hub, the clock.

Built by ``app``, one for each application.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from widget_server.actions.presence import Attendance
from widget_server.core import ids
from widget_server.core.bans import BanBook
from widget_server.hub.bus import Bus, place_of_board, place_of_member, place_of_room
from widget_server.hub.switchboard import Published, Switchboard
from widget_server.protocol import encode
from widget_server.store.committer import Committer
from widget_server.store.database import Database
from widget_server.store.records import Committed
from widget_server.store.search import Index

if TYPE_CHECKING:
    from widget_server.actions.uploads import FileWorks


class Clock:
    """Wall time, monotonic time and randomness, in one place so that a test can bring its own."""

    def now_ms(self) -> int:
        """UTC milliseconds, for what is stored and shown."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """For durations: never jumps (G19)."""
        return time.monotonic_ns() // 1_000_000

    def random(self, count: int) -> bytes:
        """``count`` bytes that nobody can guess."""
        return secrets.token_bytes(count)

    def uuid(self) -> str:
        """A fresh UUIDv7."""
        return ids.uuid7(self.now_ms(), self.random(10))

    def token(self) -> str:
        """A fresh bearer token."""
        return ids.token(self.random(ids.TOKEN_BYTES))


@dataclass(frozen=True, slots=True)
class Policy:
    """The installation's numbers that actions enforce."""

    message_chars: int
    edit_minutes: int
    members: str = "/members/"
    """Where the pages of members stand, as browsers ask for them."""
    sends_mail: bool = False

    @property
    def edit_ms(self) -> int:
        """How long after sending a message may be changed."""
        return self.edit_minutes * 60_000


Hint = Callable[[set[int]], None]


def _nobody(_: set[int]) -> None:
    """Nobody wants this hint yet."""


def _nothing() -> None:
    """As :func:`_nobody`, for a hint that names nobody."""


@dataclass(slots=True)
class Engine:
    """One node's works."""

    database: Database
    committer: Committer
    switchboard: Switchboard
    bus: Bus
    clock: Clock
    policy: Policy
    epoch: str
    on_sites: Hint = _nobody
    """Told which sites' lists have changed."""
    on_people: Hint = _nobody
    """Told whose rights or sessions have changed."""
    on_outgoing: Callable[[], None] = _nothing
    """Told that the outbox may have something new."""
    on_tally: Callable[[], None] = _nothing
    """Told that votes wait to be counted."""
    files: FileWorks | None = None
    """Where files are, and what is taken; None: nobody sends any."""
    index: Index | None = None
    """The words of all that is stored; None: nobody seeks here."""
    bans: BanBook = field(default_factory=BanBook)
    """Who may not write; another book takes its place when one is made or lifted."""
    presence: Attendance = field(init=False)
    """Who is where."""
    _readers: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """What :meth:`tell_rooms` has to tell of how far members of rooms have come."""
    _stirred: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Listen to the bus."""
        self.presence = Attendance(self.bus, self.switchboard, self.clock.monotonic_ms)
        self.bus.neighbour = self.presence
        self.bus.on_news = self.hear

    def hear(self, sites: set[int], people: set[int]) -> None:
        """What the bus says, of this node's commits and of others'."""
        if sites:
            self.on_sites(sites)
        if people:
            self.on_people(people)

    def sink(self, committed: Committed) -> None:
        """Hand what was committed to the hub: the committer's sink."""
        if committed.events:
            self.bus.publish(
                [
                    Published(
                        e.channel,
                        e.from_version,
                        e.to_version,
                        encode.event(e.channel, e.from_version, e.to_version, e.messages, e.head),
                        e.marks,
                    )
                    for e in committed.events
                ]
            )
        for m in committed.marks:
            self.bus.marks(m.channel, (*m.visitor, *m.agents))
        for channel, seen in committed.places.items():
            self.bus.own(channel, encode.place(channel, seen))
        self._tell_community(committed)
        if committed.leaves:
            self.on_outgoing()
        if committed.files and self.files is not None:
            self.files.on_files()
        if committed.sites or committed.people:
            self.bus.news(committed.sites, committed.people)

    def _tell_community(self, committed: Committed) -> None:
        """Tell what boards, members and rooms want to hear."""
        for board, number in committed.news:
            self.bus.ephemeral(place_of_board(board), encode.dumps({"t": "news", "board": board, "thread": number}))
        for member in committed.notices:
            self.bus.ephemeral(place_of_member(member), b"")
        for member, room in committed.rooms:
            self.bus.ephemeral(place_of_member(member), encode.dumps({"t": "rooms", "channel": room}))
        for room, marks in committed.readers.items():
            self._readers.setdefault(room, {}).update(marks)
        self._stirred |= committed.stirred

    def tell_rooms(self) -> None:
        """Tell what has come together of rooms: about once a second, however much is written in them."""
        readers, self._readers = self._readers, {}
        stirred, self._stirred = self._stirred, set()
        for room, marks in readers.items():
            told = [{"person": one, "delivered": at[0], "seen": at[1]} for one, at in marks.items()]
            self.bus.ephemeral(room, encode.dumps({"t": "readers", "channel": room, "readers": told}))
        for room in stirred:
            self.bus.ephemeral(place_of_room(room), encode.dumps({"t": "rooms", "channel": room}))
