"""The epoch: one random value of the installation, made anew where the database was swapped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from widget_server.store.installation import load_epoch, read_mark

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.store.database import Database


async def test_the_epoch_stays_as_long_as_the_mark_does(database: Database) -> None:
    assert await load_epoch(database, "mark", "first") == "first"
    assert await load_epoch(database, "mark", "second") == "first"


async def test_a_database_under_another_mark_has_another_epoch(database: Database) -> None:
    await load_epoch(database, "mark", "first")
    assert await load_epoch(database, "other", "second") == "second"
    assert await load_epoch(database, "other", "third") == "second"
    assert await load_epoch(database, "mark", "fourth") == "fourth"


async def test_nodes_that_start_at_once_find_one_epoch(database: Database) -> None:
    epochs = await asyncio.gather(*(load_epoch(database, "mark", f"of node {n}") for n in range(8)))
    assert len(set(epochs)) == 1
    assert await load_epoch(database, "mark", "late") == epochs[0]


def test_a_directory_keeps_its_mark(tmp_path: Path) -> None:
    assert read_mark(tmp_path, "fresh") == "fresh"
    assert read_mark(tmp_path, "another") == "fresh"
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]
