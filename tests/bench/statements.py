"""What one statement costs through `Database`, beside the bare drivers: 30 rows of a conversation."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import aiosqlite

from tests.bench import machine
from tests.bench.pairs import CheckFailed
from widget_server.store.queries.messages import AFTER
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from widget_server.store.database import Row, Transaction

ROWS = 30
_READS = 3_000
_WARM_UP = 200


async def _measure(way: Callable[[Path], Awaitable[float]], path: Path) -> dict[str, float]:
    """Read the first `ROWS` messages of a channel in one way, again and again: µs of processor time for one read."""
    machine.pin(machine.SERVER_CPU)
    try:
        return {"cpu_us": await way(path)}
    finally:
        machine.pin(machine.LOAD_CPU)


def _channel_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT channel_id FROM conversation LIMIT 1").fetchone()[0])


async def _through_database(path: Path) -> float:
    params = {"channel_id": _channel_in(path), "after": 0, "limit": ROWS}
    database = SQLiteDatabase(path)

    async def read(tx: Transaction) -> list[Row]:
        return await tx.all(AFTER, **params)

    try:
        await database.open()
        return await _cost(lambda: database.read(read))
    finally:
        await database.close()


async def _through_aiosqlite(path: Path) -> float:
    compiled = AFTER.compiled("sqlite")
    row = compiled.row({"channel_id": _channel_in(path), "after": 0, "limit": ROWS})
    async with aiosqlite.connect(path) as connection:

        async def read() -> list[sqlite3.Row]:
            async with connection.execute(compiled.sql, row) as cursor:
                return list(await cursor.fetchall())

        return await _cost(read)


async def _through_sqlite3(path: Path) -> float:
    compiled = AFTER.compiled("sqlite")
    row = compiled.row({"channel_id": _channel_in(path), "after": 0, "limit": ROWS})
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(_WARM_UP):
            _check(len(connection.execute(compiled.sql, row).fetchall()))
        begin = time.process_time_ns()
        for _ in range(_READS):
            connection.execute(compiled.sql, row).fetchall()
        return (time.process_time_ns() - begin) / 1000 / _READS


async def _cost(read: Callable[[], Awaitable[list[Row]]] | Callable[[], Awaitable[list[sqlite3.Row]]]) -> float:
    for _ in range(_WARM_UP):
        _check(len(await read()))
    begin = time.process_time_ns()
    for _ in range(_READS):
        await read()
    return (time.process_time_ns() - begin) / 1000 / _READS


WAYS: dict[str, Callable[[Path], Awaitable[dict[str, float]]]] = {
    "sqlite3": partial(_measure, _through_sqlite3),
    "aiosqlite": partial(_measure, _through_aiosqlite),
    "Database": partial(_measure, _through_database),
}


def _check(count: int) -> None:
    if count != ROWS:
        raise CheckFailed(f"{count} rows where {ROWS} were asked for")
