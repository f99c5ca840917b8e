"""What somebody reads of a text: Markdown without its signs, and the part of it in which sought words stand.

Nothing here makes HTML: a snippet is pieces of text, and whoever shows them escapes them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.words import split_words

if TYPE_CHECKING:
    from collections.abc import Collection

# Each pattern is bounded, and none can begin inside of what it has taken: the time grows with the text (S28).
_FENCE: Final = re.compile(r"^[ >]{0,12}(?:`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_RULE: Final = re.compile(r"^[ \t]{0,3}(?:[-=*_][ \t]{0,3}){3,200}$", re.MULTILINE)
_BEGINNING: Final = re.compile(r"^[ \t>]{0,40}(?:#{1,6}[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])?", re.MULTILINE)
_LINK: Final = re.compile(
    r"!?\[([^\[\]\n]{0,1000})\](?:\([^()\s]{0,2000}(?:[ \t]\"[^\"\n]{0,300}\")?\)|\[[^\[\]\n]{0,200}\])"
)
_AUTOLINK: Final = re.compile(r"<([a-z]{1,12}:[^<>\s]{1,2000})>", re.IGNORECASE)
_OPENING: Final = re.compile(r"(?<![\w*_~`\\])[*_~`]{1,3}(?=[^\s*_~`])")
_CLOSING: Final = re.compile(r"(?<=[^\s*_~`\\])[*_~`]{1,3}(?![\w*_~`])")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_SPACE: Final = re.compile(r"\s+")

_SNIPPET: Final = 240
_BEFORE: Final = 80
_LOOKED_AT: Final = 16_000
"""How far into a text sought words are looked for to show them."""
_PIECE: Final = re.compile(r"[^\s!-/:-@\[-`{-~]+")


def plain_of(source: str) -> str:
    """Return what is read of a Markdown source, as one line: the words of links, not where they lead."""
    text = _RULE.sub("", _FENCE.sub("", source))
    text = _LINK.sub(r"\1", _BEGINNING.sub("", text))
    text = _CLOSING.sub("", _OPENING.sub("", _AUTOLINK.sub(r"\1", text)))
    return one_line(_ESCAPED.sub(r"\1", text))


def one_line(text: str) -> str:
    """Return ``text`` with one blank wherever it has any."""
    return _SPACE.sub(" ", text).strip()


class Piece(NamedTuple):
    """A piece of a snippet."""

    text: str
    is_hit: bool
    """Whether it was sought."""


def snippet_of(plain: str, words: Collection[str]) -> list[Piece]:
    """Return the part of a plain text where the first of ``words`` (as of ``split_words``) stands, and what is around.

    Its beginning where none does.
    """
    hits = _hits(plain[:_LOOKED_AT], frozenset(words))
    start = _word_start(plain, max(0, hits[0][0] - _BEFORE)) if hits else 0
    end = _word_end(plain, start + _SNIPPET)
    pieces = [Piece("…", is_hit=False)] if start else []
    at = start
    for begins, ends in hits:
        if begins < at or ends > end:
            continue
        if begins > at:
            pieces.append(Piece(plain[at:begins], is_hit=False))
        pieces.append(Piece(plain[begins:ends], is_hit=True))
        at = ends
    if at < end:
        pieces.append(Piece(plain[at:end], is_hit=False))
    return [*pieces, Piece("…", is_hit=False)] if end < len(plain) else pieces


def _hits(text: str, words: frozenset[str]) -> list[tuple[int, int]]:
    """The places of ``words``; nothing is looked for beyond what one snippet could show."""
    hits: list[tuple[int, int]] = []
    for found in _PIECE.finditer(text):
        if hits and found.start() > hits[0][0] + _SNIPPET:
            break
        own = split_words(found[0])
        if len(own) == 1 or found[0].isascii():
            if not words.isdisjoint(own):
                hits.append(found.span())
        elif not words.isdisjoint(own):
            hits += _hits_inside(found[0], found.start(), words)
    return hits


def _hits_inside(piece: str, start: int, words: frozenset[str]) -> list[tuple[int, int]]:
    """Where words stand that nothing parts from others, in scripts without blanks; the whole piece if none is found."""
    spans: list[tuple[int, int]] = []
    for place in range(len(piece)):
        pair = split_words(piece[place : place + 2])
        if not pair or words.isdisjoint(pair[:1]):
            continue
        ends = place + (2 if len(pair[0]) > 1 else 1)
        if spans and spans[-1][1] >= place:
            spans[-1] = (spans[-1][0], ends)
        else:
            spans.append((place, ends))
    return [(start + begins, start + ends) for begins, ends in spans] or [(start, start + len(piece))]


def _word_start(text: str, at: int) -> int:
    """The beginning of the word after ``at``, if it is near."""
    if at == 0:
        return 0
    blank = text.find(" ", at, at + 30)
    return at if blank < 0 else blank + 1


def _word_end(text: str, at: int) -> int:
    """The end of the last whole word before ``at``."""
    if at >= len(text):
        return len(text)
    blank = text.rfind(" ", at - 30, at + 1)
    return at if blank < 0 else blank
