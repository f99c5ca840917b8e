"""The bus between several nodes: Redis or Valkey, pub/sub. A hint, never the truth.

A node's own listeners are served from memory, at once and whether or not the broker is there; what it hears of itself
is dropped. Names begin with the installation's epoch: two installations on one broker, or one that was restored from a
backup, never hear each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from typing_extensions import override

from widget_server.hub import envelope
from widget_server.hub.bus import NODES, Bus
from widget_server.hub.redis_ledger import RedisLedger
from widget_server.hub.redis_link import CONNECTING, pool_of
from widget_server.hub.redis_pipe import Pipe
from widget_server.hub.redis_subscription import Subscription
from widget_server.hub.seal import Seal
from widget_server.hub.switchboard import AllMarks, Published, Switchboard

log = logging.getLogger(__name__)

_READ_AT_ONCE: Final = 500
_GOODBYE_S: Final = 1.0
"""How long a stopping node waits for the broker to take its goodbye."""

Present = Callable[[Sequence[str]], Awaitable[Sequence[tuple[str, int, AllMarks]]]]
"""Reads where channels stand now: public name, version and marks of those that there are."""


class RedisBus(Bus):
    """One node's way to the others.

    :param url: ``redis://``, ``rediss://`` or ``unix://``.
    :param epoch: the installation's.
    :param node: eight bytes that no other node has.
    :param secret: what all nodes of the installation know and nobody else does.
    """

    def __init__(
        self, url: str, *, epoch: str, node: bytes, secret: bytes, switchboard: Switchboard, present: Present
    ) -> None:
        pool = pool_of(url)
        self.prefix: Final = f"widget:{epoch}:"
        self._pipe = Pipe(pool, self._changed)
        self._seal = Seal(secret)
        self.ledger: Final = RedisLedger(self._pipe, self.prefix, self._seal)
        self._node = node
        self._names_start = len(self.prefix)
        self._nodes = self._name(NODES)
        self._switchboard = switchboard
        self._present = present
        self._unsure: dict[str, None] = {}
        self._is_unsure = asyncio.Event()
        self._was_up: bool | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._subscription = Subscription(
            pool,
            wanted=lambda: [self._nodes, *map(self._name, switchboard.names())],
            is_wanted=lambda name: name == self._nodes or switchboard.has_listeners(self._place(name)),
            on_message=self._hear,
            on_live=self._live,
            on_change=self._changed,
        )
        self.gaps = 0
        """How many channels turned out to have moved while they were not heard."""
        self.foreign = 0
        """How much was heard that no node of the installation said."""

    # --- life

    def start(self) -> None:
        """Begin to connect; the node works meanwhile as if it were alone."""
        self._switchboard.on_moved = lambda channel: self._subscription.moved(self._name(channel))
        self._tasks = [
            asyncio.create_task(work(), name=f"broker {name}")
            for name, work in (("pipe", self._pipe.run), ("subscription", self._subscription.run), ("gaps", self._fill))
        ]

    async def stop(self) -> None:
        """Say goodbye and disconnect."""
        self._switchboard.on_moved = None
        self._say(self._nodes, envelope.goodbye(self._node))
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._pipe.drained()
        except TimeoutError:
            log.warning("the broker did not take this node's goodbye")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def problem(self) -> str | None:
        """What is wrong with the broker, for whoever runs the server."""
        if not self._pipe.is_up:
            return self._pipe.failure
        return None if self._subscription.is_up else self._subscription.failure

    @property
    def measures(self) -> dict[str, int]:
        """What was counted so far."""
        return {
            "sent": self._pipe.sent,
            "dropped": self._pipe.dropped,
            "received": self._subscription.received,
            "reconnects": max(0, self._subscription.reconnects),
            "gaps": self.gaps,
            "foreign": self.foreign,
            "alone": self.ledger.alone,
        }

    def is_live(self, channel: str) -> bool:
        """Whether what other nodes say of a channel is heard."""
        return self._subscription.is_live(self._name(channel))

    def _changed(self) -> None:
        problem = self.problem
        is_up = problem is None
        if is_up == self._was_up or problem == CONNECTING:
            return
        if is_up:
            log.info("the broker is there")
        else:
            log.warning("no broker; until it is there, nodes hear of each other within two seconds: %s", problem)
        self._was_up = is_up

    # --- what this node says

    @override
    def publish(self, events: Sequence[Published]) -> None:
        for event in events:
            self._switchboard.offer(event)
            self._say(self._name(event.channel), envelope.event(self._node, event))

    @override
    def marks(self, channel: str, marks: AllMarks) -> None:
        self._switchboard.marks(channel, marks)
        self._say(self._name(channel), envelope.marks(self._node, marks))

    @override
    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        self._switchboard.ephemeral(channel, data, exclude)
        self._say(self._name(channel), envelope.ephemeral(self._node, data, exclude))

    @override
    def own(self, channel: str, data: bytes) -> None:
        self._switchboard.own(channel, data)
        self._say(self._name(channel), envelope.own(self._node, data))

    @override
    def news(self, sites: Collection[int], people: Collection[int]) -> None:
        self.on_news(set(sites), set(people))
        self._say(self._nodes, envelope.news(self._node, sites, people))

    @override
    def picture(self, place: str, picture: bytes) -> None:
        self._say(self._name(place), envelope.picture(self._node, picture))

    @override
    def ask(self, places: Sequence[str]) -> None:
        live = [place for place in places if self.is_live(place)]
        if live:
            self._say(self._nodes, envelope.question(self._node, live))

    def _say(self, name: bytes, data: bytes) -> None:
        self._pipe.publish(name, self._seal.close(name, data))

    # --- what it hears

    def _hear(self, name: bytes, sealed: bytes) -> None:
        data = self._seal.open(name, sealed)
        if data is None:
            if not self.foreign:
                log.warning("somebody else speaks on the broker, or a node with another WIDGET_SECRET_KEY; not heeded")
            self.foreign += 1
        else:
            self._heed(name, data)

    def _heed(self, name: bytes, data: bytes) -> None:
        node = envelope.sender_of(data)
        if node == self._node:
            return
        place = self._place(name)
        match envelope.kind_of(data):
            case envelope.EVENT:
                self._switchboard.offer(envelope.read_event(place, data))
            case envelope.MARKS:
                self._switchboard.marks(place, envelope.read_marks(data))
            case envelope.EPHEMERAL:
                self._switchboard.ephemeral(place, *envelope.read_ephemeral(data))
            case envelope.OWN:
                self._switchboard.own(place, envelope.read_own(data))
            case envelope.NEWS:
                self.on_news(*envelope.read_news(data))
            case envelope.PICTURE:
                self.neighbour.on_picture(place, node, envelope.read_picture(data))
            case envelope.QUESTION:
                self.neighbour.on_question(envelope.read_question(data))
            case envelope.GOODBYE:
                self.neighbour.on_goodbye(node)
            case kind:
                log.debug("another node says something of kind %d, which this release does not know", kind)

    def _live(self, names: list[bytes]) -> None:
        places = [self._place(name) for name in names]
        self.neighbour.on_live(places)
        self._unsure |= dict.fromkeys(place for place in places if place != NODES)
        self._is_unsure.set()

    async def _fill(self) -> None:
        """Ask the store once for all channels of which something may have been missed: nobody waits for the pulse."""
        while True:
            await self._is_unsure.wait()
            channels = [name for name in self._unsure if self._switchboard.has_listeners(name)][:_READ_AT_ONCE]
            for name in channels:
                del self._unsure[name]
            if not channels:
                self._unsure.clear()
                self._is_unsure.clear()
                continue
            try:
                for channel, version, marks in await self._present(channels):
                    self.gaps += self._switchboard.known_at(channel, version)
                    self._switchboard.marks(channel, marks)
            except Exception:
                # The pulse follows the store by itself; it comes a second later.
                log.exception("where channels stand could not be read")

    def _name(self, place: str) -> bytes:
        return (self.prefix + place).encode()

    def _place(self, name: bytes) -> str:
        return name[self._names_start :].decode()
