"""A SQLAlchemy Core expression, compiled once per dialect, to be run on the driver itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.expression import ClauseElement

from widget_server.core.errors import Unacceptable

DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
}


class Compiled(NamedTuple):
    """SQL text and how to lay named parameters out for it."""

    sql: str
    names: tuple[str, ...]
    row: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    by_columns: bool = False
    """Whether it takes many rows at once, each parameter being a column of them."""

    def bind(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """``params`` as the driver takes them.

        :raises Unacceptable: ``bad_text`` for NUL, which one database would store and the other refuses (F7). Whoever
            stores a text has checked it before; this is for what is only looked for, in an address or a field.
        """
        row = self.row(params)
        for value in row:
            if value.__class__ is str and "\0" in value:
                raise Unacceptable("bad_text")
        return row


class Statement:
    """A constant of a queries module: one expression, or one for each dialect where their words differ.

    Build statements once, at import. Parameters are ``bindparam`` names; values that stand in the expression itself
    (``limit(50)``, a compared literal) come from the compiled defaults.

    :param by_columns: the dialect whose expression takes many rows in one execution (:func:`lists.given_rows`).
    """

    __slots__ = ("_by_columns", "_by_dialect", "_compiled")

    def __init__(
        self, expression: ClauseElement | None = None, *, by_columns: str = "", **by_dialect: ClauseElement
    ) -> None:
        self._by_columns = by_columns
        self._by_dialect = by_dialect if expression is None else dict.fromkeys(DIALECTS, expression)
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect: str) -> Compiled:
        """The compiled form for ``sqlite`` or ``postgresql``."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = self._compile(dialect)
        return found

    def _compile(self, dialect: str) -> Compiled:
        compiled = self._by_dialect[dialect].compile(dialect=DIALECTS[dialect])
        names: tuple[str, ...] = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]  # set by SQLCompiler for positional styles
        required = {name for name, bind in compiled.binds.items() if bind.required}  # type: ignore[attr-defined]  # as above
        defaults = {name: value for name, value in compiled.params.items() if name not in required}
        layout = _layout(names, {n: defaults[n] for n in names if n in defaults})
        return Compiled(str(compiled), names, layout, dialect == self._by_columns)


def _layout(names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    if defaults:
        return lambda params: tuple(params[n] if n in params else defaults[n] for n in names)
    if len(names) == 1:
        only = names[0]
        return lambda params: (params[only],)
    return itemgetter(*names)


def rows_of(compiled: Compiled, rows: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """``rows`` laid out for an ``executemany``."""
    return list(map(compiled.row, rows))


def reordered(compiled: Compiled, order: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    """Rows that are laid out by ``order`` already, as the statement wants them: untouched where the two agree."""
    if compiled.names == tuple(order):
        return rows
    places = [order.index(name) for name in compiled.names]
    return [[row[place] for place in places] for row in rows]


def columns_of(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows turned into columns, for a statement that takes them so."""
    return list(zip(*rows, strict=True))
