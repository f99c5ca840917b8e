"""Who on this node listens to which channel, and in which order they are told.

The node, not the session, puts crossing events in order: per channel it keeps the last version it passed on, waits
200 ms when one is missing, and then has the hole read once for all its listeners.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

log = logging.getLogger(__name__)

HOLE_S: Final = 0.2
_PATIENCE: Final = 5
"""How many times as long to wait for a store that did not answer."""


class Published(NamedTuple):
    """One event of a channel, encoded once for all who will receive it."""

    channel: str
    from_version: int
    to_version: int
    data: bytes


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

    def on_gap(self, _channel: str, /) -> None:
        """Too much was missed to be told: the client must resume."""
        ...


class Missed(NamedTuple):
    """What a hole contained: one event up to the present version, or None where it is too much or gone."""

    event: Published | None


Refill = Callable[[str, int], Awaitable[Missed]]
"""Reads what a channel brought after a version."""


class _Feed:
    __slots__ = ("last", "listeners", "refilling", "waiting", "wanted")

    def __init__(self) -> None:
        self.last: int | None = None
        self.listeners: dict[Listener, None] = {}
        self.waiting: list[Published] = []
        self.wanted = 0
        """The version that the store was seen at."""
        self.refilling: asyncio.Task[None] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something is known to be missing."""
        return bool(self.waiting) or (self.last is not None and self.wanted > self.last)


class Switchboard:
    """The node's feeds. Only channels with listeners have one."""

    def __init__(self, refill: Refill, hole_s: float = HOLE_S) -> None:
        self._feeds: dict[str, _Feed] = {}
        self._refill = refill
        self._hole_s = hole_s
        self.refilled = 0
        """How many holes had to be read from the store."""

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Before the snapshot is read, so that nothing falls between. Harmless to repeat."""
        feed = self._feeds.get(channel)
        if feed is None:
            feed = self._feeds[channel] = _Feed()
        feed.listeners[listener] = None

    def at(self, channel: str, version: int) -> None:
        """A listener has read the channel as of ``version``: where a feed without events begins."""
        feed = self._feeds.get(channel)
        if feed is not None and feed.last is None:
            feed.last = version

    def unsubscribe(self, channel: str, listener: Listener) -> None:
        """Harmless to repeat."""
        feed = self._feeds.get(channel)
        if feed is None:
            return
        feed.listeners.pop(listener, None)
        if not feed.listeners:
            del self._feeds[channel]

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

    def offer(self, event: Published) -> None:
        """An event from this node's committer or from another node, in any order, any number of times."""
        feed = self._feeds.get(event.channel)
        if feed is None:
            return
        if feed.last is None or event.from_version <= feed.last:
            self._deliver(feed, event)
            self._retry_waiting(feed)
        else:
            feed.waiting.append(event)
            self._refill_later(event.channel, feed)

    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        """Marks, typing, presence: told at once, never ordered, never repeated."""
        feed = self._feeds.get(channel)
        if feed is not None:
            for listener in list(feed.listeners):
                if exclude is None or listener.person_id != exclude:
                    listener.on_ephemeral(channel, data)

    def known_at(self, channel: str, version: int) -> None:
        """The store says that the channel is at ``version``; if no hint told us, the hole is read."""
        feed = self._feeds.get(channel)
        if feed is not None and feed.last is not None and version > feed.last:
            feed.wanted = max(feed.wanted, version)
            self._refill_later(channel, feed)

    def _deliver(self, feed: _Feed, event: Published) -> None:
        repeat = event.from_version == event.to_version
        if feed.last is not None and event.to_version <= feed.last and not repeat:
            return
        feed.last = max(feed.last or 0, event.to_version)
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
        try:
            missed = await self._refill(channel, feed.last or 0)
        except Exception:
            log.exception("a hole could not be read; it is tried again")
            feed.wanted = max(feed.wanted, wanted)
            return False
        self.refilled += 1
        if missed.event is None:
            feed.waiting.clear()
            feed.last = None
            for listener in list(feed.listeners):
                listener.on_gap(channel)
        else:
            self._deliver(feed, missed.event)
            feed.waiting = [event for event in feed.waiting if event.to_version > (feed.last or 0)]
            self._retry_waiting(feed)
        return True
