"""What an owner may choose for a site's chat, checked once and kept as one value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from widget_server.core import hours as opening_hours
from widget_server.core.errors import Unacceptable
from widget_server.core.text import check_body, check_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ReplyTime = Literal["minutes", "hours", "day"]
Position = Literal["right", "left"]

DEFAULT_COLOR: Final = "#2f5fd0"
NAME_CHARS: Final = 80
TEXT_CHARS: Final = 500
"""Longest greeting and away text."""
WAIT_MAX: Final = 1440
"""Longest time before a mail, in minutes."""

RECEIPTS_OFF: Final = '"read_receipts":false'
"""How :func:`to_stored` spells the switch that is off, for statements that look for it.

No text in a stored appearance can look like it: inside a text every quotation mark is escaped.
"""

_COLOR: Final = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a site's widget looks and what it says, and when somebody is mailed about a chat there.

    The widget brings its own words for a text that is empty.
    """

    color: str = DEFAULT_COLOR
    """``#rrggbb`` in lower case. Contrast is the widget's business: any colour is taken."""
    greeting: str = ""
    away_text: str = ""
    reply_time: ReplyTime = "minutes"
    position: Position = "right"
    draft_preview: bool = False
    """Agents see what a visitor types before it is sent, and the widget tells the visitor so."""
    read_receipts: bool = True
    """Agents are told what a visitor has seen. False: nobody is (P6), and their messages show "delivered" at most."""
    hours: opening_hours.Hours | None = None
    """None: open whenever an agent is online."""
    missed_minutes: int = 5
    """Open minutes after which agents are mailed a chat that nobody answers; 0: they never are."""
    answer_minutes: int = 2
    """Minutes after which a visitor who left an address is mailed an answer that they have not seen; 0: never."""


FIELDS: Final = frozenset(Appearance.__dataclass_fields__)


def check_changes(present: Appearance, changes: Mapping[str, object], is_zone: Callable[[str], bool]) -> Appearance:
    """Return ``present`` with ``changes`` applied.

    Args:
        present: what holds now.
        changes: some of the fields, in their JSON form.
        is_zone: whether a name is a time zone of this machine.

    Raises:
        Unacceptable: ``bad_value`` with the ``field``, or what is wrong with a text.
    """
    checks: dict[str, Callable[[object], object]] = {
        "color": _check_color,
        "greeting": lambda value: _check_text("greeting", value),
        "away_text": lambda value: _check_text("away_text", value),
        "reply_time": lambda value: _check_choice("reply_time", value, ("minutes", "hours", "day")),
        "position": lambda value: _check_choice("position", value, ("right", "left")),
        "draft_preview": lambda value: _check_switch("draft_preview", value),
        "read_receipts": lambda value: _check_switch("read_receipts", value),
        "hours": lambda value: _check_hours(value, is_zone),
        "missed_minutes": lambda value: _check_minutes("missed_minutes", value),
        "answer_minutes": lambda value: _check_minutes("answer_minutes", value),
    }
    unknown = next((field for field in changes if field not in checks), None)
    if unknown is not None:
        raise Unacceptable("bad_value", field=check_line(unknown[:40], 40))
    checked: dict[str, Any] = {field: checks[field](value) for field, value in changes.items()}
    return replace(present, **checked)


def check_name(value: object) -> str:
    """Return a site's name as it is stored: one line, not empty, at most :data:`NAME_CHARS` characters."""
    if not isinstance(value, str):
        raise Unacceptable("bad_value", field="name")
    return check_line(value, NAME_CHARS, required=True)


def _check_color(value: object) -> str:
    color = value.lower() if isinstance(value, str) else ""
    if not _COLOR.fullmatch(color):
        raise Unacceptable("bad_value", field="color")
    return color


def _check_text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise Unacceptable("bad_value", field=field)
    return check_body(value, TEXT_CHARS) if value.strip() else ""


def _check_choice(field: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise Unacceptable("bad_value", field=field)
    return value


def _check_switch(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Unacceptable("bad_value", field=field)
    return value


def _check_minutes(field: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= WAIT_MAX:
        raise Unacceptable("bad_value", field=field)
    return value


def _check_hours(value: object, is_zone: Callable[[str], bool]) -> opening_hours.Hours | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Unacceptable("bad_value", field="hours")
    return opening_hours.check_hours(cast("dict[str, object]", value), is_zone)


def as_json(appearance: Appearance) -> dict[str, object]:
    """Return every field in its JSON form."""
    return {
        "color": appearance.color,
        "greeting": appearance.greeting,
        "away_text": appearance.away_text,
        "reply_time": appearance.reply_time,
        "position": appearance.position,
        "draft_preview": appearance.draft_preview,
        "read_receipts": appearance.read_receipts,
        "hours": None if appearance.hours is None else opening_hours.as_json(appearance.hours),
        "missed_minutes": appearance.missed_minutes,
        "answer_minutes": appearance.answer_minutes,
    }


def to_stored(appearance: Appearance) -> str:
    """Return the text in which an appearance is kept."""
    return json.dumps(as_json(appearance), ensure_ascii=False, separators=(",", ":"))


def from_stored(text: str) -> Appearance:
    """Return what :func:`to_stored` was given; a field that a later version added has its default.

    A time zone that this machine has lost is kept: the owner sees it and chooses another.
    """
    stored = {field: value for field, value in json.loads(text).items() if field in FIELDS}
    return check_changes(Appearance(), stored, lambda _: True)
