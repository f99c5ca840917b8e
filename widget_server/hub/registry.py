"""The connections of one node: counted, ticked, and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Registered(Protocol):
    """What a connection shows of itself."""

    @property
    def address(self) -> str:
        """The client's network address."""
        ...


C = TypeVar("C", bound=Registered)


class Registry(Generic[C]):
    """All open connections, with a cap for each address (S40)."""

    def __init__(self, per_address: int) -> None:
        self._all: dict[C, None] = {}
        self._addresses: dict[str, int] = {}
        self._per_address = per_address

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[C]:
        return iter(list(self._all))

    def has_room(self, address: str) -> bool:
        """Whether one more connection from ``address`` is taken."""
        return self._addresses.get(address, 0) < self._per_address

    def add(self, connection: C) -> None:
        """Count a connection in."""
        self._all[connection] = None
        self._addresses[connection.address] = self._addresses.get(connection.address, 0) + 1

    def remove(self, connection: C) -> None:
        """Count it out. Harmless to repeat."""
        if self._all.pop(connection, self) is self:
            return
        left = self._addresses[connection.address] - 1
        if left:
            self._addresses[connection.address] = left
        else:
            del self._addresses[connection.address]
