"""Being told: which ways a notice still has to take, what somebody chose, and when their next digest is due.

Pure rules; whoever writes, sends or shows notices asks them here, so that nothing is told twice (:func:`ways_left`).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

Way = Literal["page", "mail", "push"]
WAYS: Final[tuple[Way, ...]] = get_args(Way)

Mails = Literal["at_once", "daily", "weekly", "never"]
MAILS: Final[tuple[Mails, ...]] = get_args(Mails)

Level = Literal["watch", "follow", "mute"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

Watched = Literal["board", "thread", "tag", "person"]
WATCHED: Final[tuple[Watched, ...]] = get_args(Watched)

STAFF: Final = "staff"
"""The topic of what moderators tell somebody: a warning, what became of a held post. It is always shown in the page."""
TOPICS: Final = ("reply", "quote", "mention", "accepted", "thread", "post", "message", "invitation", STAFF)
"""What somebody chooses ways for. Every kind of notice is a topic of its own, but for those of :data:`STAFF`."""

DELAY_MS: Final = 120_000
"""A mail at once waits so long whether its notice is seen in the page; what comes meanwhile is in the same mail."""
HOUR: Final = 8
"""At which hour of the day somebody gets their digest who has not chosen another one."""


class Choices(NamedTuple):
    """How somebody wants to be told."""

    mails: Mails = "at_once"
    kinds: Mapping[str, frozenset[Way]] = MappingProxyType({})
    """By topic; a topic that is missing has what the program begins with."""
    hour: int = HOUR
    day: int = 0
    """Of the week, from Monday: of a weekly digest."""
    follows: bool = True
    """Whether they follow threads in which they write."""

    def ways(self, kind: str) -> frozenset[Way]:
        """By which ways a kind of notice is told."""
        topic = topic_of(kind)
        chosen = self.kinds.get(topic, _WAYS_OF.get(topic, _ALL))
        return chosen | {"page"} if topic == STAFF else chosen


_ALL: Final[frozenset[Way]] = frozenset(WAYS)
_WAYS_OF: Final[Mapping[str, frozenset[Way]]] = {"message": frozenset({"page", "push"})}
"""What the program begins with, where that is not all: a room that talks would fill a mailbox."""


def topic_of(kind: str) -> str:
    """Return the topic of a kind of notice: an unknown one comes from the staff."""
    return kind if kind in TOPICS else STAFF


class Told(NamedTuple):
    """How far somebody has been told of one thing."""

    kind: str
    is_seen: bool = False
    is_mailed: bool = False
    is_pushed: bool = False


Left = Literal["mail", "digest", "push"]


def ways_left(told: Told, choices: Choices) -> frozenset[Left]:
    """Return by which ways a notice is still to be told.

    What was seen is told no more. What was mailed is not pushed, and what was pushed is not mailed at once; a digest
    names it, as long as it was not seen.
    """
    if told.is_seen or told.is_mailed:
        return frozenset()
    ways = choices.ways(told.kind)
    left: set[Left] = set()
    if "push" in ways and not told.is_pushed:
        left.add("push")
    if "mail" in ways and choices.mails in {"daily", "weekly"}:
        left.add("digest")
    elif "mail" in ways and choices.mails == "at_once" and not told.is_pushed:
        left.add("mail")
    return frozenset(left)


def next_digest(choices: Choices, now_ms: int, zone: tzinfo) -> int | None:
    """Return when the next digest is due, in UTC ms, always later than ``now_ms``; None where there is none.

    It comes at the hour that the clock on the wall shows: an hour that a change of the clocks leaves out is the one
    behind it, one that comes twice is the first.
    """
    if choices.mails not in {"daily", "weekly"}:
        return None
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    for ahead in range(9):
        day = today + timedelta(days=ahead)
        if choices.mails == "weekly" and day.weekday() != choices.day:
            continue
        at = int(datetime.combine(day, time(choices.hour), zone).timestamp() * 1000)
        if at > now_ms:
            return at
    raise AssertionError("a week has seven days")


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name; UTC for an empty or an unknown one."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def choices_of(mails: str, written: Mapping[str, Any]) -> Choices:
    """Return choices as they were stored; what cannot be understood is what the program begins with."""
    kinds = written.get("kinds")
    known = kinds if isinstance(kinds, dict) else {}
    return Choices(
        next((each for each in MAILS if each == mails), "at_once"),
        {topic: frozenset(way for way in WAYS if way in known[topic]) for topic in TOPICS if topic in known},
        _within(written.get("hour"), 23, HOUR),
        _within(written.get("day"), 6, 0),
        written.get("follows") is not False,
    )


def written_choices(choices: Choices) -> dict[str, Any]:
    """Return choices as they are stored beside when mails come."""
    return {
        "kinds": {topic: [way for way in WAYS if way in ways] for topic, ways in choices.kinds.items()},
        "hour": choices.hour,
        "day": choices.day,
        "follows": choices.follows,
    }


def _within(value: object, most: int, otherwise: int) -> int:
    return value if isinstance(value, int) and 0 <= value <= most else otherwise
