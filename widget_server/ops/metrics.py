"""What a server measures about itself, in a registry of its own, served by the internal listener as ``/metrics``.

Labels are few and fixed: never an id, a name or an address of anybody.
"""

from __future__ import annotations

import asyncio
import platform
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from widget_server import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

# Seconds. The floor is what a memory hub on one machine needs, the roof what a visitor still waits for.
_LATENCY_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LAG_EVERY_SECONDS = 1.0


class Metrics:
    """The measures of one application. Each attribute is set or counted by the part that knows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = Gauge("widget_sockets", "Open sockets.", ["kind"], registry=self.registry)
        self.sends = Counter(
            "widget_sends", "Messages sent, by what became of them.", ["outcome"], registry=self.registry
        )
        self.ack_seconds = Histogram(
            "widget_ack_seconds",
            "From a message's arrival to its ack.",
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.deliver_seconds = Histogram(
            "widget_deliver_seconds",
            "From a message's arrival to its last subscriber's queue.",
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.commit_queue_depth = Gauge(
            "widget_commit_queue_depth", "Writes that wait for the database.", registry=self.registry
        )
        self.commit_batch_size = Histogram(
            "widget_commit_batch_size",
            "Writes that shared one commit.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
            registry=self.registry,
        )
        self.outbound_queue_max = Gauge(
            "widget_outbound_queue_max_frames", "Frames in the longest queue of any socket.", registry=self.registry
        )
        self.slow_readers = Counter(
            "widget_slow_readers", "Sockets closed because their reader did not keep up.", registry=self.registry
        )
        self.resumes = Counter(
            "widget_resumes", "Channels resumed, by how it ended.", ["result"], registry=self.registry
        )
        self.rate_limited = Counter(
            "widget_rate_limited", "Refusals by a rate limit.", ["limit"], registry=self.registry
        )
        self.wal_bytes = Gauge("widget_wal_bytes", "Size of the database's write-ahead log.", registry=self.registry)
        self.loop_lag_seconds = Gauge(
            "widget_loop_lag_seconds", "How late the event loop came to its last measure.", registry=self.registry
        )
        Gauge("widget_build_info", "What runs here.", ["version", "python"], registry=self.registry).labels(
            version=__version__, python=platform.python_version()
        ).set(1)
        ProcessCollector(registry=self.registry)

    def render(self) -> bytes:
        """Return all measures in Prometheus' text format."""
        return generate_latest(self.registry)


METRICS = web.AppKey("metrics", Metrics)


async def watch_loop_lag(app: web.Application) -> AsyncGenerator[None]:
    """Measure once a second how late the loop is; a cleanup context of the application."""

    async def watch() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_EVERY_SECONDS
            await asyncio.sleep(_LAG_EVERY_SECONDS)
            app[METRICS].loop_lag_seconds.set(max(0.0, loop.time() - due))

    task = asyncio.create_task(watch(), name="loop lag")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def show_metrics(request: web.Request) -> web.Response:
    """Answer ``GET /metrics``."""
    return web.Response(body=request.app[METRICS].render(), headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0})
