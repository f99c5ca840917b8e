"""The index of words follows the store: nothing is missed, and what is done twice is done once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.cli.history import write_history
from tests.serving import Served, begin, command, follow
from widget_server.actions.engine import Clock
from widget_server.app import NODE
from widget_server.core.seeking import seek
from widget_server.store.engines import index_of
from widget_server.store.indexing import BATCH, Indexing
from widget_server.store.search import COMPLETE, MOST, NOTHING, Asked, Index, Progress
from widget_server.store.sqlite import SQLiteDatabase
from widget_server.store.statement import Statement
from widget_server.workers.indexer import Indexer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from widget_server.store.database import Database, Transaction


SAY = Statement(
    text(
        "INSERT INTO message (channel_id, seq, author_id, side, kind, body, client_id, digest, first_version, version,"
        " created_at) VALUES (6, 21, 3, 'visitor', 'text', 'A quince', 'late', 'd', 21, 21, :at)"
    )
)
RAISE = Statement(text("UPDATE channel SET last_seq = 21, version = 21, stamp = :at WHERE id = 6"))


async def found(index: Index, query: str, *scopes: str) -> list[tuple[str, int]]:
    """(kind, place) of what is found, newest first."""
    return [(hit.kind, hit.seq) for hit in await index.find(Asked(scopes, seek(query).terms))]


@pytest.mark.everywhere
async def test_what_is_said_is_found_by_the_next_beat_and_what_is_taken_back_is_not(served: Served) -> None:
    node = served.app[NODE]
    await node.indexer.catch_up()
    grace = await served.staff("Grace")
    async with served.visitor() as visitor, served.console(grace) as console:
        name = await begin(visitor, "Where is my plum?")
        _, staff = await follow(console, name)
        await console.deliver("A whispered plum", staff)
        await visitor.deliver("Another one", name)
        await node.indexer.catch_up()
        assert await found(node.index, "plum", "site:1") == [("note", 1), ("message", 1)]
        assert await found(node.index, "plum", "site:2", "board:1") == []
        assert await found(node.index, "one", "site:1") == [("message", 2)]
        await command(visitor, "edit", channel=name, seq=2, revision=1, body="Another pear")
        await command(visitor, "remove", channel=name, seq=1)
        await node.indexer.catch_up()
        assert await found(node.index, "plum", "site:1") == [("note", 1)]
        assert await found(node.index, "one", "site:1") == []
        assert await found(node.index, "pear", "site:1") == [("message", 2)]


@pytest.fixture
async def history(empty_store: Path, tmp_path: Path) -> AsyncGenerator[SQLiteDatabase]:
    """Messages that were there before there was an index, more than one step takes."""
    path = tmp_path / "history.db"
    shutil.copyfile(empty_store, path)
    write_history(path, 2 * BATCH + 200)
    database = SQLiteDatabase(path)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def index(history: Database, tmp_path: Path) -> AsyncGenerator[Index]:
    """Its index, empty."""
    index = index_of(history, tmp_path)
    await index.open()
    yield index
    await index.close()


async def test_the_first_reading_goes_on_where_it_was_ended(history: Database, index: Index) -> None:
    indexing = Indexing(history, index, "epoch-1")
    now, more = await indexing.step(NOTHING)
    now, more = await indexing.step(now)
    assert (more, now.built) == (True, BATCH)
    await index.close()

    indexer = Indexer(history, index, "epoch-1", Clock())
    await indexer.beat()
    assert (await index.progress()).built == COMPLETE
    assert len(await found(index, "parcel", "site:1")) == MOST + 1
    assert await found(index, "1199", "site:1") == [("message", 20)]
    # Another epoch, as after a restore: what was made of the other past is forgotten.
    await Indexer(history, index, "epoch-2", Clock()).beat()
    assert (await index.progress()).epoch == "epoch-2"
    assert await found(index, "1199", "site:1") == [("message", 20)]


class Dying(Exception):
    """The process ends here."""


async def test_a_step_that_was_ended_between_reading_and_writing_is_done_again(
    history: SQLiteDatabase, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = Indexer(history, index, "epoch-1", Clock())
    await indexer.catch_up()

    async def say(tx: Transaction) -> None:
        await tx.run(SAY, at=await tx.stamp())
        await tx.run(RAISE, at=await tx.stamp())

    await history.write(say)

    async def die(*_: object) -> Progress:
        raise Dying

    with monkeypatch.context() as patched:
        patched.setattr(index, "write", die)
        with pytest.raises(Dying):
            await indexer.catch_up()
    assert await found(index, "quince", "site:1") == []
    for _ in range(2):
        await indexer.catch_up()
        assert await found(index, "quince", "site:1") == [("message", 21)]


async def test_a_node_that_was_overtaken_writes_nothing_and_one_holds_the_lease(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = served.app[NODE]
    await node.indexer.catch_up()
    monkeypatch.setattr(node.index.database, "one_writer", False)
    clock = served.clock
    one, other = (Indexer(served.engine.database, node.index, served.engine.epoch, clock) for _ in range(2))
    await one.beat()
    holder = (await node.index.progress()).holder
    await other.beat()
    assert (await node.index.progress()).holder == holder
    clock.ahead_ms += 11_000
    await other.beat()
    assert (await node.index.progress()).holder != holder
