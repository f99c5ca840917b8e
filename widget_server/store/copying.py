"""Moving all rows of one database into another, whatever kinds the two are.

Tables go in the order in which they refer to each other, rows in the order of their keys, a batch and the note of how
far it brought the target in one transaction: whoever is interrupted goes on after the last batch. At the end both sides
are read once more, and each table's rows, in the order of their keys, must have the same digest. Stamps stay behind,
for they are the numbers of another database's transactions; with the new epoch that a move ends with nobody asks for
them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)

from widget_server.store import unfinished
from widget_server.store.database import Database, Row, Transaction
from widget_server.store.installation import renew_epoch
from widget_server.store.statement import Statement
from widget_server.store.tables import installation, metadata

BATCH: Final = 2000

Report = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Told what is done and with how many rows; what it yields is told each batch's rows."""

_EPOCH = Statement(select(installation.c.value).where(installation.c.name == "epoch"))
_SOURCE: Final = "source"


class MoveRefused(Exception):
    """The move cannot be made or finished; the text says why."""


class Moved(NamedTuple):
    """What a finished move has done."""

    rows: int
    copied: int
    """How many of them in this run; the others were there from a run before."""


class _Plan:
    """The statements for one table."""

    def __init__(self, table: Table) -> None:
        self.name = table.name
        self.columns = [column.name for column in table.columns]
        self.keys = [self.columns.index(column.name) for column in table.primary_key.columns]
        self.own = self._own_references(table)
        self.stamp = self.columns.index("stamp") if "stamp" in table.c else None
        key = [table.c[self.columns[place]] for place in self.keys]
        self.serial = self.columns[self.keys[0]] if len(key) == 1 and isinstance(key[0].type, BigInteger) else None
        self.count = Statement(select(func.count()).select_from(table))
        self.any = Statement(select(*key).limit(1))
        ordered = select(table).order_by(*key).limit(BATCH)
        self.first = Statement(ordered)
        self.next = Statement(ordered.where(_later(key)))
        self.insert = Statement(insert(table).values({name: bindparam(name) for name in self.columns}))
        self.links = [
            Statement(
                update(table)
                .where(*(column == bindparam(f"key{place}") for place, column in enumerate(key)))
                .values({self.columns[place]: bindparam("value")})
            )
            for place in self.own
        ]

    def _own_references(self, table: Table) -> list[int]:
        return [
            place
            for place, column in enumerate(table.columns)
            if any(reference.column.table is table for reference in column.foreign_keys)
        ]

    def key_of(self, row: Sequence[Any]) -> list[Any]:
        """The row's place in the order."""
        return [row[place] for place in self.keys]

    def prepared(self, row: Row) -> list[Any]:
        """The row as it can be inserted at once: without its stamp, and without what refers to rows yet to come."""
        values = list(row)
        if self.stamp is not None:
            values[self.stamp] = 0
        for place in self.own:
            if self._refers_ahead(row, place):
                values[place] = None
        return values

    def _refers_ahead(self, row: Row, place: int) -> bool:
        return row[place] is not None and row[place] >= row[self.keys[0]]

    def ahead(self, row: Row) -> list[tuple[Statement, dict[str, Any]]]:
        """What sets the row's references to rows that came after it."""
        key = {f"key{place}": value for place, value in enumerate(self.key_of(row))}
        return [
            (statement, {**key, "value": row[place]})
            for place, statement in zip(self.own, self.links, strict=True)
            if self._refers_ahead(row, place)
        ]

    async def batch(self, tx: Transaction, after: Sequence[Any] | None) -> list[Row]:
        """The rows that come next."""
        if after is None:
            return await tx.all(self.first)
        return await tx.all(self.next, **{f"key{place}": value for place, value in enumerate(after)})

    async def batches(self, database: Database, after: Sequence[Any] | None = None) -> AsyncGenerator[list[Row]]:
        """All rows after a key; the next ones are read while the caller works on those before."""
        coming = asyncio.ensure_future(_read_batch(database, self, after))
        try:
            while rows := await coming:
                coming = asyncio.ensure_future(_read_batch(database, self, self.key_of(rows[-1])))
                yield rows
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _later(key: Sequence[Column[Any]]) -> ColumnElement[bool]:
    binds = [bindparam(f"key{place}", type_=column.type) for place, column in enumerate(key)]
    return key[0] > binds[0] if len(key) == 1 else tuple_(*key) > tuple_(*binds)


async def _read_batch(database: Database, plan: _Plan, after: Sequence[Any] | None) -> list[Row]:
    return await database.read(lambda tx: plan.batch(tx, after))


_TABLES: Final = [table for table in metadata.sorted_tables if table is not installation]
_PLANS: Final = [_Plan(table) for table in _TABLES]

_CLEAR: Final = {
    "sqlite": [Statement(sqlite=delete(table)) for table in reversed(_TABLES)],
    # At once and whatever there is: no row is looked at.
    "postgresql": [Statement(postgresql=text(f"TRUNCATE {', '.join(table.name for table in _TABLES)}"))],
}

_ANALYZE: Final = Statement(postgresql=text("ANALYZE"))


