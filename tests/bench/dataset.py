"""A community that has grown for years: boards, threads and posts, from a thousand to a million, written in bulk.

``make dataset`` fills an installation's database with it; the suite uses a small one. The same number gives the same
rows on both databases.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
import click

from widget_server.cli.progress import show_progress
from widget_server.core.markdown import RENDERER
from widget_server.core.ranking import hot
from widget_server.core.tree import ROOT, place_under
from widget_server.store import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BOARDS: Final = 20
MEMBERS: Final = 500
LONG: Final = 10_000
"""Replies of the two long threads, where there are posts enough for them."""
CHAIN: Final = 1_000
"""Replies of the long nested thread that answer one another."""
_ORDINARY: Final = 20
_BATCH: Final = 5_000
_BEGAN: Final = 1_700_000_000_000
_APART_MS: Final = 40_000
_FIRST_KEY: Final = 10_000_000
"""Keys begin behind those that a server gives out beside them."""
_WORDS: Final = (
    "water", "leaf", "root", "soil", "light", "pot", "seed", "bloom", "window", "frost", "shade", "stem",
    "garden", "green", "brown", "dry", "wet", "morning", "evening", "summer", "winter", "often", "never",
    "maybe", "slowly", "quickly", "plant", "grow", "cut", "repot", "feed", "spray", "wait", "ask", "try",
    "show", "tell", "know",
)  # fmt: skip

Row = tuple[Any, ...]

_COLUMNS: Final[dict[str, str]] = {
    "person": "id, public_id, kind, name, folded_name, created_at, stamp",
    "board": "id, public_id, slug, name, folded_name, description, readers, layout, threads, creator_id, created_at, "
    "stamp",
    "tag": "id, name",
    "channel": "id, public_id, kind, creator_id, client_id, title, last_seq, version, created_at, stamp",
    "thread": "channel_id, number, board_id, author_id, kind, replies, score, hot, last_author_id, created_at, "
    "activity_at",
    "thread_tag": "tag_id, channel_id",
    "message": "no, channel_id, seq, author_id, side, kind, body, client_id, digest, parent, first_version, version, "
    "created_at, branch, path, score, tally",
    "rendering": "message_no, revision, renderer, html",
}


class Shape(NamedTuple):
    """How large a community is."""

    posts: int

    @property
    def long(self) -> int:
        """Replies of each of the two long threads."""
        return min(LONG, self.posts // 10)

    @property
    def threads(self) -> int:
        """All of them; the first two are the long ones, linear and nested."""
        return 2 + (self.posts - 2 * (self.long + 1)) // _ORDINARY

    def length(self, number: int) -> int:
        """How many posts the thread with this number (from 1) has."""
        return self.long + 1 if number <= 2 else _ORDINARY

    def board(self, number: int) -> int:
        """The place of a thread's board: even ones are nested, the last one is for members alone."""
        return number - 1 if number <= 2 else number % BOARDS


def _name(kind: int, number: int) -> str:
    return f"00000000-0000-7{kind:03x}-8000-{number:012x}"


def _people() -> Iterator[Row]:
    for number in range(MEMBERS):
        name = f"Member {number}"
        yield _FIRST_KEY + number, _name(1, number), "member", name, name.lower(), _BEGAN, 0


def _boards(shape: Shape) -> Iterator[Row]:
    counts = [0] * BOARDS
    for number in range(1, shape.threads + 1):
        counts[shape.board(number)] += 1
    for place, threads in enumerate(counts):
        name = f"Board {place}"
        readers = "members" if place == BOARDS - 1 else "everyone"
        layout = "nested" if place % 2 else "linear"
        about = f"Everything about {_WORDS[place]} and {_WORDS[place + 1]}."
        key = _FIRST_KEY + place
        yield (
            key,
            _name(2, place),
            f"board-{place}",
            name,
            name.lower(),
            about,
            readers,
            layout,
            threads,
            key,
            _BEGAN,
            0,
        )


