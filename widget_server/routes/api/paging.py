"""Where the next page of a list begins: a word that only the list and the token it was told to can read (S48)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from widget_server.actions.sealing import Unopenable
from widget_server.core.errors import Malformed

if TYPE_CHECKING:
    from widget_server.routes.api.operations import Call


def place_of(call: Call, name: str, count: int) -> list[int] | None:
    """Return the ``count`` numbers where the page of list ``name`` begins; None for the first page.

    Raises:
        Malformed: ``bad_request`` for a cursor of another list, filter or token, or one that was made up.
    """
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


def cursor_of(call: Call, name: str, *numbers: int) -> str:
    """Return the cursor of the page that begins behind ``numbers``."""
    return call.office.sealer.seal(orjson.dumps(numbers).decode(), _place(call, name))


def _place(call: Call, name: str) -> str:
    filters = call.query.model_dump(exclude={"cursor", "limit"})
    return f"cursor of {name} {orjson.dumps(filters).decode()} for {call.program.token.public_id}"
