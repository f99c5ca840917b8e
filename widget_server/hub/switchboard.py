"""Who on this node listens to which channel, and in which order they are told.

The node, not the session, puts crossing events in order: per channel it keeps the last version it passed on, waits
200 ms when one is missing, and then has the hole read once for all its listeners. Marks cross as well: what is told of
them here only rises.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from widget_server.core.delivery import NOT_TOLD
from widget_server.protocol import encode

log = logging.getLogger(__name__)

HOLE_S: Final = 0.2
_PATIENCE: Final = 5
"""How many times as long to wait for a store that did not answer."""
_WAITING_MAX: Final = 512
"""Events that wait for the first reading of a channel; beyond that they are read as a hole."""

AllMarks = tuple[int, int, int, int]
"""The marks of a conversation: delivered and seen of the visitor's side, then those of the agents'.

They are what everybody in it may know: the visitor's seen is :data:`NOT_TOLD` where their site keeps it to itself.
"""
NO_MARKS: Final[AllMarks] = (0, 0, 0, 0)


class Published(NamedTuple):
    """One event of a channel, encoded once for all who will receive it."""

    channel: str
    from_version: int
    to_version: int
    data: bytes
    marks: AllMarks = NO_MARKS
    """The conversation's marks after it: who writes has read, which no ``marks`` frame tells."""


class Listener(Protocol):
    """A connection that has channels open."""

    @property
    def person_id(self) -> int | None:
        """Whose connection it is; None where that is not known, or nobody's business."""
        ...

    def on_event(self, event: Published) -> None:
        """An event in order, or a repeat."""
        ...

    def on_ephemeral(self, channel: str, data: bytes) -> None:
        """Marks, typing or presence."""
        ...

    def on_own(self, channel: str, data: bytes) -> None:
        """What only the visitor whose conversation it is may know."""
        ...

    def on_gap(self, _channel: str, /) -> None:
        """Too much was missed to be told: the client must resume."""
        ...


class Missed(NamedTuple):
    """What a hole contained: one event up to the present version, or None where it is too much or gone."""

    event: Published | None


Refill = Callable[[str, int], Awaitable[Missed]]
"""Reads what a channel brought after a version."""


Moved = Callable[[str], None]
"""Told of a channel that has its first listener now, or none any more."""


class _Feed:
    __slots__ = ("last", "late", "listeners", "marks", "refilling", "told", "waiting", "wanted")

    def __init__(self) -> None:
        self.last: int | None = None
        self.late: int | None = None
        """Where the latest of those stands who have read less than was passed on already."""
        self.listeners: dict[Listener, None] = {}
        self.waiting: list[Published] = []
        self.wanted = 0
        """The version that the store was seen at."""
        self.refilling: asyncio.Task[None] | None = None
        self.marks = NO_MARKS
        """The highest that is known here."""
        self.told: AllMarks | None = None
        """The marks that all listeners were told last, or have read by themselves."""

    @property
    def is_behind(self) -> bool:
        """Whether something is known to be missing; not before a first reading has said where the feed begins."""
        return self.last is not None and (bool(self.waiting) or self.wanted > self.last or self.late is not None)

    def raise_marks(self, news: AllMarks) -> None:
        old = self.marks
        if news not in (old, NO_MARKS):
            # The site's switch was moved: what is told now takes the place of what was.
            seen = news[1] if NOT_TOLD in (old[1], news[1]) else max(old[1], news[1])
            self.marks = (max(old[0], news[0]), seen, max(old[2], news[2]), max(old[3], news[3]))


