"""Looking at any table: statements are built from the schema, once for each shape (S33).

What a person chooses are names of the schema's own columns; what they type are parameters. Every statement reads a
bounded number of rows, whatever the table's size: without a condition that an index answers, a condition is looked for
in a *window* of so many rows below a key, and the next window begins where it ended.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy import cast as as_type
from sqlalchemy.sql.elements import False_

from widget_server.store.masks import TABLES, hidden, is_masked
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Subquery

_b = bindparam

How = Literal["is", "contains", "from", "to", "empty"]
Shape = tuple[tuple[str, How], ...]
"""Columns with conditions, each with its kind."""
HOWS: Final[tuple[How, ...]] = ("is", "contains", "from", "to", "empty")

PAGE: Final = 50
WINDOW: Final = 20_000
CELL_CHARS: Final = 80
ROW_CHARS: Final = 4_000
MASK: Final = "\u2022\u2022\u2022"
"""In place of what nobody sees."""

PATIENCE: Final = Statement(
    sqlite=text("SELECT 1"), postgresql=text("SELECT set_config('statement_timeout', '3s', true)")
)
"""On PostgreSQL: how long each statement of this transaction may take. SQLite follows its keys and needs no limit."""


class Reference(NamedTuple):
    """A column that holds the key of another table's row."""

    table: str
    column: str
    target: str
    key: str


_UNCHECKED: Final = (
    Reference("audit", "board_id", "board", "id"),
    Reference("audit", "site_id", "site", "id"),
    Reference("ban", "site_id", "site", "id"),
    Reference("board_mark", "board_id", "board", "id"),
    Reference("identity", "scope", "site", "id"),
    Reference("link", "site_id", "site", "id"),
    Reference("message", "removed_by", "person", "id"),
    Reference("outbox", "person_id", "person", "id"),
    Reference("outbox", "site_id", "site", "id"),
    Reference("person", "picture", "picture", "hash"),
    Reference("person_note", "board_id", "board", "id"),
    Reference("report", "board_id", "board", "id"),
    Reference("report", "site_id", "site", "id"),
    Reference("role_grant", "board_id", "board", "id"),
    Reference("role_grant", "given_by", "person", "id"),
    Reference("role_grant", "role", "role", "key"),
    Reference("role_grant", "site_id", "site", "id"),
    Reference("silence", "board_id", "board", "id"),
    Reference("used_nonce", "site_id", "site", "id"),
)
"""References that the database does not check, most of them because 0 stands for "all"."""

REFERENCES: Final = (
    *(
        Reference(table.name, column.name, key.column.table.name, key.column.name)
        for table in TABLES.values()
        for column in table.columns
        for key in column.foreign_keys
    ),
    *_UNCHECKED,
)


def keys_of(table: str) -> tuple[str, ...]:
    """Return the names of the columns by which the table's rows are told apart."""
    return tuple(column.name for column in TABLES[table].primary_key)


def holds_numbers(table: str, column: str) -> bool:
    """Whether a column holds integers; else it is text."""
    return isinstance(TABLES[table].c[column].type, BigInteger | Integer)


@cache
def _begin_an_index(table: str) -> frozenset[str]:
    """Return the columns by which an index finds rows; one that leaves rows out does not count."""
    found = TABLES[table]
    keys = [c for c in found.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint) and len(c.columns)]
    whole = [index for index in found.indexes if index.dialect_options["sqlite"]["where"] is None]
    return frozenset(next(iter(each.columns)).name for each in (*keys, *whole))


def needs_windows(table: str, shape: Shape) -> bool:
    """Whether conditions can only be looked for row by row."""
    found = any(how == "is" and column in _begin_an_index(table) for column, how in shape)
    return bool(shape) and not found


@lru_cache(maxsize=512)
def rows(table: str, shape: Shape, *, continues: bool, chars: int) -> Statement:
    """Return the statement for a page of rows, the highest keys first; the keys stand before the columns.

    Args:
        table: its name.
        shape: the columns with conditions and their kinds; the values are the parameters ``v0``, ``v1``, ...
        continues: whether it begins below the key ``a0``, ``a1``, ...
        chars: of each text, and one more where it is longer.
    """
    source = _source(table, shape, continues=continues)
    keys = [source.c[f"key_{number}"] for number in range(len(keys_of(table)))]
    columns = [_cut(source.c[column.name], chars) for column in TABLES[table].columns]
    where = [_condition(source.c[column], how, f"v{number}") for number, (column, how) in enumerate(shape)]
    return Statement(select(*keys, *columns).where(*where).order_by(*(key.desc() for key in keys)).limit(PAGE + 1))


@cache
def window_end(table: str, *, continues: bool) -> Statement:
    """Return the statement for the last key of a window; it finds nothing where the table ends before."""
    keys = _key_columns(table)
    found = select(*keys).order_by(*(key.desc() for key in keys)).limit(1).offset(WINDOW - 1)
    return Statement(found.where(_below(keys)) if continues else found)


def _source(table: str, shape: Shape, *, continues: bool) -> Subquery:
    """Everything that may be shown, and the keys: what is hidden is hidden here already, also from conditions."""
    keys = _key_columns(table)
    shown = [_shown(table, column).label(column.name) for column in TABLES[table].columns]
    found = select(*(key.label(f"key_{number}") for number, key in enumerate(keys)), *shown)
    if continues:
        found = found.where(_below(keys))
    if needs_windows(table, shape):
        found = found.order_by(*(key.desc() for key in keys)).limit(WINDOW)
    return found.subquery("source")


def _key_columns(table: str) -> list[ColumnElement[Any]]:
    return [TABLES[table].c[name] for name in keys_of(table)]


def _below(keys: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    binds: list[ColumnElement[Any]] = [_b(f"a{number}") for number in range(len(keys))]
    return keys[0] < binds[0] if len(keys) == 1 else tuple_(*keys) < tuple_(*binds)


def _shown(table: str, column: Column[Any]) -> ColumnElement[Any]:
    mask = literal_column(f"'{MASK}'", Text)
    condition = hidden(table, column.name)
    if is_masked(table, column.name):
        return mask
    return column if isinstance(condition, False_) else case((condition, mask), else_=column)


def _cut(column: ColumnElement[Any], chars: int) -> ColumnElement[Any]:
    return column if isinstance(column.type, BigInteger | Integer) else func.substr(column, 1, chars + 1)


def _condition(column: ColumnElement[Any], how: How, value: str) -> ColumnElement[bool]:
    match how:
        case "is":
            return column == _b(value)
        case "contains":
            return as_type(column, Text).ilike(_b(value), escape="\\")
        case "from":
            return column >= _b(value)
        case "to":
            return column <= _b(value)
        case "empty":
            return column.is_(None)


def containing(piece: str) -> str:
    """Return the parameter of ``contains``: no character of ``piece`` means anything else than itself."""
    escaped = piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
