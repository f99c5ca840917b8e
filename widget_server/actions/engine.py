"""What every action works with: the store's one way in, the hub, the clock.

Built by ``app``, one for each application.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from widget_server.actions.presence import Attendance
from widget_server.core import ids
from widget_server.hub.bus import Bus
from widget_server.hub.switchboard import Published, Switchboard
from widget_server.protocol import encode
from widget_server.store.committer import Committer
from widget_server.store.database import Database
from widget_server.store.records import Committed


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

    @property
    def edit_ms(self) -> int:
        """How long after sending a message may be changed."""
        return self.edit_minutes * 60_000


Hint = Callable[[set[int]], None]


def _nobody(_: set[int]) -> None:
    """Nobody wants this hint yet."""


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
    presence: Attendance = field(init=False)
    """Who is where."""

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
        if committed.sites or committed.people:
            self.bus.news(committed.sites, committed.people)
