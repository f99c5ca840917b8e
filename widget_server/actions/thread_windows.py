"""Stretches of threads and posts for programs, in one order, and where the next one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from widget_server.actions.boards import access_board, access_boards
from widget_server.actions.messages import Page, page_of
from widget_server.actions.tags import read_tags
from widget_server.actions.threads import Thread, access_thread, can_see, thread_of
from widget_server.core.errors import Refused
from widget_server.core.ids import is_uuid
from widget_server.core.text import fold
from widget_server.store.lists import listed
from widget_server.store.queries import open_web as people_queries
from widget_server.store.queries import thread_windows as q

if TYPE_CHECKING:
    from typing import Any

    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import State

Sort = Literal["new", "active", "top", "hot"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
_AUTHOR: Final = len(q.AUTHOR_COLUMNS)


class Wanted(NamedTuple):
    """Which threads; what is None does not matter."""

    sort: Sort
    board: str | None = None
    """The words of its address."""
    tag: str | None = None
    author: str | None = None
    """Their public id."""


class ToldThread(NamedTuple):
    """A thread as programs are told it."""

    thread: Thread
    author: State
    tags: list[str]


class Stretch(NamedTuple):
    """Some threads, and behind which value of the order and which number the next ones begin; None: at the end."""

    threads: list[ToldThread]
    next: tuple[int, int] | None


async def list_threads(
    db: Database, actor: Actor, wanted: Wanted, *, after: tuple[int, int] | None, limit: int
) -> Stretch:
    """Return threads of the boards that ``actor`` may read, the highest of the order first.

    Raises:
        Refused: ``not_found`` for a board that is not there for them.
    """

    async def read(tx: Transaction) -> Stretch:
        if wanted.board is None:
            boards = [board.id for board in await access_boards(tx, actor)]
        else:
            boards = [(await access_board(tx, actor, wanted.board)).id]
        more: dict[str, Any] = {}
        if wanted.author is not None:
            author = await tx.one(people_queries.AUTHOR, public_id=wanted.author) if is_uuid(wanted.author) else None
            if author is None:
                return Stretch([], None)
            more["author_id"] = author[0]
        if wanted.tag is not None:
            more["tag"] = fold(wanted.tag)
        if after is not None:
            more["value"], more["before"] = after
        shape = q.Shape(wanted.sort, wanted.author is not None, wanted.tag is not None, after is not None)
        rows = await tx.all(q.threads(shape), boards=listed(tx.dialect, boards), limit=limit + 1, **more)
        shown = await _told(tx, [row[1:] for row in rows[:limit]])
        following = (rows[limit - 1][0], shown[-1].thread.number) if len(rows) > limit else None
        return Stretch(shown, following)

    return await db.read(read)


async def read_thread(db: Database, actor: Actor, number: int) -> ToldThread:
    """Return one thread. Raises ``Refused`` (``not_found``)."""

    async def read(tx: Transaction) -> ToldThread:
        row = await tx.one(q.ONE, number=number)
        told = [] if row is None else await _told(tx, [row])
        if not told or not can_see(actor, told[0].thread):
            raise Refused("not_found")
        return told[0]

    return await db.read(read)


async def list_posts(
    db: Database, actor: Actor, number: int, *, after: int | None, before: int | None, limit: int
) -> Page:
    """Return posts of a thread in order of ``seq``: the first behind ``after``, else the last before ``before``.

    Raises:
        Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> Page:
        thread = await access_thread(tx, actor, number)
        return await page_of(tx, thread.channel_id, after=after, before=before, limit=limit)

    return await db.read(read)


async def read_post(db: Database, actor: Actor, number: int, seq: int) -> State:
    """Return one post. Raises ``Refused`` (``not_found``)."""
    page = await list_posts(db, actor, number, after=seq - 1, before=seq + 1, limit=1)
    if not page.messages:
        raise Refused("not_found")
    return page.messages[0]


async def _told(tx: Transaction, rows: list[Row]) -> list[ToldThread]:
    threads = [thread_of(row[_AUTHOR:]) for row in rows]
    tags = await read_tags(tx, [thread.channel_id for thread in threads])
    return [
        ToldThread(thread, _author(row), tags.get(thread.channel_id, []))
        for row, thread in zip(rows, threads, strict=True)
    ]


def _author(row: Row) -> State:
    public_id, name, picture = row[:_AUTHOR]
    return {"id": public_id, "name": name, "role": "member", "picture": picture}
