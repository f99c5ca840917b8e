"""A file of 20 MB, beside a bare server that writes the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import uploads
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_talk import Own, own_on_sqlite
from tests.bench.table import Found, at_most, ratio_to, ratios, section, spread_of

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.record import Record

_BARE = "bare aiohttp, written in a thread"


async def _measure(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        async for _ in bench.rounds():
            await bench.case(_BARE, _bare())
            await bench.case(Own.name, _ours(own))


async def _bare() -> dict[str, float]:
    with fresh_folder() as folder:
        return await uploads.bare(folder)


async def _ours(own: Own) -> dict[str, float]:
    with fresh_folder() as folder:
        return await uploads.ours(own, folder)


def _tell(record: Record) -> Found:
    columns = [spread_of("CPU ms/file", "cpu_ms", ".1f"), ratio_to(_BARE, "cpu_ms", "CPU ratio")]
    found = ratios(record.values(Own.name, "cpu_ms"), record.values(_BARE, "cpu_ms"))
    return section(record, "A file of 20 MB", "server", columns), [
        at_most("an upload of 20 MB: CPU ≤ 1.3 times bare aiohttp's", found, 1.3)
    ]


PARTS = [Part("upload", _measure, _tell)]
