"""Every statement of the product can be said to every database it names."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, select

from widget_server import store
from widget_server.store.statement import Statement, rows_of
from widget_server.store.tables import installation

if TYPE_CHECKING:
    from collections.abc import Iterator


def _statements() -> Iterator[tuple[str, Statement]]:
    for module in pkgutil.walk_packages(store.__path__, f"{store.__name__}."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Statement):
                yield f"{module.name.removeprefix('widget_server.store.')}.{name}", value
            elif isinstance(value, dict):
                for key, each in value.items():
                    if isinstance(each, Statement):
                        yield f"{module.name}.{name}.{key}", each


STATEMENTS = dict(_statements())


@pytest.mark.parametrize(
    ("name", "dialect"),
    [(name, dialect) for name, statement in STATEMENTS.items() for dialect in statement._by_dialect],
)
def test_every_statement_compiles_for_every_database(name: str, dialect: str) -> None:
    compiled = STATEMENTS[name].compiled(dialect)
    assert compiled.sql
    assert "POSTCOMPILE" not in compiled.sql
    assert STATEMENTS[name].compiled(dialect) is compiled


def test_parameters_are_laid_out_by_name_and_literals_come_along() -> None:
    made = select(installation.c.name).where(
        installation.c.name == bindparam("one"), installation.c.value < bindparam("two")
    )
    compiled = Statement(made.limit(5)).compiled("sqlite")
    assert compiled.row({"two": 2, "one": 1})[:2] == (1, 2)
    assert 5 in compiled.row({"two": 2, "one": 1})
    assert rows_of(compiled, [{"one": 1, "two": 2}] * 2) == [compiled.row({"one": 1, "two": 2})] * 2
    with pytest.raises(KeyError):
        compiled.row({"one": 1})


def test_no_two_statements_make_the_same_change() -> None:
    known: dict[str, Statement] = {}
    doubled = []
    for name, statement in STATEMENTS.items():
        sql = statement.compiled(next(iter(statement._by_dialect))).sql
        if sql.startswith(("UPDATE", "DELETE")) and known.setdefault(sql, statement) is not statement:
            doubled.append(name)
    assert not doubled
