"""What one statement costs through `Database`, beside the bare drivers: 30 rows of a conversation."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import aiosqlite

from tests.bench import machine
from tests.bench.pairs import CheckFailed
from widget_server.store.queries.messages import AFTER
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from widget_server.store.database import Row, Transaction

ROWS = 30
_READS = 3_000
_WARM_UP = 200


class Costs(NamedTuple):
    """µs of processor time for one read."""

    database: float
    aiosqlite: float
    sqlite3: float


async def measure(path: Path) -> Costs:
    """Read the first `ROWS` messages of a channel in all three ways, again and again."""
    machine.pin(machine.SERVER_CPU)
    try:
        return Costs(await _through_database(path), await _through_aiosqlite(path), _through_sqlite3(path))
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


def _through_sqlite3(path: Path) -> float:
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


def _check(count: int) -> None:
    if count != ROWS:
        raise CheckFailed(f"{count} rows where {ROWS} were asked for")
