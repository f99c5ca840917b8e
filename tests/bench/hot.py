"""Many who talk quietly, while eight write into one channel as fast as they are answered."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench.own_talk import frames_until
from tests.bench.pairs import CheckFailed, body_of, client_id_of
from tests.bench.wire import Endpoint

if TYPE_CHECKING:
    from tests.bench.own_nodes import TwoNodes
    from tests.bench.pairs import Pair
    from tests.clients.installation import Installation

WRITERS = 8
PAIRS = 20
PACE_PER_SECOND = 100
_WARM_UP_SECONDS = 1.0
_FIRST_WRITER = 1_000
"""Numbers of writers, for the ids of their messages: behind those of the pairs."""


class Writer:
    """Sends the next message of a channel when the one before is acked.

    Args:
        endpoint: an agent's socket that has no channel open.
        channel: where to write.
        number: among all who write.
    """

    def __init__(self, endpoint: Endpoint, channel: str, number: int) -> None:
        self._endpoint = endpoint
        self._channel = channel
        self._number = _FIRST_WRITER + number
        self._stopping = False
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent = 0
        endpoint.on_message = self._take

    def write(self) -> None:
        """Send the next one."""
        frame: dict[str, Any] = {"t": "send", "ref": self.sent, "client_id": client_id_of(self._number, self.sent)}
        self._endpoint.say(orjson.dumps(frame | {"channel": self._channel, "body": body_of(self.sent)}))
        self.sent += 1

    async def stop(self) -> None:
        """Send no more, and return when the last one is acked."""
        self._stopping = True
        async with asyncio.timeout(20):
            await self._stopped
        self._endpoint.drop()

    def _take(self, payload: bytes) -> None:
        received = orjson.loads(payload)
        for frame in received if type(received) is list else (received,):
            if frame["t"] == "error":
                raise CheckFailed(f"a writer was refused: {frame}")
            if frame["t"] != "ack":
                continue
            if not self._stopping:
                self.write()
            elif not self._stopped.done():
                self._stopped.set_result(None)


async def writers(server: TwoNodes, installation: Installation, channels: list[str]) -> list[Writer]:
    """`WRITERS`, half of them on each node, over these channels."""
    found = []
    for number in range(WRITERS):
        port = server.port if number % 2 else server.agents_port
        endpoint = await Endpoint.connect(port, "/ws/console", installation.agent_headers)
        endpoint.say(orjson.dumps({"t": "hello", "v": 1}))
        await frames_until(endpoint, "welcome")
        found.append(Writer(endpoint, channels[number % len(channels)], number))
    return found


async def quiet_talk(pairs: list[Pair], seconds: float) -> dict[str, float]:
    """What those who talk quietly wait for ack and delivery."""
    for pair in pairs:
        pair.run_on_demand()
    await _talk(pairs, _WARM_UP_SECONDS)
    for pair in pairs:
        pair.latencies_ns.clear()
    await _talk(pairs, seconds)
    await asyncio.gather(*(pair.stop() for pair in pairs))
    latencies = [latency for pair in pairs for latency in pair.latencies_ns]
    cuts = statistics.quantiles(latencies, n=100)
    return {"p50_ms": cuts[49] / 1e6, "p99_ms": cuts[98] / 1e6, "messages": float(len(latencies))}


async def _talk(pairs: list[Pair], seconds: float) -> None:
    begin = time.perf_counter()
    for turn in range(int(seconds * PACE_PER_SECOND)):
        wait = begin + turn / PACE_PER_SECOND - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        pairs[turn % len(pairs)].owe()
