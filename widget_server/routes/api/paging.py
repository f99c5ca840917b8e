"""Where the next page of a list begins: a word that only the list and the token it was told to can read (S48)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import orjson

from widget_server.actions.sealing import Unopenable
from widget_server.core.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.routes.api.operations import Call


class Keyed(Protocol):
    """A row of a list that is read in the order of its keys."""

    @property
    def id(self) -> int:
        """Its key."""


Row = TypeVar("Row", bound=Keyed)


def key_of(call: Call, name: str) -> int | None:
    """Return the key behind which the page of list ``name`` begins; None for the first page.

    Raises:
        Malformed: as :func:`pair_of`.
    """
    numbers = _opened(call, name, 1)
    return None if numbers is None else numbers[0]


def pair_of(call: Call, name: str) -> tuple[int, int] | None:
    """Return the value and the key behind which the page of list ``name`` begins; None for the first page.

    Raises:
        Malformed: ``bad_request`` for a cursor of another list, filter or token, or one that was made up.
    """
    numbers = _opened(call, name, 2)
    return None if numbers is None else (numbers[0], numbers[1])


def cursor_of(call: Call, name: str, numbers: Sequence[int] | None) -> str | None:
    """Return the cursor of the page that begins behind ``numbers``; None where no page follows."""
    if numbers is None:
        return None
    return call.office.sealer.seal(orjson.dumps(list(numbers)).decode(), _place(call, name))


def cut(call: Call, name: str, found: Sequence[Row]) -> tuple[Sequence[Row], str | None]:
    """Return a page of list ``name``, and the cursor of the next; ``found`` has one row more where one follows."""
    shown = found[: call.query.limit]
    return shown, cursor_of(call, name, [shown[-1].id] if len(found) > len(shown) else None)


def _opened(call: Call, name: str, count: int) -> list[int] | None:
    cursor: str | None = call.query.cursor
    if cursor is None:
        return None
    try:
        found = orjson.loads(call.office.sealer.open(cursor, _place(call, name)))
    except (Unopenable, ValueError):
        raise Malformed("bad_request", where="cursor") from None
    if not isinstance(found, list) or len(found) != count:
        raise Malformed("bad_request", where="cursor")
    return [int(number) for number in found]


def _place(call: Call, name: str) -> str:
    filters = call.query.model_dump(exclude={"cursor", "limit"})
    return f"cursor of {name} {orjson.dumps(filters).decode()} for {call.program.token.public_id}"
