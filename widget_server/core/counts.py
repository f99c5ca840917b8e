"""How many of something wait: counted a little further than it is shown, and shown alike everywhere.

The same rule stands in ``widget_js/src/core/counts.ts``.
"""

from __future__ import annotations

from typing import Final

SHOWN_MAX: Final = 99
COUNTED_MAX: Final = SHOWN_MAX + 1
"""Counting ends here: that there are more than are shown is all that anybody has to know."""


def shown_count(count: int) -> str:
    """Return a number as it is shown: beyond 99 it is ``99+``."""
    return f"{SHOWN_MAX}+" if count > SHOWN_MAX else str(count)
