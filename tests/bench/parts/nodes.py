"""Two nodes over Redis beside one: what it costs both that visitors and agents never meet on the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import broker, load
from tests.bench.bench import Part
from tests.bench.own_nodes import OwnOnPostgreSQL, OwnOnTwoNodes, seeded_postgresql, started
from tests.bench.parts.talks import SECONDS, talk_once
from tests.bench.table import Found, at_most, median_of, section, spread, spread_of
from tests.engines.redis import Redis

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.record import Record

_ONE = "one node"
_TWO = "two nodes over Redis"
_LIMIT = "publish → receive, pipelined"


async def _measure(bench: Bench) -> None:
    seconds = SECONDS * bench.scale
    async with seeded_postgresql() as seeded:
        with started(Redis()) as redis:
            one = OwnOnPostgreSQL(seeded, _ONE)
            two = OwnOnTwoNodes(OwnOnPostgreSQL(seeded, _TWO, broker_url=redis.url))
            async for _ in bench.rounds():
                await bench.case(_ONE, talk_once(one, load.saturated, seconds))
                await bench.case(_TWO, talk_once(two, load.saturated, seconds))
                await bench.case(_LIMIT, broker.measure(redis.url))


def _tell(record: Record) -> Found:
    one, two, limit = (record.values(case, "cpu_us") for case in (_ONE, _TWO, _LIMIT))
    extra = [both - alone for both, alone in zip(two, one, strict=True)]
    found = [more / least for more, least in zip(extra, limit, strict=True)]
    goal = at_most("two nodes: extra CPU of both ends ≤ 2 times a pipelined publish → receive", found, 2.0)
    columns = [median_of("messages/s", "per_second"), spread_of("CPU µs/message, all its processes", "cpu_us", ".1f")]
    title = "Two nodes beside one: visitors on one, agents on the other"
    note = (
        f"A message that crosses costs both nodes together {spread(extra, '.1f')} µs more than one node alone. The "
        f"limit: {broker.BYTES} bytes in pipelines of {broker.PIPELINE}, publisher and receiver together."
    )
    return section(record, title, "what", columns, note), [goal]


PARTS = [Part("nodes", _measure, _tell)]
