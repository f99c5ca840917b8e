"""Opening hours: when somebody answers, in the time zone of the people who do.

Zones are data of the operating system, so that whoever asks brings the zone's offset as a function of time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.errors import Unacceptable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Span = tuple[int, int]
"""From and until, in minutes since the local midnight; until is later than from and at most 1440."""

OffsetAt = "Callable[[int], int]"
"""The zone's offset from UTC, in ms, at a UTC time in ms."""

DAY_MINUTES: Final = 24 * 60
MAX_SPANS: Final = 6
"""Spans of one day."""

_MINUTE: Final = 60_000
_DAY: Final = DAY_MINUTES * _MINUTE
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_THURSDAY: Final = 3
"""The weekday of 1970-01-01, counted from Monday as 0."""


class Hours(NamedTuple):
    """A week: the spans of Monday to Sunday, sorted and apart, in the IANA time zone ``zone``."""

    zone: str
    days: tuple[tuple[Span, ...], ...]


class Opening(NamedTuple):
    """Whether it is open, and when that changes next (UTC, ms; None: never)."""

    open: bool
    changes_at: int | None


def opening(hours: Hours, now_ms: int, offset_at: Callable[[int], int]) -> Opening:
    """Return whether ``hours`` are open at ``now_ms`` and when that changes.

    Args:
        hours: the week.
        now_ms: UTC time in ms.
        offset_at: gives the offset of ``hours.zone`` from UTC, in ms, at a UTC time in ms.
    """
    now_open = _is_open(hours, now_ms, offset_at)
    edges = sorted(edge for edge in _edges(hours, now_ms, offset_at) if edge > now_ms)
    change = next((edge for edge in edges if _is_open(hours, edge, offset_at) != now_open), None)
    return Opening(now_open, change)


def after_open(hours: Hours | None, since_ms: int, minutes: int, offset_at: Callable[[int], int]) -> int | None:
    """Return when (UTC, ms) it has been open for so many minutes since a time; None: it never will.

    Args:
        hours: the week; None is always open.
        since_ms: UTC time in ms.
        minutes: at least one.
        offset_at: gives the offset of ``hours.zone`` from UTC, in ms, at a UTC time in ms.
    """
    left = minutes * _MINUTE
    if hours is None:
        return since_ms + left
    at = since_ms
    while left > 0:
        now = opening(hours, at, offset_at)
        if now.changes_at is None:
            return at + left if now.open else None
        if now.open:
            if now.changes_at - at >= left:
                return at + left
            left -= now.changes_at - at
        at = now.changes_at
    return at


def _is_open(hours: Hours, at_ms: int, offset_at: Callable[[int], int]) -> bool:
    day, into_day = divmod(at_ms + offset_at(at_ms), _DAY)
    minute = into_day // _MINUTE
    return any(start <= minute < end for start, end in hours.days[(day + _THURSDAY) % 7])


def _edges(hours: Hours, now_ms: int, offset_at: Callable[[int], int]) -> Iterator[int]:
    """The times (UTC) of every start and end from yesterday until this weekday comes again."""
    today = (now_ms + offset_at(now_ms)) // _DAY
    for day in range(today - 1, today + 8):
        for span in hours.days[(day + _THURSDAY) % 7]:
            for minute in span:
                local = day * _DAY + minute * _MINUTE
                guess = local - offset_at(local)
                yield local - offset_at(guess)


def check_hours(value: Mapping[str, object], is_zone: Callable[[str], bool]) -> Hours:
    """Return the week that ``{"zone": "Europe/Berlin", "days": {"1": [["09:00", "17:00"]], ...}}`` describes.

    Days are numbered from Monday as 1; a missing day is closed; spans that touch or overlap become one.

    Raises:
        Unacceptable: ``bad_value`` with the ``field`` that is wrong.
    """
    zone, days = value.get("zone"), value.get("days")
    if not isinstance(zone, str) or not is_zone(zone):
        raise Unacceptable("bad_value", field="hours.zone")
    if not isinstance(days, dict) or not set(days) <= set("1234567"):
        raise Unacceptable("bad_value", field="hours.days")
    return Hours(zone, tuple(_check_day(days.get(day, []), f"hours.days.{day}") for day in "1234567"))


def _check_day(value: object, field: str) -> tuple[Span, ...]:
    if not isinstance(value, list) or len(value) > MAX_SPANS:
        raise Unacceptable("bad_value", field=field)
    joined: list[Span] = []
    for start, end in sorted(_check_span(span, field) for span in value):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _check_span(value: object, field: str) -> Span:
    if not isinstance(value, list) or len(value) != 2:
        raise Unacceptable("bad_value", field=field)
    start, end = (_check_clock(text, field) for text in value)
    if start >= end:
        raise Unacceptable("bad_value", field=field)
    return start, end


def _check_clock(text: object, field: str) -> int:
    if not isinstance(text, str) or not _CLOCK.fullmatch(text):
        raise Unacceptable("bad_value", field=field)
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def as_json(hours: Hours) -> dict[str, object]:
    """Return ``hours`` in the form that :func:`check_hours` takes, with every day named."""
    return {
        "zone": hours.zone,
        "days": {
            str(day): [[_clock(start), _clock(end)] for start, end in spans] for day, spans in enumerate(hours.days, 1)
        },
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