async def move(source: Database, target: Database, *, fresh: str, how: str, restart: bool, report: Report) -> Moved:
    """Copy every row of ``source`` into ``target``, see that all came over, and give the target a new epoch.

    Both are open and at the same revision; nobody else uses them.

    :param fresh: the epoch that the target is given.
    :param how: what has to be done to finish an interrupted move, kept in the target.
    :param restart: whether rows of an interrupted move are dropped first.
    :raises MoveRefused: when the target holds something else, or does not hold the same at the end.
    """
    await _begin(source, target, how=how, restart=restart)
    noted = await target.write(lambda tx: unfinished.begin(tx, how))
    copied = 0
    for plan in _PLANS:
        copied += await _copy(plan, source, target, noted.get(plan.name), report)
    rows = 0
    for plan in _PLANS:
        rows += await _compare(plan, source, target, report)
    await renew_epoch(target, await target.mark() or "", fresh)
    await target.write(_end)
    return Moved(rows, copied)


async def _is_empty(database: Database) -> bool:
    """Whether nobody has written anything yet."""

    async def look(tx: Transaction) -> bool:
        for plan in _PLANS:
            if await tx.one(plan.any) is not None:
                return False
        return True

    return await database.read(look)


async def _begin(source: Database, target: Database, *, how: str, restart: bool) -> None:
    """Mark the target as this source's, or see that it is."""
    row = await source.read(lambda tx: tx.one(_EPOCH))
    identity = str(row[0]) if row else ""
    was_empty = await _is_empty(target)

    async def work(tx: Transaction) -> None:
        noted = await unfinished.begin(tx, how)
        begun_from = noted.get(_SOURCE)
        if begun_from is None and not was_empty:
            raise MoveRefused("the target holds data already; a move needs an empty one")
        if restart and begun_from is not None:
            await _clear(tx)
            await unfinished.forget(tx)
            await unfinished.begin(tx, how)
        elif begun_from not in {None, identity}:
            raise MoveRefused(
                "the target holds part of another database; begin anew with --restart, or use another one"
            )
        await unfinished.note(tx, _SOURCE, identity)

    await target.write(work)


async def _clear(tx: Transaction) -> None:
    for statement in _CLEAR[tx.dialect]:
        await tx.run(statement)


async def _copy(plan: _Plan, source: Database, target: Database, noted: str | None, report: Report) -> int:
    after, done = orjson.loads(noted) if noted else (None, 0)
    row = await source.read(lambda tx: tx.one(plan.count))
    copied = 0
    with report(plan.name, row[0] if row else 0) as advance:
        advance(done)
        async for rows in plan.batches(source, after):
            done += len(rows)
            await _put(plan, target, rows, orjson.dumps([plan.key_of(rows[-1]), done]).decode())
            copied += len(rows)
            advance(len(rows))
    if plan.own:
        await _link(plan, source, target)
    return copied


async def _put(plan: _Plan, target: Database, rows: list[Row], how_far: str) -> None:
    laid_out = [plan.prepared(row) for row in rows]

    async def work(tx: Transaction) -> None:
        await tx.rows(plan.insert, plan.columns, laid_out)
        await unfinished.note(tx, plan.name, how_far)

    try:
        await target.write(work)
    except Exception as error:
        for row in rows:
            for name, value in zip(plan.columns, row, strict=True):
                if isinstance(value, str) and "\0" in value:
                    place = f"{plan.name} {plan.key_of(row)}, column {name}"
                    raise MoveRefused(f"{place}: a text with a NUL character, which PostgreSQL cannot hold") from error
        raise


async def _link(plan: _Plan, source: Database, target: Database) -> None:
    async for rows in plan.batches(source):
        links = [link for row in rows for link in plan.ahead(row)]
        if links:
            await target.write(lambda tx, links=links: _set(tx, links))  # type: ignore[misc]  # mypy cannot infer a lambda with a default


async def _set(tx: Transaction, links: list[tuple[Statement, dict[str, Any]]]) -> None:
    for statement, values in links:
        await tx.run(statement, **values)


async def _compare(plan: _Plan, source: Database, target: Database, report: Report) -> int:
    """Read both sides whole; the number of rows."""
    row = await source.read(lambda tx: tx.one(plan.count))
    with report(f"checking {plan.name}", row[0] if row else 0) as advance:
        theirs, ours = await asyncio.gather(_digest(plan, source, advance), _digest(plan, target, lambda _: None))
    if theirs != ours:
        raise MoveRefused(
            f"{plan.name} is not the same on both sides ({theirs[0]:,} and {ours[0]:,} rows); the source was changed"
            " since the move began: begin anew with --restart"
        )
    return theirs[0]


async def _digest(plan: _Plan, database: Database, advance: Callable[[int], None]) -> tuple[int, bytes]:
    digest = hashlib.blake2b()
    count = 0
    async for rows in plan.batches(database):
        for row in rows:
            values = [value for place, value in enumerate(row) if place != plan.stamp]
            digest.update(orjson.dumps(values) + b"\n")
        count += len(rows)
        advance(len(rows))
    return count, digest.digest()


async def _end(tx: Transaction) -> None:
    """Let numbers go on after those that came, and take the mark away."""
    if tx.dialect == "postgresql":
        for plan in _PLANS:
            if plan.serial is not None:
                await tx.all(_go_on(plan.name, plan.serial))
        await tx.run(_ANALYZE)
    await unfinished.end(tx)


def _go_on(table: str, column: str) -> Statement:
    return Statement(
        text(
            f"SELECT setval(sequence, greatest(last, 1), last > 0) FROM"  # noqa: S608 - names of our own
            f" (SELECT pg_get_serial_sequence('{table}', '{column}') AS sequence, coalesce(max({column}), 0) AS last"
            f" FROM {table}) AS found WHERE sequence IS NOT NULL"
        )
    )
