"""What a visitor costs who only looks, and one who comes back; and one statement of the many that serve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import idle, resume, statements
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_talk import Own, own_on_sqlite
from tests.bench.table import Found, at_most, ratio_to, ratios, section, spread_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.bench import Bench
    from tests.bench.own_talk import Visitor
    from tests.bench.record import Record

_BARE = "bare aiohttp"
_BARE_RESUME = "bare connect + raw read"


async def _idle(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        with fresh_folder() as seeded:
            visitors = await idle.seed(own, seeded)
            async for _ in bench.rounds():
                await bench.case(_BARE, _bare_idle())
                await bench.case(Own.name, _joined(own, seeded, visitors))


async def _bare_idle() -> dict[str, float]:
    with fresh_folder() as folder:
        return {"kib": await idle.bare(folder)}


async def _joined(own: Own, seeded: Path, visitors: list[Visitor]) -> dict[str, float]:
    with fresh_folder() as folder:
        return {"kib": await idle.joined(own, seeded, visitors, folder)}


def _tell_idle(record: Record) -> Found:
    columns = [spread_of("resident KiB each", "kib", ".1f"), ratio_to(_BARE, "kib", "ratio")]
    text = section(record, f"Idle: {idle.SOCKETS:,} joined visitors", "server", columns)
    found = ratios(record.values(Own.name, "kib"), record.values(_BARE, "kib"))
    return text, [at_most("idle visitor: memory ≤ 1.75 times bare aiohttp's", found, 1.75)]


async def _resume(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        with fresh_folder() as seeded:
            visitors = await resume.seed(own, seeded)
            async for _ in bench.rounds():
                await bench.case(_BARE_RESUME, _bare_resume())
                await bench.case(Own.name, _resumed(own, seeded, visitors))


async def _bare_resume() -> dict[str, float]:
    with fresh_folder() as folder:
        return {"cpu_us": await resume.bare(folder)}


async def _resumed(own: Own, seeded: Path, visitors: list[Visitor]) -> dict[str, float]:
    with fresh_folder() as folder:
        return {"cpu_us": await resume.resumed(own, seeded, visitors, folder)}


def _tell_resume(record: Record) -> Found:
    columns = [spread_of("CPU µs each", "cpu_us", ".1f"), ratio_to(_BARE_RESUME, "cpu_us", "ratio")]
    text = section(record, f"Connect and resume with {resume.MISSED} missed messages", "server", columns)
    found = ratios(record.values(Own.name, "cpu_us"), record.values(_BARE_RESUME, "cpu_us"))
    return text, [at_most("connect + resume: CPU ≤ 2.5 times bare connect + raw read", found, 2.5)]


async def _statements(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        with fresh_folder() as seeded:
            await resume.seed(own, seeded)
            path = own.installation(seeded).data_dir / "widget.db"
            async for _ in bench.rounds():
                for name, measure in statements.WAYS.items():
                    await bench.case(name, measure(path))


def _tell_statements(record: Record) -> Found:
    columns = [spread_of("CPU µs each", "cpu_us", ".1f"), ratio_to("aiosqlite", "cpu_us", "ratio")]
    text = section(record, f"One statement that reads {statements.ROWS} rows", "way", columns)
    found = ratios(record.values("Database", "cpu_us"), record.values("aiosqlite", "cpu_us"))
    return text, [at_most("a statement: CPU ≤ 1.3 times bare aiosqlite", found, 1.3)]


PARTS = [
    Part("idle", _idle, _tell_idle),
    Part("resume", _resume, _tell_resume),
    Part("statements", _statements, _tell_statements),
]
