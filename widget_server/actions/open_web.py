"""What search engines are told there is: the addresses of everything that is open to everybody."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from widget_server.actions.feeds import open_boards
from widget_server.core.sitemap import file_of, numbers_of
from widget_server.core.slugs import thread_path
from widget_server.store.lists import listed
from widget_server.store.queries import open_web as q

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from widget_server.store.database import Database, Transaction

_STRETCH: Final = 5_000
"""So many numbers are read at once: nobody waits for a whole file."""

Found = list[tuple[str, int | None]]
"""Paths, each with the time of the last change (UTC ms) where there was one."""


async def list_files(db: Database) -> list[int]:
    """Return the numbers of the files that have a thread."""

    async def read(tx: Transaction) -> list[int]:
        boards = listed(tx.dialect, await open_boards(tx))
        files: list[int] = []
        first = 1
        while row := await tx.one(q.FROM_NUMBER, boards=boards, first=first):
            files.append(file_of(row[0]))
            first = numbers_of(files[-1]).stop
        return files

    return await db.read(read)


async def list_boards(db: Database) -> Found:
    """Return the boards' addresses."""

    async def read(tx: Transaction) -> Found:
        rows = await tx.all(q.BOARD_ACTIVITY, boards=listed(tx.dialect, await open_boards(tx)))
        return [(f"/boards/{slug}", changed) for slug, changed in rows]

    return await db.read(read)


async def list_threads(db: Database, file: int) -> AsyncGenerator[Found]:
    """Yield the addresses of a file's threads, in stretches; one without a thread yields nothing."""
    numbers = numbers_of(file)
    first = numbers.start
    while first < numbers.stop:
        following, found = await db.read(partial(_stretch, first=first, stop=numbers.stop))
        if found:
            yield found
        if following is None:
            return
        first = following


async def _stretch(tx: Transaction, first: int, stop: int) -> tuple[int | None, Found]:
    """Return where to go on, and what was found before."""
    boards = listed(tx.dialect, await open_boards(tx))
    begin = await tx.one(q.FROM_NUMBER, boards=boards, first=first)
    if begin is None or begin[0] >= stop:
        return None, []
    end = min(begin[0] + _STRETCH, stop)
    rows = await tx.all(q.THREADS_BETWEEN, boards=boards, first=begin[0], end=end)
    return end, [(thread_path(slug, number, title), changed) for number, title, slug, changed in rows]
