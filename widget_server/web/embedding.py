"""Values inside scripts and pages, so that nothing in them can end the place where they stand (S24)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_ESCAPES: Final = str.maketrans(
    {character: f"\\u{ord(character):04x}" for character in ("<", ">", "&", "\u2028", "\u2029")}
)


def script_json(value: Mapping[str, object]) -> str:
    """Return ``value`` as JSON that is the same inside ``<script>``, in a script of its own, and as plain JSON."""
    return orjson.dumps(value).decode().translate(_ESCAPES)
