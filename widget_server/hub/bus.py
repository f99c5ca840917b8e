"""What carries events, typing and presence between nodes: memory on one node, a broker between several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from typing_extensions import override

from widget_server.hub.switchboard import AllMarks, Published, Switchboard

NODES: Final = "nodes"
"""The place that every node listens to. Public names of channels are UUIDs, so it cannot be one."""


def place_of_board(public_id: str) -> str:
    """Return where it is told that something happened on a board."""
    return f"board:{public_id}"


def place_of_member(public_id: str) -> str:
    """Return where it is told that a member's notices, or their rooms, changed."""
    return f"member:{public_id}"


def place_of_room(public_id: str) -> str:
    """Return where the lines of a room's members are told that something was written there."""
    return f"room:{public_id}"


News = Callable[[set[int], set[int]], None]
"""Told the sites whose lists have changed, and the persons whose rights or sessions have."""


class Neighbour(Protocol):
    """What a node does with what others say of who is where; a *picture* is one node's view of one place."""

    def on_picture(self, place: str, node: bytes, picture: bytes) -> None:
        """Another node says who is in a place there."""
        ...

    def on_question(self, places: Sequence[str]) -> None:
        """Another node wants the pictures of these places."""
        ...

    def on_goodbye(self, node: bytes) -> None:
        """Another node is gone, and everybody with it."""
        ...

    def on_live(self, places: Sequence[str]) -> None:
        """From now on these places are heard; what was said before was not."""
        ...


class Bus(ABC):
    """Only a hint: whoever misses something finds it by stamps.

    :ivar on_news: told what :meth:`news` says, here and on every other node.
    :ivar neighbour: told who is where on other nodes.
    """

    on_news: News
    neighbour: Neighbour

    @abstractmethod
    def publish(self, events: Sequence[Published]) -> None:
        """Tell every node what a commit brought, in order of version."""

    @abstractmethod
    def marks(self, channel: str, marks: AllMarks) -> None:
        """Tell every node a conversation's marks."""

    @abstractmethod
    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        """Tell every node something that does not last; ``exclude`` is the person whose own doing it is."""

    @abstractmethod
    def own(self, channel: str, data: bytes) -> None:
        """Tell every node, for the visitor whose conversation it is alone, something that does not last."""

    @abstractmethod
    def news(self, sites: Collection[int], people: Collection[int]) -> None:
        """Tell every node which sites' lists and whose rights or sessions have changed."""

    @abstractmethod
    def picture(self, place: str, picture: bytes) -> None:
        """Tell the other nodes that listen to a place who is there on this one."""

    @abstractmethod
    def ask(self, places: Sequence[str]) -> None:
        """Ask the other nodes for their pictures, of those places that are heard here.

        The others are asked for when :meth:`Neighbour.on_live` says that they are.
        """


class MemoryBus(Bus):
    """One node: straight to its own switchboard."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard

    @override
    def publish(self, events: Sequence[Published]) -> None:
        for event in events:
            self._switchboard.offer(event)

    @override
    def marks(self, channel: str, marks: AllMarks) -> None:
        self._switchboard.marks(channel, marks)

    @override
    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        self._switchboard.ephemeral(channel, data, exclude)

    @override
    def own(self, channel: str, data: bytes) -> None:
        self._switchboard.own(channel, data)

    @override
    def news(self, sites: Collection[int], people: Collection[int]) -> None:
        self.on_news(set(sites), set(people))

    @override
    def picture(self, place: str, picture: bytes) -> None:
        """There is nobody else."""

    @override
    def ask(self, places: Sequence[str]) -> None:
        """There is nobody else."""
