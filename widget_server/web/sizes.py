"""How large a file is, in the reader's language: as ``widget_js/src/files/size.ts`` says it in a browser."""

from __future__ import annotations

from typing import Final

from widget_server.web.size_words import SIZE_WORDS

_LARGEST: Final = 3
"""Gigabytes: the power of a thousand."""


def said_size(size: int, language: str) -> str:
    """Return a size as in ``12 kB``, or ``1,5 Mo`` in French.

    Args:
        size: in bytes.
        language: one of ``languages.NAMES``.
    """
    power = 0
    # What would be rounded to a thousand is one of the next unit.
    while power < _LARGEST and 2 * size >= 1999 * 1000**power:
        power += 1
    tenths = 10 if power > 1 and size < 10 * 1000**power else 1
    rounded = (2 * size * tenths + 1000**power) // (2 * 1000**power)
    whole, rest = divmod(rounded, tenths)
    decimal, *around = SIZE_WORDS[language]
    return around[power].format(f"{whole}{decimal}{rest}" if rest else str(whole))
