"""A list of values as one parameter: ``json_each`` on SQLite, ``= ANY`` on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.selectable import TableValuedAlias

from widget_server.store.statement import Statement


def is_listed(dialect: str, of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The condition "``of`` is one of the values in parameter ``name``" (made by :func:`listed`)."""
    if dialect == "sqlite":
        each = func.json_each(bindparam(name)).table_valued(column("value"), name=f"{name}_each")
        return of.in_(select(each.c.value))
    kind = Text() if isinstance(of.type, Text) else BigInteger()
    return of == func.any(cast(bindparam(name), ARRAY(kind)))


def with_list(build: Callable[[ColumnElement[bool]], ClauseElement], of: ColumnElement[Any], name: str) -> Statement:
    """A statement whose condition is :func:`is_listed`."""
    return Statement(sqlite=build(is_listed("sqlite", of, name)), postgresql=build(is_listed("postgresql", of, name)))


def listed_sites(dialect: str) -> TableValuedAlias:
    """The parameter ``sites`` (made by :func:`listed`) as a table with a ``value`` in each row."""
    if dialect == "sqlite":
        return func.json_each(bindparam("sites")).table_valued(column("value", BigInteger), name="given")
    sites = cast(bindparam("sites"), ARRAY(BigInteger()))
    return func.unnest(sites).table_valued(column("value", BigInteger), name="given").render_derived()


def given_rows(name: str, **columns: ColumnElement[Any]) -> TableValuedAlias:
    """Many rows as a table, for PostgreSQL: one execution for all of them, where each alone costs as much again.

    :param columns: the parameters' names, each with a column of its type. Every one is given as a list.
    """
    arrays = [
        cast(bindparam(column_name), ARRAY(Text() if isinstance(of.type, Text) else BigInteger()))
        for column_name, of in columns.items()
    ]
    return (
        func.unnest(*arrays).table_valued(*(column(column_name) for column_name in columns), name=name).render_derived()
    )


def listed(dialect: str, values: Sequence[int | str]) -> Any:
    """``values`` in the form in which the dialect takes them as one parameter."""
    return orjson.dumps(values).decode() if dialect == "sqlite" else list(values)
