"""The words of a text, as an index of words holds them: folded, so that writers and seekers meet.

Every step looks at each character once, so that the time grows with the text and with nothing else (S28). A word
consists of letters, marks and digits only: whatever else somebody writes parts words, and no character of a query
language ever reaches an index (F8, S33).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

WORD_CHARS: Final = 64
"""Longer words are cut: nobody seeks by what comes after, and an index has its own limits."""

_LATIN_MARKS: Final = range(0x300, 0x370)
_UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"  # Hangul, whose particles stick to their words
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUNS: Final = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED: Final = re.compile(f"[{_UNSPACED}]")


class _Folding(dict[int, str]):
    """What becomes of each character, worked out once."""

    def __missing__(self, code: int) -> str:
        made = self[code] = _folded(chr(code))
        return made


def _folded(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else " "
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.digit(char))
    if kind[0] in "LN":
        base = unicodedata.normalize("NFD", char)[0]
        return base if base.isascii() and base.isalnum() else char
    if kind[0] == "M":
        return "" if ord(char) in _LATIN_MARKS else char
    # What joins or hides inside a word does not part it.
    return "" if kind == "Cf" else " "


_FOLDING: Final = _Folding()


def fold_words(text: str) -> str:
    """Return ``text`` with its words folded and blanks between them, before words are parted that have none."""
    if text.isascii():
        return text.lower().translate(_FOLDING)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_FOLDING)


def split_words(text: str) -> list[str]:
    """Return the words of ``text`` in order: folded, at most :data:`WORD_CHARS` long.

    "Größe" is ``grosse``, "Café" ``cafe``, and digits of any script are ASCII's. Scripts that put no
    blanks between words become pairs of neighbouring characters and, at the end of a run, its last character: whoever
    seeks a part of a run finds the same pairs in the same order, and whoever seeks one character finds a word that
    begins with it.
    """
    words: list[str] = []
    for chunk in fold_words(text).split():
        if chunk.isascii() or not _IS_UNSPACED.search(chunk):
            words.append(chunk[:WORD_CHARS])
            continue
        for run in _RUNS.findall(chunk):
            if _IS_UNSPACED.match(run):
                words += [run[place : place + 2] for place in range(len(run))]
            else:
                words.append(run[:WORD_CHARS])
    return words


class Term(NamedTuple):
    """Words that stand one after the other."""

    words: tuple[str, ...]
    is_beginning: bool = False
    """Whether the last of them need only be how a word begins."""


def term_of(text: str) -> Term | None:
    """Return what finds ``text`` among :func:`split_words` of a text that has it; None where it has no word."""
    words = split_words(text)
    if not words:
        return None
    if len(words[-1]) > 1 or not _IS_UNSPACED.match(words[-1]):
        return Term(tuple(words))
    # The end of what is sought need not be the end of the run.
    if len(words) > 1 and len(words[-2]) == 2 and _IS_UNSPACED.match(words[-2]):
        return Term(tuple(words[:-1]))
    return Term(tuple(words), is_beginning=True)
