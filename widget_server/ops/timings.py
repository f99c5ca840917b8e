"""How long things take, as histograms that cost the way of a message next to nothing: one in a few is timed."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import Final

import orjson
from prometheus_client.metrics_core import HistogramMetricFamily

from widget_server.core.times import from_iso

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets, in seconds."""


class Timings:
    """Durations of one kind, of which one in ``every`` is counted."""

    def __init__(self, name: str, what: str, every: int) -> None:
        self._name = name
        self._what = f"{what} One in {every} is timed."
        self._every = every
        self._turn = 0
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def is_due(self) -> bool:
        """Count one that happens; whether it is one to be timed."""
        self._turn += 1
        if self._turn < self._every:
            return False
        self._turn = 0
        return True

    def begin(self) -> float:
        """The begin of a duration, to be handed to `end`; 0 for one that is not timed."""
        return time.monotonic() if self.is_due() else 0.0

    def end(self, begin: float) -> None:
        """The end of the duration that began at ``begin``."""
        if begin:
            self.add(time.monotonic() - begin)

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def family(self) -> HistogramMetricFamily:
        """As the measures show it."""
        names = [*(str(bound) for bound in BOUNDS), "+Inf"]
        buckets = list(zip(names, map(float, accumulate(self._counts)), strict=True))
        return HistogramMetricFamily(self._name, self._what, buckets=buckets, sum_value=self._sum)


class Deliveries(Timings):
    """From the moment a node took a message until a node hands it to whoever listens there.

    The two may be different nodes: what their clocks differ by is in it.

    Args:
        now_ms: UTC milliseconds.
    """

    def __init__(self, name: str, what: str, every: int, now_ms: Callable[[], int]) -> None:
        super().__init__(name, what, every)
        self._now_ms = now_ms

    def told(self, event: bytes) -> None:
        """An encoded event was handed to its listeners."""
        if self.is_due():
            for message in orjson.loads(event).get("messages", ()):
                # An edit carries the time of the first writing.
                if not message.get("revision") and not message.get("removed"):
                    self.add(max(0, self._now_ms() - from_iso(message["at"])) / 1000)
