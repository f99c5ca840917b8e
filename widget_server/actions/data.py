"""The data browser: administrators look at every table, and change nothing (S3.16).

They may read what people wrote to each other, since they can read the database; that they did is a row of the audit
log. What opens something is hidden from them too (:mod:`widget_server.store.masks`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions import audit
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Permission, may
from widget_server.store.masks import TABLES, WRITTEN, is_masked
from widget_server.store.queries import browsing as queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.queries.browsing import How, Reference, Shape

HOWS: Final = queries.HOWS
MASK: Final = queries.MASK
PAGE: Final = queries.PAGE
MOST_CONDITIONS: Final = 4
_WINDOWS: Final = 5
"""How many are looked through for one page: 100,000 rows."""
_MOMENTS: Final = frozenset({"at", "snoozed_until", "taken_until"})
_LARGEST: Final = (1 << 63) - 1
_VALUE_CHARS: Final = 500


class Condition(NamedTuple):
    """What the shown rows have in common."""

    column: str
    how: How
    value: int | str


class Column(NamedTuple):
    """One column of a table."""

    name: str
    is_number: bool
    is_moment: bool
    """A time, in UTC milliseconds."""
    is_hidden: bool
    leads_to: Reference | None


class Page(NamedTuple):
    """Some rows of a table."""

    columns: list[Column]
    rows: list[Row]
    after: list[int | str] | None
    """The key below which the next page begins; None at the end."""
    is_searching: bool
    """Whether there may be more that was not looked at yet: a page can be short, or empty, and go on."""


def list_tables(actor: Actor) -> dict[str, int]:
    """Return the names of all tables, with how many columns each has.

    Raises:
        Refused: ``not_allowed``.
    """
    _check(actor)
    return {name: len(table.columns) for name, table in TABLES.items()}


def columns_of(table: str) -> list[Column]:
    """Return the columns of a table.

    Raises:
        Refused: ``not_found``.
    """
    if table not in TABLES:
        raise Refused("not_found")
    leads = {reference.column: reference for reference in queries.REFERENCES if reference.table == table}
    return [
        Column(
            column.name,
            queries.holds_numbers(table, column.name),
            column.name in _MOMENTS or column.name.endswith("_at"),
            is_masked(table, column.name),
            leads.get(column.name),
        )
        for column in TABLES[table].columns
    ]


def references_to(table: str) -> list[Reference]:
    """Return what of other tables (and this one) points to rows of ``table``."""
    return [reference for reference in queries.REFERENCES if reference.target == table]


def keys_of(table: str) -> tuple[str, ...]:
    """Return the columns by which rows are told apart."""
    return queries.keys_of(table)


def check_condition(table: str, column: str, how: str, typed: str) -> Condition:
    """Return a condition from what was chosen and typed.

    Times may be typed as days: ``2026-01-31``.

    Raises:
        Refused: ``not_found`` for a column or a kind that does not exist.
        Unacceptable: ``bad_text`` for a value that the column cannot have, or a column that nobody sees.
    """
    found = {known.name: known for known in columns_of(table)}.get(column)
    if found is None or how not in HOWS:
        raise Refused("not_found")
    if found.is_hidden or len(typed) > _VALUE_CHARS or not typed.isprintable():
        raise Unacceptable("bad_text")
    if how == "empty":
        return Condition(column, how, "")
    if how == "contains" or not found.is_number:
        return Condition(column, how, typed)
    return Condition(column, how, _number(typed, is_end=how == "to"))


def _number(typed: str, *, is_end: bool) -> int:
    try:
        value = int(typed)
    except ValueError:
        try:
            day = datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            raise Unacceptable("bad_text") from None
        value = int(day.timestamp() * 1000) + (86_400_000 - 1 if is_end else 0)
    if abs(value) > _LARGEST:
        raise Unacceptable("bad_text")
    return value


async def access_rows(
    db: Database,
    actor: Actor,
    table: str,
    conditions: Sequence[Condition] = (),
    *,
    after: Sequence[int | str] | None = None,
    is_whole: bool = False,
    now_ms: int,
) -> Page:
    """Return rows of a table, the highest keys first; looking at what people wrote is put into the audit log.

    Args:
        db: the store.
        actor: who looks.
        table: its name.
        conditions: made by :func:`check_condition`.
        after: the key below which to begin, of the page before.
        is_whole: texts are shown at length instead of their beginning.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``not_allowed``, ``not_found``.
    """
    _check(actor)
    columns = columns_of(table)
    shape: Shape = tuple((condition.column, condition.how) for condition in conditions)
    if table in WRITTEN:
        await _record(db, actor, table, conditions, now_ms)
    values = {
        f"v{number}": queries.containing(str(condition.value)) if condition.how == "contains" else condition.value
        for number, condition in enumerate(conditions)
        if condition.how != "empty"
    }
    chars = queries.ROW_CHARS if is_whole else queries.CELL_CHARS
    key_count = len(keys_of(table))
    for _ in range(_WINDOWS if queries.needs_windows(table, shape) else 1):
        found, end = await _look(db, table, shape, values, after, chars)
        if found or end is None:
            break
        after = end
    else:
        return Page(columns, [], list(after or ()), is_searching=True)
    shown = [row[key_count:] for row in found[:PAGE]]
    if len(found) > PAGE:
        return Page(columns, shown, list(found[PAGE - 1][:key_count]), is_searching=False)
    return Page(columns, shown, end, is_searching=end is not None)


async def _look(
    db: Database, table: str, shape: Shape, values: dict[str, Any], after: Sequence[int | str] | None, chars: int
) -> tuple[list[Row], list[int | str] | None]:
    """Return at most a page and one row, and where to go on when a window was looked through."""
    place = {f"a{number}": key for number, key in enumerate(after or ())}

    async def read(tx: Transaction) -> tuple[list[Row], list[int | str] | None]:
        await tx.one(queries.PATIENCE)
        rows = await tx.all(queries.rows(table, shape, continues=after is not None, chars=chars), **values, **place)
        if not queries.needs_windows(table, shape):
            return rows, None
        end = await tx.one(queries.window_end(table, continues=after is not None), **place)
        return rows, list(end) if end else None

    return await db.read(read)


async def _record(db: Database, actor: Actor, table: str, conditions: Sequence[Condition], now_ms: int) -> None:
    # A number is a key or a time; what else was typed may be somebody's words.
    where = [f"{c.column} {c.how} {c.value}" if isinstance(c.value, int) else f"{c.column} {c.how}" for c in conditions]
    details = {"where": where}
    await db.write(lambda tx: audit.record(tx, actor.person_id, "data.read", table, "", details=details, now_ms=now_ms))


def _check(actor: Actor) -> None:
    if not may(actor, Permission.ADMINISTER):
        raise Refused("not_allowed")
