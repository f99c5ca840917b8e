"""What things cost as what is stored grows: ten thousand messages, and a million, on both databases."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import growth, load, machine, seeding
from tests.bench.bench import Part
from tests.bench.own_nodes import started
from tests.bench.own_talk import Own
from tests.bench.table import Found, at_most, ratios, section, spread_of
from tests.clients.installation import make_installation
from tests.engines.postgresql import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tests.bench.bench import Bench
    from tests.bench.record import Record
    from tests.bench.seeding import Size

_SECONDS = 2.0
_SIZES = (seeding.THOUSANDS, seeding.MILLION)
_ENGINES = ("SQLite", "PostgreSQL")
_DEEDS = {
    "send_us": "send",
    "resume_us": "resume",
    "open_us": "list of what is open",
    "resolved_us": "list of what is resolved",
    "history_us": "page of history",
}


class _Filled(NamedTuple):
    """A database that has served for long."""

    case: str
    size: Size
    own: Own
    folder: Path
    beside: Callable[[], int]


def _case(engine: str, size: Size) -> str:
    return f"{engine}, {size.name} messages"


async def _measure(bench: Bench) -> None:
    async with AsyncExitStack() as stack:
        filled = [await stack.enter_async_context(_on_sqlite(size)) for size in _SIZES]
        # Large enough for what is touched, as an installation of that size would have it.
        server = stack.enter_context(started(PostgreSQL(durable=True, shared_buffers="512MB")))
        filled += [await stack.enter_async_context(_on_postgresql(server, size)) for size in _SIZES]
        async for turn in bench.rounds():
            for one in filled:
                seconds = _SECONDS * bench.scale
                await bench.case(one.case, growth.costs(one.own, one.folder, one.size, turn, seconds, one.beside))


@asynccontextmanager
async def _on_sqlite(size: Size) -> AsyncGenerator[_Filled]:
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        installation = await make_installation(folder / "data")
        seeding.fill_sqlite(folder / "data" / "widget.db", size, growth.known(size))
        yield _Filled(_case("SQLite", size), size, Own(installation), folder, lambda: 0)


@asynccontextmanager
async def _on_postgresql(server: PostgreSQL, size: Size) -> AsyncGenerator[_Filled]:
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        url = server.create_database()
        installation = await make_installation(folder / "data", url)
        seeding.fill_postgresql(server, url.rpartition("/")[2], size, growth.known(size))
        beside = lambda: machine.tree_cpu_ns(server.pid)  # noqa: E731 - it is handed on
        yield _Filled(_case("PostgreSQL", size), size, Own(installation), folder, beside)


def _tell(record: Record) -> Found:
    goals = []
    for engine in _ENGINES:
        few, many = (_case(engine, size) for size in _SIZES)
        for figure, deed in _DEEDS.items():
            found = ratios(record.values(many, figure), record.values(few, figure))
            goals.append(at_most(f"{engine}, a million messages for ten thousand: {deed} ≤ 1.2 times", found, 1.2))
    columns = [spread_of(f"{deed}, µs", figure, ".0f") for figure, deed in _DEEDS.items()]
    note = (
        f"Of those who write, {load.PAIRS - growth.OLD} of {load.PAIRS} do so in one of the newest {seeding.RECENT} "
        f"conversations, and the newest {seeding.OPEN} are open; those who come back began at any time."
    )
    title = "Ten thousand messages and a million: processor time of server and database for each"
    return section(record, title, "what is stored", columns, note), goals


PARTS = [Part("growth", _measure, _tell)]
