"""In which order threads are shown: by what people think of them, weighed against their age."""

from __future__ import annotations

import math
from typing import Final

_DAY_S: Final = 45_000
"""Ten times as many votes make up for so many seconds of age: twelve and a half hours."""


def hot(score: int, created_at: int) -> int:
    """Return the rank of a thread with this sum of votes, begun at ``created_at`` (UTC ms). Higher comes first.

    It never changes with time alone, so that it can be stored and found by an index: what comes later begins higher.
    """
    weight = math.log10(max(1, abs(score))) * (1 if score > 0 else -1 if score < 0 else 0)
    return round((weight + created_at / 1000 / _DAY_S) * 10_000)
