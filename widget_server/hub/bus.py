"""What carries events, typing and presence between nodes: memory on one node, a broker between several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from typing_extensions import override

from widget_server.hub.switchboard import Published, Switchboard


class Bus(ABC):
    """Only a hint: whoever misses something finds it by stamps."""

    @abstractmethod
    def publish(self, events: Sequence[Published]) -> None:
        """Tell every node what a commit brought, in order of version."""

    @abstractmethod
    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        """Tell every node something that does not last; ``exclude`` is the person whose own doing it is."""


class MemoryBus(Bus):
    """One node: straight to its own switchboard."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard

    @override
    def publish(self, events: Sequence[Published]) -> None:
        for event in events:
            self._switchboard.offer(event)

    @override
    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        self._switchboard.ephemeral(channel, data, exclude)
