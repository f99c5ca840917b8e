"""The same server on PostgreSQL, beside SQLite: what it costs itself, and what the database costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import load
from tests.bench.bench import Part
from tests.bench.own_nodes import OwnOnPostgreSQL, seeded_postgresql
from tests.bench.own_talk import own_on_sqlite
from tests.bench.parts.talks import SECONDS, talk_columns, talk_once
from tests.bench.table import Found, at_most, ratios, section, spread_of

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.record import Record

_SQLITE = "on SQLite"
_POSTGRESQL = "on PostgreSQL"


async def _measure(bench: Bench) -> None:
    seconds = SECONDS * bench.scale
    async with own_on_sqlite() as own, seeded_postgresql() as seeded:
        on_sqlite, on_postgresql = own.variant(_SQLITE), OwnOnPostgreSQL(seeded, _POSTGRESQL)
        async for _ in bench.rounds():
            await bench.case(_SQLITE, talk_once(on_sqlite, load.saturated, seconds, beside=_nothing))
            await bench.case(_POSTGRESQL, talk_once(on_postgresql, load.saturated, seconds, beside=seeded.cpu_ns))


def _nothing() -> int:
    """SQLite works inside the server."""
    return 0


def _tell(record: Record) -> Found:
    found = ratios(record.values(_POSTGRESQL, "cpu_us"), record.values(_SQLITE, "cpu_us"))
    goals = [
        at_most("PostgreSQL: the server's CPU ≤ 1.3 times that on SQLite", found, 1.3),
        at_most("PostgreSQL: the database's CPU ≤ 15 µs a message", record.values(_POSTGRESQL, "beside_us"), 15, ".1f"),
    ]
    columns = talk_columns(_SQLITE)
    columns.insert(2, spread_of("database's CPU µs/message", "beside_us", ".1f"))
    title = f"PostgreSQL beside SQLite: {load.PAIRS} pairs, {load.IN_FLIGHT} messages under way in each"
    return section(record, title, "server", columns), goals


PARTS = [Part("postgresql", _measure, _tell)]
