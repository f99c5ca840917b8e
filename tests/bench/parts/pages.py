"""Pages beside bare ones of the same bytes, and the chat while many people sign in."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.bench import load, page_views, sign_ins
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_talk import own_on_sqlite
from tests.bench.page_views import PAGES, WAYS, Page
from tests.bench.table import Column, Found, at_most, median_of, ratio_to, ratios, section, spread, spread_of

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.own_talk import Own
    from tests.bench.record import Record

_REST = "at rest"
_BUSY = f"during {sign_ins.PEOPLE} parallel sign-ins"
_SECONDS = 6.0


async def _pages(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        async for _ in bench.rounds():
            for page in PAGES:
                texts: list[str] = []
                await bench.case(page.name, _ours(own, page, texts))
                for way in _ways(page):
                    await bench.case(_bare_name(page, way), _bare(page, texts, way))


def _ways(page: Page) -> list[str]:
    return list(WAYS) if page.reads else ["aiosqlite"]


def _bare_name(page: Page, way: str = "aiosqlite") -> str:
    return f"{WAYS[way]} {page.name}"


async def _ours(own: Own, page: Page, texts: list[str]) -> dict[str, float]:
    with fresh_folder() as folder:
        cost, text = await page_views.ours(own, page, folder)
    texts.append(text)
    return {"cpu_us": cost, "bytes": float(len(text.encode()))}


async def _bare(page: Page, texts: list[str], way: str) -> dict[str, float]:
    with fresh_folder() as folder:
        return {"cpu_us": await page_views.bare(page, texts[-1], folder, way), "bytes": float(len(texts[-1].encode()))}


def _tell_pages(record: Record) -> Found:
    goals = []
    for page in PAGES:
        for way in _ways(page):
            found = ratios(record.values(page.name, "cpu_us"), record.values(_bare_name(page, way), "cpu_us"))
            reads = f" and {page.reads} reads by {way}" if page.reads else ""
            goals.append(at_most(f"{page.name}: CPU ≤ 1.5 times a bare page of the same bytes{reads}", found, 1.5))
    columns = [median_of("bytes", "bytes"), spread_of("CPU µs each", "cpu_us", ".0f"), Column("ratio to bare", _ratio)]
    return section(record, "Pages", "page", columns), goals


def _ratio(record: Record, case: str) -> str:
    if case.startswith("bare"):
        return ""
    return spread(ratios(record.values(case, "cpu_us"), record.values(f"{WAYS['aiosqlite']} {case}", "cpu_us")))


async def _sign_ins(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        async for _ in bench.rounds():
            await bench.case(_REST, _chat(own, _SECONDS * bench.scale, people=0))
            await bench.case(_BUSY, _chat(own, _SECONDS * bench.scale, people=sign_ins.PEOPLE))


async def _chat(own: Own, seconds: float, *, people: int) -> dict[str, float]:
    with fresh_folder() as folder:
        async with own.variant(own.name, limit_sign_in="100000/minute").serve(folder) as server:
            pairs = [await own.join(server, number, receipts=False) for number in range(load.PAIRS)]
            signing_in = asyncio.create_task(sign_ins.sign_in_all(server.port, people))
            try:
                figures = await load.paced(pairs, server.cpu_ns, seconds)
                answered = await signing_in
            finally:
                signing_in.cancel()
                for pair in pairs:
                    pair.drop()
        own.check(pairs, folder)
    return asdict(figures) | {"signed_in": float(answered)}


def _tell_sign_ins(record: Record) -> Found:
    columns = [
        spread_of("p50 ms", "p50_ms"),
        spread_of("p99 ms", "p99_ms"),
        ratio_to(_REST, "p99_ms", "p99 ratio"),
        median_of("answered", "signed_in"),
    ]
    text = section(record, f"{load.PACE_PER_SECOND} messages a second while people sign in", "chat", columns)
    found = ratios(record.values(_BUSY, "p99_ms"), record.values(_REST, "p99_ms"))
    return text, [at_most("200 parallel sign-ins: the chat's p99 ≤ 2 times that at rest", found, 2.0)]


PARTS = [Part("pages", _pages, _tell_pages), Part("sign-ins", _sign_ins, _tell_sign_ins)]
