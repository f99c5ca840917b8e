"""Durations in buckets that grow by a fiftieth: percentiles within 1 %, small enough to hand between processes."""

from __future__ import annotations

import math
from collections import Counter

_GROWTH = 1.02
_LOG_GROWTH = math.log(_GROWTH)
_FLOOR_SECONDS = 1e-6


class Histogram:
    """Counts of durations.

    Args:
        counts: how many fell into each bucket, as :attr:`counts` of another one.
    """

    def __init__(self, counts: dict[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    def add(self, seconds: float) -> None:
        """Count one; what is shorter than a microsecond counts as that."""
        self.counts[int(math.log(max(seconds, _FLOOR_SECONDS) / _FLOOR_SECONDS) / _LOG_GROWTH)] += 1

    def merge(self, other: Histogram) -> None:
        """Count everything that ``other`` has counted."""
        self.counts.update(other.counts)

    @property
    def total(self) -> int:
        """How many were counted."""
        return self.counts.total()

    def percentile(self, share: float) -> float:
        """The duration in seconds that ``share`` (0 to 1) of all do not exceed; 0 where nothing was counted."""
        wanted = share * self.total
        seen = 0
        for bucket, count in sorted(self.counts.items()):
            seen += count
            if seen >= wanted:
                return float(_FLOOR_SECONDS * _GROWTH ** (bucket + 0.5))
        return 0.0
