"""From text to a frame, or to the documented refusal. Never raises anything else, whatever the bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from widget_server.core.errors import Malformed
from widget_server.protocol.frames import CLIENT_FRAME, ClientFrame

MAX_LEVELS: Final = 32

_VALIDATED: Final[Callable[[bytes], ClientFrame]] = CLIENT_FRAME.validator.validate_json
"""Without the adapter's own call around it, which costs half as much again as decoding."""

_NOT_BRACKETS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[^"\[\]{}]++', re.DOTALL)
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")


def decode(text: str | bytes, max_bytes: int) -> ClientFrame:
    """The frame in ``text``.

    :raises Malformed: ``too_large``, ``too_deep``, ``unknown_frame`` or ``malformed`` with ``where``.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > max_bytes:
        raise Malformed("too_large", limit=max_bytes)
    try:
        return _VALIDATED(data)
    except ValidationError as error:
        if _is_too_deep(data):
            raise Malformed("too_deep", limit=MAX_LEVELS) from None
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "union_tag_invalid":
            raise Malformed("unknown_frame") from None
        where = ".".join(str(part) for part in first["loc"]) or "it is not a JSON object with a t"
        raise Malformed("malformed", where=f"{where} ({first['type']})") from None
    except (ValueError, RecursionError):
        raise Malformed("malformed", where="it is not JSON") from None


def _is_too_deep(data: bytes) -> bool:
    """Whether brackets nest deeper than allowed, strings apart; looked at only once a frame was refused.

    Pairs are taken out from the inside, one level at a time: whatever a stranger sends costs a few searches, where a
    look at each character would cost as much as a hundred messages.
    """
    brackets = _NOT_BRACKETS.sub(b"", data).translate(_ALIKE)
    for _ in range(MAX_LEVELS):
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets or brackets.count(b"[") > MAX_LEVELS
