"""What a message says in a line of a list or a letter: its text, or where it has none the names of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from widget_server.store.tables import message

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class _Said(FunctionElement[str]):
    """The text of a message, else the names of the files that it carries."""

    type = Text()
    inherit_cache = True


SAID = _Said(message.c.body, message.c.files)
"""For what shows a message without its files; of one that was removed it is empty, as its text is."""


@compiles(_Said, "sqlite")
def _on_sqlite(said: _Said, compiler: SQLCompiler, **options: Any) -> str:
    body, files = (compiler.process(column, **options) for column in said.clauses)
    names = f"SELECT group_concat(json_extract(value, '$.name'), ', ') FROM json_each({files})"  # noqa: S608 - a column
    return f"coalesce(nullif({body}, ''), ({names}), '')"


@compiles(_Said, "postgresql")
def _on_postgresql(said: _Said, compiler: SQLCompiler, **options: Any) -> str:
    body, files = (compiler.process(column, **options) for column in said.clauses)
    each = f"json_array_elements(CAST({files} AS json)) AS one"
    names = f"SELECT string_agg(one ->> 'name', ', ') FROM {each}"  # noqa: S608 - a column
    return f"coalesce(nullif({body}, ''), ({names}), '')"
