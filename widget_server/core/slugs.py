"""The words of an address: what people read of it. The program reads the number beside them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_BETWEEN: Final = re.compile(r"[\W_]+")
_CHARS: Final = 60


@lru_cache(maxsize=1024)
def slug_of(text: str) -> str:
    """Return ``text`` as the words of an address: small letters of any script and digits, joined by ``-``.

    Marks over Latin letters go ("café" is ``cafe``); of other scripts the letters stay as they are. What has no letter
    is ``-``.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(_plain(char) for char in folded)
    words = _BETWEEN.sub("-", plain).strip("-")
    if len(words) > _CHARS:
        cut = words[: _CHARS + 1]
        words = (cut.rsplit("-", 1)[0] if "-" in cut else cut[:_CHARS]).strip("-")
    return words or "-"


def thread_path(board: str, number: int, title: str) -> str:
    """Return the address of a thread: under its board, by its number; the words are for people (S4.04)."""
    return f"/boards/{board}/{number}/{slug_of(title)}"


def _plain(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else char
