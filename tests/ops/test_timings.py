"""How long things take, as the measures show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import begin
from widget_server.core.times import iso
from widget_server.ops.metrics import METRICS, Metrics
from widget_server.ops.timings import Deliveries, Timings

if TYPE_CHECKING:
    from tests.serving import Served

_NOW_MS = 1_700_000_000_000


def samples(metrics: Metrics, name: str) -> dict[str, float]:
    """A histogram's buckets by their upper ends, and its count and sum."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name.startswith(name):
                found[sample.labels.get("le", sample.name.removeprefix(f"{name}_"))] = sample.value
    return found


def test_durations_fall_into_buckets_that_add_up() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.3, 99.0):
        metrics.acks.add(seconds)
    seen = samples(metrics, "widget_ack_seconds")
    assert (seen["0.001"], seen["0.25"], seen["0.5"], seen["10.0"], seen["+Inf"]) == (2, 2, 3, 3, 4)
    assert seen["count"] == 4
    assert seen["sum"] == pytest.approx(99.3015)


def test_one_in_a_few_is_timed() -> None:
    timings = Timings("t", "What.", 4)
    begins = [timings.begin() for _ in range(8)]
    assert [bool(begin) for begin in begins] == [False, False, False, True] * 2


def deliveries() -> tuple[Deliveries, list[float]]:
    found: list[float] = []

    class Noted(Deliveries):
        def add(self, seconds: float) -> None:
            found.append(seconds)

    return Noted("d", "What.", 1, lambda: _NOW_MS), found


def event(*messages: dict[str, object]) -> bytes:
    return orjson.dumps({"t": "event", "channel": "c", "from": 1, "to": 2, "messages": list(messages)})


def test_a_delivery_runs_from_the_time_that_the_message_carries() -> None:
    measured, found = deliveries()
    measured.told(event({"at": iso(_NOW_MS - 1500), "revision": 0}))
    assert found == [1.5]


def test_edits_removals_and_heads_are_no_late_deliveries() -> None:
    measured, found = deliveries()
    measured.told(event({"at": iso(0), "revision": 1}, {"at": iso(0), "revision": 0, "removed": True}))
    measured.told(orjson.dumps({"t": "event", "channel": "c", "from": 1, "to": 2, "head": {}}))
    assert found == []


def test_a_clock_that_is_ahead_makes_no_negative_delivery() -> None:
    measured, found = deliveries()
    measured.told(event({"at": iso(_NOW_MS + 20), "revision": 0}))
    assert found == [0]


async def test_messages_of_a_served_conversation_are_timed(served: Served) -> None:
    async with served.visitor() as visitor:
        await begin(visitor)
        for number in range(70):
            await visitor.deliver(f"{number}")
    metrics = served.app[METRICS]
    assert samples(metrics, "widget_ack_seconds")["count"] >= 70 // 8
    assert samples(metrics, "widget_delivery_seconds")["count"] == 1
