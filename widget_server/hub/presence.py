"""Who is here now. Lives in memory, belongs to open connections, expires by itself (G08)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

Who = TypeVar("Who", bound=Hashable)


class _Picture(NamedTuple, Generic[Who]):
    """What another node said last of a place, and how long it is believed (ms)."""

    who: tuple[Who, ...]
    until: int


class Presence(Generic[Who]):
    """Counts, per place, the live connections of each one: somebody with two tabs leaves when the second closes.

    Beside them it keeps what other nodes say of the place, each until its time is over.
    """

    def __init__(self) -> None:
        self._places: dict[str, dict[Who, int]] = {}
        self._elsewhere: dict[str, dict[bytes, _Picture[Who]]] = {}

    def enter(self, place: str, who: Who) -> bool:
        """One more connection of this node; whether its own picture of the place changed."""
        here = self._places.setdefault(place, {})
        here[who] = here.get(who, 0) + 1
        return here[who] == 1

    def leave(self, place: str, who: Who) -> bool:
        """One connection less; whether the node's own picture changed. Harmless when there was none."""
        here = self._places.get(place)
        if not here or who not in here:
            return False
        here[who] -= 1
        if here[who] > 0:
            return False
        del here[who]
        if not here:
            del self._places[place]
        return True

    def own(self, place: str) -> list[Who]:
        """Who is in the place by a connection of this node."""
        return list(self._places.get(place, ()))

    def own_places(self) -> Iterable[str]:
        """Where somebody is by a connection of this node."""
        return self._places.keys()

    def here(self, place: str) -> list[Who]:
        """Who is in the place, on whatever node."""
        found = dict.fromkeys(self._places.get(place, ()))
        for picture in self._elsewhere.get(place, {}).values():
            found |= dict.fromkeys(picture.who)
        return list(found)

    def is_here(self, place: str, who: Who) -> bool:
        """Whether one is in the place, on whatever node."""
        pictures = self._elsewhere.get(place, {}).values()
        return who in self._places.get(place, ()) or any(who in picture.who for picture in pictures)

    def hear(self, place: str, node: bytes, who: Iterable[Who], until: int) -> bool:
        """Take another node's picture of a place, believed up to ``until`` (ms); whether it is another than before."""
        pictures = self._elsewhere.setdefault(place, {})
        before = pictures.pop(node, None)
        picture = _Picture(tuple(who), until)
        if picture.who:
            pictures[node] = picture
        if not pictures:
            del self._elsewhere[place]
        return set(before.who if before is not None else ()) != set(picture.who)

    def expire(self, now: int) -> set[str]:
        """Forget what was not said again in time; the places that this concerns."""
        return self._forget(lambda _, picture: picture.until <= now)

    def forget(self, node: bytes) -> set[str]:
        """Forget everybody of a node that is gone; the places that this concerns."""
        return self._forget(lambda other, _: other == node)

    def _forget(self, is_over: Callable[[bytes, _Picture[Who]], bool]) -> set[str]:
        changed: set[str] = set()
        for place, pictures in list(self._elsewhere.items()):
            left = {node: picture for node, picture in pictures.items() if not is_over(node, picture)}
            if len(left) == len(pictures):
                continue
            changed.add(place)
            if left:
                self._elsewhere[place] = left
            else:
                del self._elsewhere[place]
        return changed
