"""The community's pages for somebody who is not signed in: beside bare ones, ready bytes, and another Python forum."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.bench import community_views as views
from tests.bench import page_views
from tests.bench.bench import Part, fresh_folder
from tests.bench.own_talk import own_on_sqlite
from tests.bench.table import Found, at_most, median_of, ratios, section, spread_of

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.community_views import View
    from tests.bench.own_talk import Own
    from tests.bench.record import Record

_FORUM = "django-machina's topic page"
_SMALL, _LARGE = views.SHAPES


def _uncached(view: View, size: str) -> str:
    return f"{view.name}, {size}"


def _bare(view: View) -> str:
    return f"bare {view.name}"


def _cached(view: View) -> str:
    return f"{view.name}, kept"


def _ready(view: View) -> str:
    return f"{view.name}, ready bytes"


async def _measure(bench: Bench) -> None:
    async with own_on_sqlite() as own:
        with TemporaryDirectory(prefix="bench-") as name:
            filled = {size: Path(name) / f"{number}" for number, size in enumerate(views.SHAPES)}
            for size, folder in filled.items():
                folder.mkdir()
                await views.fill(own, folder, views.SHAPES[size])
            async for _ in bench.rounds():
                for view in views.VIEWS:
                    await _one(bench, own, view, filled)
                await bench.case(_FORUM, _forum())


async def _one(bench: Bench, own: Own, view: View, filled: dict[str, Path]) -> None:
    texts: list[str] = []
    for size, folder in filled.items():
        await bench.case(_uncached(view, size), _ours(own, view, folder, texts, is_cached=False))
    await bench.case(_cached(view), _ours(own, view, filled[_LARGE], texts, is_cached=True))
    for name, way in ((_bare(view), "aiosqlite"), (_ready(view), "ready")):
        await bench.case(name, _beside(texts, way))


async def _ours(own: Own, view: View, folder: Path, texts: list[str], *, is_cached: bool) -> dict[str, float]:
    each, text = await views.ours(own, view, folder, is_cached=is_cached)
    texts.append(text)
    return {"cpu_us": each, "bytes": float(len(text.encode()))}


async def _beside(texts: list[str], way: str) -> dict[str, float]:
    page = page_views.Page("community", "", 1, is_signed_in=False)
    with fresh_folder() as folder:
        each = await page_views.bare(page, texts[-1], folder, way)
    return {"cpu_us": each, "bytes": float(len(texts[-1].encode()))}


async def _forum() -> dict[str, float]:
    with fresh_folder() as folder:
        return {"cpu_us": await views.forum(folder), "bytes": 0.0}


def _tell(record: Record) -> Found:
    def compared(one: str, other: str) -> list[float]:
        return ratios(record.values(one, "cpu_us"), record.values(other, "cpu_us"))

    goals = []
    for view in views.VIEWS:
        large = _uncached(view, _LARGE)
        goals += [
            at_most(
                f"{view.name}: CPU ≤ 2 times a bare page of the same bytes after one read",
                compared(large, _bare(view)),
                2.0,
            ),
            at_most(f"{view.name}, kept: CPU ≤ 2 times ready bytes", compared(_cached(view), _ready(view)), 2.0),
            at_most(
                f"{view.name}: a million posts ≤ 1.2 times a thousand", compared(large, _uncached(view, _SMALL)), 1.2
            ),
        ]
    goals.append(
        at_most("thread page: less CPU than django-machina's", compared(_uncached(views.THREAD, _LARGE), _FORUM), 1.0)
    )
    columns = [median_of("bytes", "bytes"), spread_of("CPU µs each", "cpu_us", ".0f")]
    return section(record, "The community's pages, for a guest", "page", columns), goals


PARTS = [Part("community", _measure, _tell)]
