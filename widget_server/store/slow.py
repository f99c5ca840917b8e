"""Queries that take long are told, with the place in the program that asked for them (S2.27)."""

from __future__ import annotations

import logging
import time
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from widget_server.store.database import Row, Transaction, TransactionFn
    from widget_server.store.statement import Statement

T = TypeVar("T")

log = logging.getLogger(__name__)

_SQL_CHARS: Final = 1_000


def timed(fn: TransactionFn[T], limit_s: float) -> TransactionFn[T]:
    """Return a transaction's function whose statements are told that take at least ``limit_s``; 0 tells none.

    Called where the function is handed in: what is told then names the request, whatever thread it is carried out in.
    """
    if not limit_s:
        return fn
    context = copy_context()

    async def run(tx: Transaction) -> T:
        return await fn(_TimedTransaction(tx, fn, limit_s, context))

    return run


class _TimedTransaction:
    """A transaction that looks at the clock around each statement of another one."""

    __slots__ = ("_context", "_fn", "_inner", "_limit_s", "dialect")

    def __init__(self, inner: Transaction, fn: TransactionFn[Any], limit_s: float, context: Context) -> None:
        self._inner = inner
        self._fn = fn
        self._limit_s = limit_s
        self._context = context
        self.dialect = inner.dialect

    async def all(self, statement: Statement, /, **params: Any) -> list[Row]:
        """Every row."""
        began = time.perf_counter()
        try:
            return await self._inner.all(statement, **params)
        finally:
            self._look(statement, began)

    async def one(self, statement: Statement, /, **params: Any) -> Row | None:
        """The first row, or None."""
        began = time.perf_counter()
        try:
            return await self._inner.one(statement, **params)
        finally:
            self._look(statement, began)

    async def run(self, statement: Statement, /, **params: Any) -> int:
        """Execute; the number of rows it touched."""
        began = time.perf_counter()
        try:
            return await self._inner.run(statement, **params)
        finally:
            self._look(statement, began)

    async def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]], /) -> None:
        """Execute once for each of ``rows``."""
        began = time.perf_counter()
        try:
            await self._inner.many(statement, rows)
        finally:
            self._look(statement, began)

    async def rows(self, statement: Statement, order: Sequence[str], rows: Iterable[Sequence[Any]], /) -> None:
        """As :meth:`many`, for rows that are laid out by ``order`` already."""
        began = time.perf_counter()
        try:
            await self._inner.rows(statement, order, rows)
        finally:
            self._look(statement, began)

    async def stamp(self) -> int:
        """This writing transaction's stamp."""
        return await self._inner.stamp()

    def _look(self, statement: Statement, began: float) -> None:
        took_s = time.perf_counter() - began
        if took_s >= self._limit_s:
            # Values are parameters, so the text of a statement is the program's own.
            sql = " ".join(statement.compiled(self.dialect).sql.split())[:_SQL_CHARS]
            facts = {"ms": round(took_s * 1000), "place": place_of(self._fn), "sql": sql}
            self._context.copy().run(log.warning, "A query was slow.", extra=facts)


def place_of(fn: Callable[..., object]) -> str:
    """Return where a function stands, as in ``widget_server/actions/roles.py:25 do_ensure_roles``."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return f"{getattr(fn, '__module__', '')} {type(fn).__name__}"
    file = "/".join(str(code.co_filename).rsplit("/", 3)[1:])
    asked = str(getattr(fn, "__qualname__", code.co_name)).partition(".<locals>")[0]
    return f"{file}:{code.co_firstlineno} {asked}"
