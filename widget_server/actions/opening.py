"""Opening hours against the time zones of this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from widget_server.core.hours import Hours, Opening, opening

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_NAME_CHARS = 64


@lru_cache(maxsize=256)
def is_zone(name: str) -> bool:
    """Return whether this machine knows the time zone."""
    if not name or len(name) > _MAX_NAME_CHARS:
        return False
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def zone_offset(name: str) -> Callable[[int], int]:
    """Return the offset from UTC (ms) at a UTC time (ms), as a function; an unknown zone counts as UTC."""
    zone = ZoneInfo(name) if is_zone(name) else UTC

    def offset_at(at_ms: int) -> int:
        offset = datetime.fromtimestamp(at_ms / 1000, zone).utcoffset()
        return int(offset.total_seconds() * 1000) if offset is not None else 0

    return offset_at


def opening_at(hours: Hours, now_ms: int) -> Opening:
    """Return whether ``hours`` are open at ``now_ms`` (UTC), and when that changes."""
    return opening(hours, now_ms, zone_offset(hours.zone))
