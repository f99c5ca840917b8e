"""What is written in bulk is what a server would have written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.bench import seeding
from tests.bench.growth import come_and_talk
from tests.clients.installation import make_installation

if TYPE_CHECKING:
    from pathlib import Path

_FEW = seeding.Size("few", short=30, long=1, length=70)


async def test_every_row_refers_to_another_that_is_there(tmp_path: Path) -> None:
    installation = await make_installation(tmp_path / "data")
    path = installation.data_dir / "widget.db"
    seeding.fill_sqlite(path, _FEW, [0])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (30 * seeding.SHORT + 70,)
        told = "SELECT last_seq, (SELECT max(seq) FROM message WHERE channel_id = channel.id), version FROM channel"
        rows = connection.execute(f"{told} WHERE kind = 'conversation'").fetchall()
    assert all(last == stored == version for last, stored, version in rows)


def test_nobody_writes_twice_and_who_writes_does_not_come_back() -> None:
    for size in (seeding.THOUSANDS, seeding.MILLION):
        come, talk = come_and_talk(size)
        assert len(talk) == len(set(talk))
        assert not set(come) & set(talk)
