"""One message to a thousand readers, beside a bare server that sends the same bytes to all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import crowd, rooms
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_talk import Own, own_on_sqlite
from tests.bench.table import Found, at_most, median_of, ratio_to, ratios, section, spread_of

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.record import Record

_BARE = "bare aiohttp, encoded once"
_SECONDS = 4.0
_COLUMNS = [
    median_of("deliveries/s", "per_second"),
    spread_of("CPU µs/delivery", "cpu_us"),
    spread_of("ms until all have it", "message_ms", ".1f"),
    ratio_to(_BARE, "cpu_us", "CPU ratio"),
]


async def _measure(bench: Bench) -> None:
    seconds = _SECONDS * bench.scale
    async with own_on_sqlite() as own:
        async for _ in bench.rounds():
            await bench.case(_BARE, _bare(seconds))
            await bench.case(Own.name, _ours(own, seconds))


async def _bare(seconds: float) -> dict[str, float]:
    with fresh_folder() as folder:
        return await crowd.bare(folder, seconds)


async def _ours(own: Own, seconds: float) -> dict[str, float]:
    with fresh_folder() as folder:
        return await crowd.ours(own, folder, seconds)


def _tell(record: Record) -> Found:
    found = ratios(record.values(Own.name, "cpu_us"), record.values(_BARE, "cpu_us"))
    goal = at_most(f"a message to {crowd.READERS:,} readers: CPU ≤ 1.25 times the bare fan-out's", found, 1.25)
    return section(record, f"One message to {crowd.READERS:,} readers", "server", _COLUMNS), [goal]


async def _measure_room(bench: Bench) -> None:
    seconds = _SECONDS * bench.scale
    async with own_on_sqlite() as own:
        async for _ in bench.rounds():
            await bench.case(_BARE, _bare(seconds))
            await bench.case(Own.name, _room(own, seconds))


async def _room(own: Own, seconds: float) -> dict[str, float]:
    with fresh_folder() as folder:
        return await rooms.ours(own, folder, seconds)


def _tell_of_room(record: Record) -> Found:
    found = ratios(record.values(Own.name, "cpu_us"), record.values(_BARE, "cpu_us"))
    goal = at_most(f"a room of {crowd.READERS:,} listeners: CPU ≤ 1.3 times the bare fan-out's", found, 1.3)
    return section(record, f"A room of {crowd.READERS:,} listeners", "server", _COLUMNS), [goal]


PARTS = [Part("crowd", _measure, _tell), Part("room", _measure_room, _tell_of_room)]
