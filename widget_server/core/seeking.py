"""What somebody seeks, as they typed it: words, "words in this order", -without, and what narrows it down.

``author:NAME board:WORDS tag:NAME after:2026-01-31 before:2026-03 in:chats``, with quotes where there is a blank.
Everything that is not well formed is plain words: there is no query that is refused, and none that is a program (F8).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from widget_server.core.words import Term, term_of

QUERY_CHARS: Final = 300
TERMS: Final = 12
"""More terms than this are not looked for."""

PLACES: Final = ("threads", "boards", "rooms", "chats")
"""Where one can look besides everywhere in the community."""

_QUOTES: Final = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"'})


class Sought(NamedTuple):
    """A query."""

    terms: tuple[Term, ...] = ()
    """All of them must be there."""
    without: tuple[Term, ...] = ()
    """None of them may."""
    author: str = ""
    board: str = ""
    tag: str = ""
    after_ms: int | None = None
    """Written at this time or later."""
    before_ms: int | None = None
    """Written earlier than this."""
    place: str = ""
    """One of :data:`PLACES`, or "" for all of the community."""

    @property
    def words(self) -> frozenset[str]:
        """What is to be marked where it is found."""
        return frozenset(word for term in self.terms for word in term.words)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is sought."""
        return not (self.terms or self.author or self.tag)


def seek(text: str) -> Sought:
    """Read a query; what is beyond its limits is left out."""
    terms: list[Term] = []
    without: list[Term] = []
    said: dict[str, str | int] = {}
    for name, value, is_not in _parts(text.translate(_QUOTES)[:QUERY_CHARS]):
        if name and not is_not:
            fact = _fact(name, value)
            if fact is not None:
                said[fact[0]] = fact[1]
                continue
        term = term_of(f"{name} {value}" if name else value)
        if term is not None and len(terms) + len(without) < TERMS:
            (without if is_not else terms).append(term)
    return Sought(tuple(terms), tuple(without), **said)  # type: ignore[arg-type]  # each name has its kind in _fact


def _parts(text: str) -> list[tuple[str, str, bool]]:
    """(what stands before a colon or "", the value, whether it is preceded by a minus) of each part of a query."""
    parts: list[tuple[str, str, bool]] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        is_not = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
        at += is_not
        name, value, at = _part(text, at)
        parts.append((name, value, is_not))
    return parts


def _part(text: str, at: int) -> tuple[str, str, int]:
    start = at
    name = ""
    while at < len(text) and not text[at].isspace():
        if text[at] == '"' and at == start:
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            return name, text[at + 1 : end], end + 1
        if text[at] == ":" and not name and text[start:at].lower() in _FACTS:
            name = text[start:at].lower()
            start = at + 1
        at += 1
    return name, text[start:at], at


def _fact(name: str, value: str) -> tuple[str, str | int] | None:
    value = value.strip()
    if not value:
        return None
    if name == "in":
        place = value.lower()
        return ("place", place) if place in PLACES else None
    if name in {"author", "board", "tag"}:
        return name, value
    day = day_of(value)
    return None if day is None else (f"{name}_ms", day)


_FACTS: Final = frozenset({"author", "board", "tag", "before", "after", "in"})


def day_of(text: str) -> int | None:
    """Return when a day, month or year (``2026-01-31``, ``2026-01``, ``2026``) begins, in UTC ms.

    None for any other text.
    """
    numbers = text.split("-")
    widths = [len(each) for each in numbers]
    if widths[0] != 4 or len(widths) > 3 or not all(each.isascii() and each.isdigit() for each in numbers):
        return None
    if not all(0 < width <= 2 for width in widths[1:]):
        return None
    year, month, day = [*map(int, numbers), 1, 1][:3]
    try:
        return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None
