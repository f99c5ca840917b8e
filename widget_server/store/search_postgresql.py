"""The index of words beside PostgreSQL: tables of its own in the same database, made where they are missing."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from widget_server.store import search_queries as q
from widget_server.store.search import Entry, Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from widget_server.core.words import Term
    from widget_server.store.database import Database, Transaction

_LIMIT_MS: Final = 2_000
_PLACES: Final = 16_383
"""A word can stand no further back, as PostgreSQL counts; those behind stand there together."""
_OF_A_WORD: Final = 255
"""So many places of one word are kept."""


class PostgreSQLIndex(Index):
    """One database's; it is opened and closed by whoever has it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @override
    async def open(self) -> None:
        if self.is_open:
            return
        row = await self.database.read(lambda tx: tx.one(q.IS_MADE))
        if row is None or not row[0]:
            await self.database.write(_make)
        self.is_open = True

    @override
    async def close(self) -> None:
        self.is_open = False

    @override
    async def _clear(self, tx: Transaction) -> None:
        for statement in q.CLEAR["postgresql"]:
            await tx.run(statement)

    @override
    def _row_of(self, entry: Entry) -> dict[str, Any]:
        fields = entry._asdict()
        return fields | {"words": _vector(fields.pop("title"), fields.pop("text"))}

    @override
    def _query_of(self, terms: Sequence[Term], without: Sequence[Term]) -> str:
        return " & ".join(chain(map(_quoted, terms), (f"!{_quoted(term)}" for term in without)))

    @override
    async def _limit(self, tx: Transaction) -> None:
        await tx.one(q.ABIDE, ms=str(_LIMIT_MS))


async def _make(tx: Transaction) -> None:
    for statement in q.MAKE["postgresql"]:
        await tx.run(statement)


def _vector(title: Iterable[str], text: Iterable[str]) -> str:
    """Words and their places as a ``tsvector`` is written; a gap keeps phrases from going on from title to text."""
    places: dict[str, list[str]] = {}
    place = 1
    for weight, words in (("A", title), ("", text)):
        for word in words:
            own = places.setdefault(word, [])
            if len(own) < _OF_A_WORD and place < _PLACES:
                own.append(f"{place}{weight}")
            place += 1
        place += 1
    return " ".join(f"'{word}':{','.join(own)}" if own else f"'{word}'" for word, own in places.items())


def _quoted(term: Term) -> str:
    """The term as a phrase of a ``tsquery``; a word has no character that could end it (``core.words``)."""
    *whole, last = (f"'{word}'" for word in term.words)
    return f"({' <-> '.join([*whole, last + (':*' if term.is_beginning else '')])})"