class _Writer:
    """Makes the rows of threads, one after the other, from one seed."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._random = random.Random(7)
        self._no = _FIRST_KEY

    def _text(self, words: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=words))

    def thread(self, number: int) -> dict[str, list[Row]]:
        """Every row of one thread, by table."""
        shape = self._shape
        channel = _FIRST_KEY + number
        length = shape.length(number)
        # The newest thread has the newest number, and old ones are still answered.
        began = _BEGAN + number * _APART_MS
        authors = [_FIRST_KEY + self._random.randrange(MEMBERS) for _ in range(length)]
        score = self._random.randrange(40)
        title = self._text(6).capitalize()
        last_at = began + (length - 1) * _APART_MS
        rows: dict[str, list[Row]] = {
            "channel": [
                (channel, _name(3, number), "thread", authors[0], f"set-{number}", title, length, length, began, 0)
            ],
            "thread": [
                (channel, number, _FIRST_KEY + shape.board(number), authors[0],
                 "question" if number % 3 else "discussion", length - 1, score, hot(score, began), authors[-1],
                 began, last_at)
            ],
            "thread_tag": [(_FIRST_KEY + number % len(_WORDS), channel)],
            "message": [],
            "rendering": [],
        }  # fmt: skip
        places = [ROOT]
        for seq in range(1, length + 1):
            parent = self._parent(number, seq)
            if parent is not None:
                at = places[parent - 1] if parent > 1 else ROOT
                places.append(place_under(at, parent, seq))
            body = self._text(25)
            no = self._no
            self._no += 1
            rows["message"].append(
                (no, channel, seq, authors[seq - 1], "member", "text", body, f"set-{no}", "", parent, seq, seq,
                 began + (seq - 1) * _APART_MS, places[-1].branch, places[-1].path, score if seq == 1 else 0, None)
            )  # fmt: skip
            rows["rendering"].append((no, 0, RENDERER, f"<p>{body}</p>\n"))
        return rows

    def _parent(self, number: int, seq: int) -> int | None:
        if seq == 1:
            return None
        if number == 2 and seq <= min(CHAIN, self._shape.long // 2):
            return seq - 1
        return 1 if self._random.random() < 0.5 else self._random.randrange(1, seq)


def rows_of(shape: Shape) -> Iterator[tuple[str, list[Row]]]:
    """Every row of the community, table by table, in an order in which each finds those that it refers to."""
    yield "person", list(_people())
    yield "board", list(_boards(shape))
    yield "tag", [(_FIRST_KEY + place, word) for place, word in enumerate(_WORDS)]
    writer = _Writer(shape)
    gathered: dict[str, list[Row]] = {}
    for number in range(1, shape.threads + 1):
        for table, rows in writer.thread(number).items():
            gathered.setdefault(table, []).extend(rows)
        if len(gathered["message"]) >= _BATCH:
            yield from gathered.items()
            gathered = {}
    yield from gathered.items()


def fill_sqlite(path: Path, shape: Shape, advance: Callable[[int], object] = lambda _: None) -> None:
    """Fill a migrated database that no server uses.

    Args:
        path: of the file.
        shape: how large.
        advance: called with how many more posts are in.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-400000")
        db.execute("BEGIN")
        for table, rows in rows_of(shape):
            columns = _COLUMNS[table]
            marks = ", ".join("?" * len(columns.split(",")))
            db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
            advance(len(rows) if table == "message" else 0)
        db.execute("COMMIT")
        db.execute("ANALYZE")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def fill_postgresql(url: str, shape: Shape, advance: Callable[[int], object] = lambda _: None) -> None:
    """As :func:`fill_sqlite`."""
    db = await asyncpg.connect(url)
    try:
        async with db.transaction():
            for table, rows in rows_of(shape):
                await db.copy_records_to_table(table, records=rows, columns=_columns(table))
                advance(len(rows) if table == "message" else 0)
        await db.execute("ANALYZE")
    finally:
        await db.close()


def _columns(table: str) -> Sequence[str]:
    return [name.strip() for name in _COLUMNS[table].split(",")]


@click.command()
@click.option("--posts", type=click.IntRange(1_000, 10_000_000), default=1_000_000, show_default=True)
@click.option(
    "--url", default="sqlite:///data/widget.db", show_default=True, help="Of the database; no server uses it."
)
def main(posts: int, url: str) -> None:
    """Fill a database with a community that has grown for years."""
    shape = Shape(posts)
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(url)
    with show_progress("Posts", posts, "posts") as advance:
        if url.startswith("sqlite"):
            fill_sqlite(Path(url.removeprefix("sqlite:///")), shape, advance)
        else:
            asyncio.run(fill_postgresql(url, shape, advance))
    click.echo(f"{BOARDS} boards, {shape.threads:,} threads, {posts:,} posts", err=True)


if __name__ == "__main__":
    main()
