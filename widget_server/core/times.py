"""Times are UTC milliseconds inside and ISO 8601 outside; order never comes from them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from widget_server.core.errors import Unacceptable


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


@lru_cache(maxsize=4096)
def iso(ms: int) -> str:
    """``ms`` since 1970 (UTC) as ``2026-11-20T12:34:56.789Z``."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


def from_iso(text: str) -> int:
    """The inverse of :func:`iso`, for any ISO 8601 time with a zone.

    :raises ValueError: when ``text`` is no time or names no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone")
    return round(moment.timestamp() * 1000)


def check_days(text: str, most: int) -> int | None:
    """Return after how many days something ends by itself, as it was typed; None is never.

    Raises:
        Unacceptable: ``bad_choice`` for anything but a number up to ``most``.
    """
    if not text.strip():
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= most):
        raise Unacceptable("bad_choice")
    return int(text)
