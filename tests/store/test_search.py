"""The index of words: the same for every database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.core.test_words import HOSTILE
from widget_server.core.seeking import seek
from widget_server.core.words import split_words, term_of
from widget_server.store import search_postgresql
from widget_server.store.database import TookTooLong
from widget_server.store.engines import index_of
from widget_server.store.search import COMPLETE, MOST, NOBODY, Asked, Changes, Entry, Known, Overtaken, Progress
from widget_server.store.search_sqlite import FILE
from widget_server.store.sqlite import SQLiteDatabase
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection
    from pathlib import Path

    from widget_server.store.database import Database, Transaction
    from widget_server.store.search import Index

EPOCH = "epoch-1"
ENDLESS = Statement(
    sqlite=text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"),
    postgresql=text("SELECT pg_sleep(600)"),
)


@pytest.fixture
async def index(database: Database, tmp_path: Path) -> AsyncGenerator[Index]:
    """An empty index beside a database."""
    index = index_of(database, tmp_path)
    await index.open()
    yield index
    await index.close()


def entry(no: int, text: str, title: str = "", scope: str = "board:1", kind: str = "post", **facts: int) -> Entry:
    at = {"channel_id": 1, "seq": no, "author_id": 1, "at": no * 1000} | facts
    return Entry(no, kind, scope, **at, title=split_words(title), text=split_words(text))


async def put(index: Index, *entries: Entry, **changes: object) -> Progress:
    before = await index.progress()
    after = Progress(EPOCH, 1, COMPLETE, "", 0, 0)
    return await index.write(before, after, Changes(entries, **changes))  # type: ignore[arg-type]  # as they are


async def found(index: Index, query: str = "", scopes: Collection[str] = ("board:1",), **more: object) -> list[int]:
    sought = seek(query)
    asked = Asked(scopes, sought.terms, sought.without, **more)  # type: ignore[arg-type]  # as they are
    return [hit.id for hit in await index.find(asked)]


async def test_words_phrases_and_what_must_not_be_there(index: Index) -> None:
    await put(
        index,
        entry(1, "Too much water makes brown leaves"),
        entry(2, "brown, but the leaves are green; Größe 44", "Green leaves"),
        entry(3, "この白猫です。and a cat"),
        entry(4, "leaf"),
    )
    expected = {
        "brown leaves": [2, 1],
        '"brown leaves"': [1],
        "leaves -water": [2],
        'brown -"brown leaves"': [2],
        "GROSSE": [2],
        "猫": [3],
        "白猫": [3],
        '"猫で"': [3],
        "猫白": [],
        "leave": [],
        '"leaves brown"': [],
        "44 größe": [2],
        "nothing": [],
    }
    for query, ids in expected.items():
        assert await found(index, query) == ids, query


async def test_what_one_may_not_read_is_neither_found_nor_counted(index: Index) -> None:
    await put(
        index,
        *(entry(no, "plum", scope=scope) for no, scope in enumerate(("board:1", "board:2", "site:1", NOBODY), 1)),
    )
    assert await found(index, "plum", ["board:2", "site:1"]) == [3, 2]
    assert await found(index, "plum", ["board:11"]) == []
    assert await found(index, "plum", []) == []
    assert await found(index, "", ["site:1"], authors=[1]) == [3]


async def test_a_question_is_narrowed_down(index: Index) -> None:
    await put(
        index,
        entry(1, "plum", kind="thread", author_id=7, channel_id=5),
        entry(2, "plum", author_id=8, channel_id=5),
        entry(3, "plum", author_id=7, channel_id=6),
        entry(-1, "plum", kind="board", author_id=7, channel_id=0),
        tags={5: [3, 4], 6: [4]},
    )
    assert await found(index, "plum", kinds=["thread", "board"]) == [1, -1]
    assert await found(index, "plum", authors=[8, 9]) == [2]
    assert await found(index, "plum", authors=[]) == []
    assert await found(index, "plum", tag=3) == [2, 1]
    assert await found(index, "", tag=4, authors=[7]) == [3, 1]
    assert await found(index, "-plum", tag=4) == []
    assert await found(index, "-pear", tag=3) == [2, 1]
    assert await found(index, "plum", after_ms=2000, before_ms=3000) == [2]
    await put(index, tags={5: []})
    assert await found(index, "plum", tag=3) == []


async def test_the_best_come_first_and_hits_are_counted_up_to_a_bound(index: Index) -> None:
    await put(index, entry(1, "much water", "Brown leaves"), entry(2, "leaves " + "and more " * 40), entry(3, "other"))
    assert await found(index, "leaves", best_first=True) == [1, 2]
    assert await found(index, "leaves") == [2, 1]
    await put(index, *(entry(no, "many") for no in range(10, 10 + MOST + 50)))
    hits = await found(index, "many")
    assert len(hits) == MOST + 1
    assert hits[0] == 9 + MOST + 50


async def test_an_entry_that_comes_again_replaces_itself_and_one_that_goes_is_gone(index: Index) -> None:
    await put(index, entry(1, "first words"), entry(2, "second words"), known={1: Known(2, 3, "head")})
    await put(index, entry(1, "other words"), entry(1, "other words"), gone=[2, 99])
    assert await found(index, "first") == []
    assert await found(index, "second") == []
    assert await found(index, "words") == [1]
    await put(index, scopes={1: NOBODY}, known={1: Known(9, 9, "removed")})
    assert await found(index, "words") == []
    assert await index.known([1, 2]) == {1: Known(9, 9, "removed")}


async def test_another_epoch_begins_anew_and_who_was_overtaken_writes_nothing(index: Index) -> None:
    before = await index.progress()
    after = await put(index, entry(1, "plum"), tags={1: [1]}, known={1: Known(1, 1, "")})
    assert await index.progress() == after
    with pytest.raises(Overtaken):
        await index.write(before, after, Changes([entry(2, "plum")]))
    assert await found(index, "plum") == [1]
    await index.write(after, after._replace(epoch="epoch-2", built=0), Changes([entry(3, "plum")]))
    assert await found(index, "plum") == [3]
    assert await index.known([1]) == {}
    assert await found(index, "plum", tag=1) == []


async def test_f8_s33_no_query_is_a_program(index: Index) -> None:
    for query in (*HOSTILE, "'", "\\", "x' | 'y", "a:*", "!plum", "title : plum", "<->", "{title}"):
        await put(index, entry(1, f"{query} plum x y a b hel and near foo title"))
        assert await found(index, f"{query} plum") == [1], query
        assert await found(index, f"-pear {query}") == [1], query


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
async def test_whatever_is_written_is_found_by_what_was_written(index: Index, text: str) -> None:
    term = term_of(text)
    await put(index, entry(1, text))
    hits = await index.find(Asked(["board:1"], [term] if term else []))
    assert [hit.id for hit in hits] == [1]


@pytest.mark.only("sqlite")
async def test_a_file_that_is_none_is_made_anew(database: Database, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    index = index_of(database, tmp_path)
    await asyncio.gather(index.open(), index.open())
    await put(index, entry(1, "plum"))
    assert await found(index, "plum") == [1]
    await index.close()


async def test_a_question_that_takes_too_long_is_given_up(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_postgresql, "_LIMIT_MS", 50)
    if isinstance(index.database, SQLiteDatabase):
        monkeypatch.setattr(index.database, "_limit_s", 0.05)

    async def ask(tx: Transaction) -> None:
        await index._limit(tx)
        await tx.all(ENDLESS)

    with pytest.raises(TookTooLong):
        await index.database.read(ask)
    assert await found(index, "plum") == []
