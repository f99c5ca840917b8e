"""Nodes beside each other on a real Redis, each as much of one as its bus needs."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.patience import eventually
from widget_server.hub.bus import NODES
from widget_server.hub.redis_bus import RedisBus
from widget_server.hub.redis_ledger import RedisLedger
from widget_server.hub.redis_link import pool_of
from widget_server.hub.redis_pipe import Pipe
from widget_server.hub.seal import Seal
from widget_server.hub.switchboard import Missed, Published, Switchboard

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from tests.engines.redis import Redis
    from widget_server.hub.switchboard import AllMarks

_SECRET = b"between neighbours"


class OpenLedger(RedisLedger):
    """A ledger that knows its installation."""

    def __init__(self, pipe: Pipe, prefix: str) -> None:
        super().__init__(pipe, prefix, Seal(_SECRET))
        self.pipe = pipe
        self.prefix = prefix


@asynccontextmanager
async def ledger_on(redis: Redis, prefix: str | None = None) -> AsyncGenerator[OpenLedger]:
    """One node's ledger: of an installation of its own, or of that with this prefix."""
    pipe = Pipe(pool_of(redis.url), lambda: None)
    running = asyncio.create_task(pipe.run())
    try:
        await eventually(lambda: pipe.is_up)
        yield OpenLedger(pipe, prefix or f"{secrets.token_hex(4)}:")
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


class Ear:
    """A listener that writes down what it hears."""

    def __init__(self, person_id: int | None = None) -> None:
        self.person_id = person_id
        self.events: list[tuple[int, int]] = []
        self.ephemeral: list[bytes] = []
        self.own: list[bytes] = []
        self.gaps: list[str] = []

    def on_event(self, event: Published) -> None:
        self.events.append((event.from_version, event.to_version))

    def on_ephemeral(self, channel: str, data: bytes) -> None:
        self.ephemeral.append(data)

    def on_own(self, channel: str, data: bytes) -> None:
        self.own.append(data)

    def on_gap(self, channel: str) -> None:
        self.gaps.append(channel)


class Store:
    """What all nodes share: where each channel stands."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.marks: dict[str, AllMarks] = {}
        self.holes_read: list[tuple[str, int]] = []
        self.compared: list[list[str]] = []

    async def refill(self, channel: str, version: int) -> Missed:
        self.holes_read.append((channel, version))
        return Missed(event(version, self.versions[channel], channel))

    async def present(self, channels: Sequence[str]) -> list[tuple[str, int, AllMarks]]:
        self.compared.append(sorted(channels))
        return [(name, self.versions[name], self.marks.get(name, (0, 0, 0, 0))) for name in channels]


def event(start: int, to: int, channel: str = "c1") -> Published:
    return Published(channel, start, to, f"{start}-{to}".encode())


class Node:
    """A switchboard and a bus, and what others told it."""

    def __init__(self, redis: Redis, store: Store, epoch: str) -> None:
        self.id = secrets.token_bytes(8)
        self.store = store
        self.switchboard = Switchboard(store.refill, hole_s=0.05)
        self.bus = RedisBus(
            redis.url,
            epoch=epoch,
            node=self.id,
            secret=_SECRET,
            switchboard=self.switchboard,
            present=store.present,
        )
        self.bus.neighbour = self
        self.bus.on_news = lambda sites, people: self.news.append((sites, people))
        self.news: list[tuple[set[int], set[int]]] = []
        self.pictures: list[tuple[str, bytes, bytes]] = []
        self.questions: list[list[str]] = []
        self.goodbyes: list[bytes] = []
        self.live: list[str] = []

    def on_picture(self, place: str, node: bytes, picture: bytes) -> None:
        self.pictures.append((place, node, picture))

    def on_question(self, places: Sequence[str]) -> None:
        self.questions.append(list(places))

    def on_goodbye(self, node: bytes) -> None:
        self.goodbyes.append(node)

    def on_live(self, places: Sequence[str]) -> None:
        self.live += places

    async def up(self) -> None:
        """Return when the broker is there, and what it means that it is has been dealt with."""
        await eventually(lambda: self.bus.problem is None and NODES in self.live)

    async def down(self) -> None:
        """Return when it was noticed that the broker is not there, for hearing as well as for saying."""
        await eventually(lambda: self.bus.problem is not None and not self.bus.is_live(NODES))
        self.live.clear()

    async def listen(self, channel: str = "c1", version: int | None = None) -> Ear:
        """Somebody opens a channel here; returns when other nodes are heard of it."""
        ear = Ear()
        self.switchboard.subscribe(channel, ear)
        self.switchboard.at(channel, self.store.versions.setdefault(channel, 0) if version is None else version)
        await eventually(lambda: channel in self.live)
        return ear

    def commit(self, channel: str = "c1", count: int = 1) -> None:
        """Write into the store, and tell."""
        at = self.store.versions.setdefault(channel, 0)
        self.store.versions[channel] = at + count
        self.bus.publish([event(at + n, at + n + 1, channel) for n in range(count)])


@asynccontextmanager
async def nodes_on(redis: Redis, count: int = 2) -> AsyncGenerator[list[Node]]:
    """Nodes of one installation of their own; up when the block begins."""
    store, epoch = Store(), secrets.token_hex(4)
    nodes = [Node(redis, store, epoch) for _ in range(count)]
    for node in nodes:
        node.bus.start()
    try:
        for node in nodes:
            await node.up()
        yield nodes
    finally:
        for node in nodes:
            await node.bus.stop()
