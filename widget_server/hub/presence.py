"""Who is here now. Lives in memory, belongs to open connections, expires by itself (G08)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Who = TypeVar("Who", bound=Hashable)


class Presence(Generic[Who]):
    """Counts, per place, the live connections of each one: somebody with two tabs leaves when the second closes."""

    def __init__(self) -> None:
        self._places: dict[str, dict[Who, int]] = {}

    def enter(self, place: str, who: Who) -> bool:
        """One more connection; whether the place's picture changed."""
        here = self._places.setdefault(place, {})
        here[who] = here.get(who, 0) + 1
        return here[who] == 1

    def leave(self, place: str, who: Who) -> bool:
        """One connection less; whether the place's picture changed. Harmless when there was none."""
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

    def here(self, place: str) -> Iterable[Who]:
        """Who is in the place."""
        return list(self._places.get(place, ()))

    def is_here(self, place: str, who: Who) -> bool:
        """Whether one is in the place."""
        return who in self._places.get(place, ())
