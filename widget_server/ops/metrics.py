"""What a server measures about itself, in a registry of its own, served by the internal listener as ``/metrics``.

Labels are few and fixed: never an id, a name or an address of anybody. What happens for every message is counted in
plain integers, which cost nothing, and turned into samples when somebody asks.
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from widget_server import __version__
from widget_server.ops.timings import Deliveries, Timings

_ACKS_EVERY = 8
_DELIVERIES_EVERY = 64
_BROKER = {
    "sent": "Commands that the broker took.",
    "dropped": "Hints that could not be given to other nodes; they find out by themselves.",
    "received": "What was heard of other nodes, and of this one.",
    "reconnects": "How often the subscription had to be made again.",
    "gaps": "Channels that had moved while other nodes were not heard, and were read from the store.",
    "foreign": "What was heard that no node of this installation said; it is not heeded.",
    "alone": "Allowances that this node had to count alone.",
}


class Metrics:
    """The measures of one application. Each attribute is set or counted by the part that knows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commands: Tally[str] = Tally()
        """Frames that ask for something, by what became of them: ``done`` or the name of the error."""
        self.commits = 0
        self.events = 0
        """Events that commits brought."""
        self.refills: Callable[[], int] = int
        """How often a hole in a channel's events had to be read from the store."""
        self.hangs: Callable[[], int] = int
        """How often the event loop was away for too long."""
        self.acks = Timings("widget_ack_seconds", "From a frame that writes until its commit is answered.", _ACKS_EVERY)
        self.deliveries = Deliveries(
            "widget_delivery_seconds",
            "From taking a message, on any node, until handing it to those who listen on this one.",
            _DELIVERIES_EVERY,
            lambda: time.time_ns() // 1_000_000,
        )
        self.broker: Callable[[], Mapping[str, int]] | None = None
        """What was counted of the messages between nodes, where there are several."""
        self.sockets = Gauge("widget_sockets", "Open connections, by who holds them.", ["kind"], registry=self.registry)
        self.slow_readers = Counter(
            "widget_slow_readers", "Connections closed because their reader did not keep up.", registry=self.registry
        )
        self.resumes = Counter(
            "widget_resumes", "Channels brought up to date, by how it ended.", ["result"], registry=self.registry
        )
        self.commit_queue_depth = Gauge(
            "widget_commit_queue_depth", "Writes that wait for the database.", registry=self.registry
        )
        self.wal_bytes = Gauge("widget_wal_bytes", "Size of the database's write-ahead log.", registry=self.registry)
        self.loop_lag_seconds = Gauge(
            "widget_loop_lag_seconds", "How late the event loop came to its last measure.", registry=self.registry
        )
        Gauge("widget_tasks", "Tasks of the event loop.", registry=self.registry).set_function(_count_tasks)
        Gauge("widget_build_info", "What runs here.", ["version", "python"], registry=self.registry).labels(
            version=__version__, python=platform.python_version()
        ).set(1)
        ProcessCollector(registry=self.registry)
        self.registry.register(_Tallies(self))

    def watch(self, *, queue_depth: Callable[[], int], refills: Callable[[], int], database: Path | None) -> None:
        """Ask these whenever somebody asks for the measures.

        Args:
            queue_depth: how many writes wait.
            refills: how many holes were read so far.
            database: the SQLite file, beside which its write-ahead log lies; None on PostgreSQL.
        """
        self.refills = refills
        self.commit_queue_depth.set_function(queue_depth)
        if database is not None:
            log = database.with_name(f"{database.name}-wal")
            self.wal_bytes.set_function(lambda: _size(log))

    def watch_broker(self, is_up: Callable[[], bool], counts: Callable[[], Mapping[str, int]]) -> None:
        """Ask these too, where several nodes tell each other through a broker."""
        Gauge("widget_broker_up", "Whether other nodes can be heard.", registry=self.registry).set_function(
            lambda: float(is_up())
        )
        self.broker = counts

    def watch_hangs(self, hangs: Callable[[], int]) -> None:
        """Ask this too: how often the loop was away for too long."""
        self.hangs = hangs

    def render(self) -> bytes:
        """Return all measures in Prometheus' text format."""
        return generate_latest(self.registry)


METRICS = web.AppKey("metrics", Metrics)


class _Tallies(Collector):
    """Turns the plain integers into samples."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return the samples as they are now."""
        commands = CounterMetricFamily("widget_commands", "Frames that ask, by their outcome.", labels=["outcome"])
        for outcome, count in sorted(self._metrics.commands.items()):
            commands.add_metric([outcome], count)
        yield commands
        yield CounterMetricFamily("widget_commits", "Commits that brought something.", value=self._metrics.commits)
        yield CounterMetricFamily("widget_events", "Events that commits brought.", value=self._metrics.events)
        yield CounterMetricFamily(
            "widget_gap_refills", "Holes in a channel's events that were read.", value=self._metrics.refills()
        )
        yield CounterMetricFamily(
            "widget_loop_hangs", "How often the event loop was away for too long.", value=self._metrics.hangs()
        )
        yield self._metrics.acks.family()
        yield self._metrics.deliveries.family()
        if self._metrics.broker is not None:
            counts = self._metrics.broker()
            for name, what in _BROKER.items():
                yield CounterMetricFamily(f"widget_broker_{name}", what, value=counts[name])


def _count_tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # asked outside of the loop
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


async def show_metrics(request: web.Request) -> web.Response:
    """Answer ``GET /metrics``."""
    return web.Response(body=request.app[METRICS].render(), headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0})