class Switchboard:
    """The node's feeds. Only channels with listeners have one."""

    def __init__(self, refill: Refill, hole_s: float = HOLE_S) -> None:
        self._feeds: dict[str, _Feed] = {}
        self._refill = refill
        self._hole_s = hole_s
        self.on_moved: Moved | None = None
        """Who carries events between nodes wants to know which channels have listeners here."""
        self.on_told: Callable[[bytes], None] | None = None
        """Who measures wants to know of every event that is new to the listeners here."""
        self.refilled = 0
        """How many holes had to be read from the store."""

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Before the snapshot is read, so that nothing falls between. Harmless to repeat."""
        feed = self._feeds.get(channel)
        if feed is None:
            feed = self._feeds[channel] = _Feed()
            if self.on_moved is not None:
                self.on_moved(channel)
        feed.listeners[listener] = None

    def at(self, channel: str, version: int, listener: Listener | None = None, marks: AllMarks = NO_MARKS) -> None:
        """A listener stands at ``version``: where a feed without events begins.

        To be called when the listener has taken what it read: it may be told at once what came meanwhile.

        :param marks: the conversation's marks as the listener has read them.
        """
        feed = self._feeds.get(channel)
        if feed is None:
            return
        if feed.last is None:
            self._begin(feed, version)
        elif version < feed.last:
            # Another one read later than this one, and what lies between was told to neither.
            feed.late = min(version, feed.late or version)
        if feed.is_behind:
            self._refill_later(channel, feed)
        feed.raise_marks(marks)
        if feed.told is None:
            feed.told = marks
            self._tell_marks(channel, feed)
        elif listener is not None and feed.marks != marks:
            listener.on_ephemeral(channel, encode.marks(channel, feed.marks[:2], feed.marks[2:]))

    def unsubscribe(self, channel: str, listener: Listener) -> None:
        """Harmless to repeat."""
        feed = self._feeds.get(channel)
        if feed is None:
            return
        feed.listeners.pop(listener, None)
        if not feed.listeners:
            del self._feeds[channel]
            if self.on_moved is not None:
                self.on_moved(channel)

    def listeners(self, channel: str) -> list[Listener]:
        """Who listens to the channel on this node."""
        feed = self._feeds.get(channel)
        return list(feed.listeners) if feed is not None else []

    def has_listeners(self, channel: str) -> bool:
        """Whether anybody on this node listens to the channel."""
        return channel in self._feeds

    @property
    def channels(self) -> int:
        """How many channels have listeners."""
        return len(self._feeds)

    def names(self) -> list[str]:
        """The channels that have listeners."""
        return list(self._feeds)

    def offer(self, event: Published) -> None:
        """An event from this node's committer or from another node, in any order, any number of times."""
        feed = self._feeds.get(event.channel)
        if feed is None:
            return
        feed.raise_marks(event.marks)
        if feed.last is None:
            self._keep(feed, event)
        elif event.from_version <= feed.last:
            self._deliver(feed, event)
            self._retry_waiting(feed)
        else:
            feed.waiting.append(event)
            self._refill_later(event.channel, feed)

    def marks(self, channel: str, news: AllMarks) -> None:
        """A conversation's marks from this node's committer, from another node or from the store, however late."""
        feed = self._feeds.get(channel)
        if feed is None:
            return
        feed.raise_marks(news)
        if feed.told is not None:
            self._tell_marks(channel, feed)

    def _tell_marks(self, channel: str, feed: _Feed) -> None:
        if feed.marks != feed.told:
            feed.told = feed.marks
            self.ephemeral(channel, encode.marks(channel, feed.marks[:2], feed.marks[2:]))

    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        """Typing, presence: told at once, never ordered, never repeated."""
        feed = self._feeds.get(channel)
        if feed is not None:
            for listener in list(feed.listeners):
                if exclude is None or listener.person_id != exclude:
                    listener.on_ephemeral(channel, data)

    def own(self, channel: str, data: bytes) -> None:
        """As :meth:`ephemeral`, for the visitor whose conversation it is alone."""
        for listener in self.listeners(channel):
            listener.on_own(channel, data)

    def known_at(self, channel: str, version: int) -> bool:
        """The store says that the channel is at ``version``; if no hint told us, the hole is read.

        Returns whether that is news.
        """
        feed = self._feeds.get(channel)
        if feed is None:
            return False
        feed.wanted = max(feed.wanted, version)
        if not feed.is_behind:
            return False
        self._refill_later(channel, feed)
        return True

    def _begin(self, feed: _Feed, version: int) -> None:
        """The first listener has read the channel; others may have read it earlier and want what waited."""
        early = [event for event in feed.waiting if event.to_version <= version]
        feed.waiting = [event for event in feed.waiting if event.to_version > version]
        for event in sorted(early, key=lambda event: event.from_version):
            self._tell(feed, event)
        feed.last = version
        self._retry_waiting(feed)

    def _keep(self, feed: _Feed, event: Published) -> None:
        """Nobody has read the channel yet: what comes waits until somebody has."""
        if len(feed.waiting) < _WAITING_MAX:
            feed.waiting.append(event)
        else:
            feed.wanted = max(feed.wanted, event.to_version)

    def _deliver(self, feed: _Feed, event: Published) -> None:
        repeat = event.from_version == event.to_version
        if feed.last is not None and event.to_version <= feed.last and not repeat:
            return
        feed.last = max(feed.last or 0, event.to_version)
        self._tell(feed, event)
        if self.on_told is not None and not repeat:
            self.on_told(event.data)

    @staticmethod
    def _tell(feed: _Feed, event: Published) -> None:
        for listener in list(feed.listeners):
            listener.on_event(event)

    def _retry_waiting(self, feed: _Feed) -> None:
        while feed.waiting and feed.last is not None:
            ready = [event for event in feed.waiting if event.from_version <= (feed.last or 0)]
            if not ready:
                return
            feed.waiting = [event for event in feed.waiting if event not in ready]
            for event in sorted(ready, key=lambda event: event.from_version):
                self._deliver(feed, event)

    def _refill_later(self, channel: str, feed: _Feed) -> None:
        if feed.refilling is None:
            feed.refilling = asyncio.create_task(self._fill(channel, feed))

    async def _fill(self, channel: str, feed: _Feed) -> None:
        """Wait for what may only have crossed, then read what is missing until nothing is."""
        pause = self._hole_s
        try:
            while feed.is_behind:
                await asyncio.sleep(pause)
                if self._feeds.get(channel) is not feed:
                    return
                if feed.is_behind:
                    pause = self._hole_s if await self._read_hole(channel, feed) else self._hole_s * _PATIENCE
        finally:
            feed.refilling = None

    async def _read_hole(self, channel: str, feed: _Feed) -> bool:
        """Whether the hole could be read. What is asked for meanwhile is read next."""
        wanted, feed.wanted = feed.wanted, 0
        late, feed.late = feed.late, None
        last = feed.last or 0
        try:
            missed = await self._refill(channel, last if late is None else min(late, last))
        except Exception:
            log.exception("a hole could not be read; it is tried again")
            feed.wanted = max(feed.wanted, wanted)
            feed.late = min((at for at in (late, feed.late) if at is not None), default=None)
            return False
        self.refilled += 1
        if missed.event is None:
            feed.waiting.clear()
            feed.last = feed.late = None
            for listener in list(feed.listeners):
                listener.on_gap(channel)
        else:
            feed.raise_marks(missed.event.marks)
            feed.last = max(feed.last or 0, missed.event.to_version)
            self._tell(feed, missed.event)
            feed.waiting = [event for event in feed.waiting if event.to_version > (feed.last or 0)]
            self._retry_waiting(feed)
        return True
