"""One hot channel on PostgreSQL: whether those who talk elsewhere notice."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.bench import hot
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_nodes import OwnOnPostgreSQL, OwnOnTwoNodes, seeded_postgresql, started
from tests.bench.own_talk import begin_conversation
from tests.bench.table import Found, at_most, median_of, ratio_to, ratios, section, spread_of
from tests.engines.redis import Redis

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.record import Record

_REST = "nobody else writes"
_COLD = f"{hot.WRITERS} writers, a channel for each"
_HOT = f"{hot.WRITERS} writers in one channel"
_SECONDS = 6.0


async def _measure(bench: Bench) -> None:
    async with seeded_postgresql() as seeded:
        with started(Redis()) as redis:
            own = OwnOnPostgreSQL(seeded, "two nodes", broker_url=redis.url)
            async for _ in bench.rounds():
                for case, channels in ((_REST, 0), (_COLD, hot.WRITERS), (_HOT, 1)):
                    await bench.case(case, _talk(own, channels, _SECONDS * bench.scale))


async def _talk(own: OwnOnPostgreSQL, channels: int, seconds: float) -> dict[str, float]:
    """What the others wait while `hot.WRITERS` write into so many channels."""
    two = OwnOnTwoNodes(own)
    with fresh_folder() as folder:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(two.serve(folder))
            pairs = [await two.join(server, number, receipts=False) for number in range(hot.PAIRS)]
            for pair in pairs:
                stack.callback(pair.drop)
            begun = [await begin_conversation(server.port) for _ in range(channels)]
            for visitor in begun:
                visitor.endpoint.on_message = _ignore
            names = [visitor.channel for visitor in begun]
            writers = await hot.writers(server, own.installation(folder), names) if names else []
            for writer in writers:
                writer.write()
            figures = await hot.quiet_talk(pairs, seconds)
            await asyncio.gather(*(writer.stop() for writer in writers))
            return figures | {"written_per_second": sum(writer.sent for writer in writers) / seconds}


def _ignore(_payload: bytes) -> None:
    """Who began the channel has nothing to do in it."""


def _tell(record: Record) -> Found:
    found = ratios(record.values(_HOT, "p99_ms"), record.values(_REST, "p99_ms"))
    goal = at_most(f"{hot.WRITERS} writers in one channel: the others' p99 ≤ 2 times that at rest", found, 2.0)
    columns = [
        median_of("messages/s of the writers", "written_per_second"),
        spread_of("the others' p50 ms", "p50_ms"),
        spread_of("the others' p99 ms", "p99_ms"),
        ratio_to(_REST, "p99_ms", "p99 ratio"),
    ]
    title = f"One hot channel: two nodes on PostgreSQL, the others send {hot.PACE_PER_SECOND} messages/s"
    return section(record, title, "beside", columns), [goal]


PARTS = [Part("hot", _measure, _tell)]
