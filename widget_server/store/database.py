"""The thin layer over the drivers: transactions as functions, one hop each.

A transaction is an async function of a :class:`Transaction`. **It may await nothing but the transaction's own
methods**: on SQLite every such await returns at once and the whole function is driven to its end inside the
connection's thread, in one hop (measured for a lone message: 182 µs, against 1,060 µs as seven awaited statements); on
PostgreSQL the awaits are real. It may be run again after a failure, so it has no effect outside before its commit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from widget_server.store.statement import Statement

T = TypeVar("T")
Row = tuple[Any, ...]


class Transaction(Protocol):
    """What a transaction's function works with. Parameters are given by the statement's names."""

    dialect: str

    async def all(self, statement: Statement, /, **params: Any) -> list[Row]:
        """Every row."""
        ...

    async def one(self, statement: Statement, /, **params: Any) -> Row | None:
        """The first row, or None."""
        ...

    async def run(self, statement: Statement, /, **params: Any) -> int:
        """Execute; the number of rows it touched."""
        ...

    async def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]], /) -> None:
        """Execute once for each of ``rows``."""
        ...

    async def rows(self, statement: Statement, order: Sequence[str], rows: Iterable[Sequence[Any]], /) -> None:
        """As :meth:`many`, for rows that are laid out by ``order`` already: the committer's way."""
        ...

    async def stamp(self) -> int:
        """This writing transaction's stamp; the same however often it is asked for."""
        ...


TransactionFn = Callable[[Transaction], Awaitable[T]]


class Database(ABC):
    """One database, opened by :meth:`open` and closed by :meth:`close`.

    Closing is awaited on every path: an open connection hangs the process.
    """

    dialect: str
    one_writer: bool
    """Whether all writing goes through one connection of this process, so that nothing else can hold a row."""
    touched: int = 0
    """Goes up with each commit of this process that wrote a stamp, before its :meth:`write` returns."""

    @abstractmethod
    async def open(self) -> None:
        """Connect. :raises StoreUnavailable: when the database cannot be reached or used."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what runs, and disconnect. Harmless to repeat."""

    @abstractmethod
    async def read(self, fn: TransactionFn[T]) -> T:
        """Run ``fn`` on one consistent snapshot; it must not write."""

    @abstractmethod
    async def write(self, fn: TransactionFn[T]) -> T:
        """Run ``fn`` in one writing transaction and return after its commit; any exception rolls back and is raised."""

    @abstractmethod
    async def cursor(self, tx: Transaction) -> int:
        """The stamp from which a later "stamp ≥ cursor" misses nothing that ``tx`` does not see."""

    async def mark(self) -> str | None:
        """What tells this database from another one behind the same address.

        None where only its place does, and while it is a standby, of which nobody knows what it will become.
        """
        return None


class StoreUnavailable(Exception):
    """The database does not answer, is locked or full. Nothing was written; the same may be tried again."""


class TookTooLong(StoreUnavailable):
    """A question was given up because it took longer than it may; another one may be answered at once."""


class Held(StoreUnavailable):
    """Another transaction keeps a row that this one needs for too long. The rest of the database may be free."""


class SyncFailed(Exception):
    """The disk refused to make a commit durable. The process must stop: the kernel may have dropped the pages (M2)."""
