"""The index of words beside SQLite: FTS5 in a file of its own, which may be lost."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from widget_server.store import search_queries as q
from widget_server.store.database import StoreUnavailable
from widget_server.store.search import Entry, Index
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from widget_server.core.words import Term
    from widget_server.store.database import Transaction

FILE: Final = "search.db"
_LIMIT_S: Final = 2.0


class SQLiteIndex(Index):
    """One file's.

    Args:
        path: of the file; it is made where it is missing, and made anew where it is none.
        slow_s: seconds from which on a question is logged; 0 logs none.
    """

    def __init__(self, path: Path, *, slow_s: float = 0) -> None:
        self._path = path
        self._opening = asyncio.Lock()
        self.database = SQLiteDatabase(path, readers=1, slow_s=slow_s, limit_s=_LIMIT_S)

    @override
    async def open(self) -> None:
        async with self._opening:
            if not self.is_open:
                await self._open()
                self.is_open = True

    async def _open(self) -> None:
        try:
            await self._make()
        except StoreUnavailable as error:
            await self.database.close()
            if not isinstance(error.__cause__, sqlite3.Error):
                raise
            # Nothing is lost with it: what cannot be read is made anew.
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            await self._make()

    async def _make(self) -> None:
        await self.database.open()
        await self.database.write(_make)

    @override
    async def close(self) -> None:
        self.is_open = False
        await self.database.close()

    @override
    async def _clear(self, tx: Transaction) -> None:
        for statement in q.CLEAR["sqlite"]:
            await tx.run(statement)
        await _make(tx)

    @override
    def _row_of(self, entry: Entry) -> dict[str, Any]:
        fields = entry._asdict()
        return fields | {"title": " ".join(entry.title), "body": " ".join(fields.pop("text"))}

    @override
    def _query_of(self, terms: Sequence[Term], without: Sequence[Term]) -> str:
        query = f"({' AND '.join(map(_quoted, terms))})"
        return f"{query} NOT ({' OR '.join(map(_quoted, without))})" if without else query

    @override
    async def _limit(self, tx: Transaction) -> None:
        """The database does (``limit_s``)."""


async def _make(tx: Transaction) -> None:
    for statement in q.MAKE["sqlite"]:
        await tx.run(statement)


def _quoted(term: Term) -> str:
    """The term as a phrase of FTS5; a word has no character that could end it (``core.words``)."""
    return f'"{" ".join(term.words)}"{" *" if term.is_beginning else ""}'
