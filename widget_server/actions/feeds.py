"""What is told to everybody who follows a place by its feed: whoever asks is a guest, also somebody signed in.

So a feed is the same for all, and holds nothing that a reader of feeds would keep and its owner did not mean to show.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions.boards import access_board, access_boards
from widget_server.actions.rendering import rendered_anew
from widget_server.actions.threads import access_thread
from widget_server.core.errors import Refused
from widget_server.core.ids import is_uuid
from widget_server.core.markdown import RENDERER
from widget_server.core.permissions import GUEST
from widget_server.core.slugs import thread_path
from widget_server.store.lists import listed
from widget_server.store.queries import open_web as q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.engine import Engine
    from widget_server.store.database import Row, Transaction
    from widget_server.store.statement import Statement

ENTRIES: Final = 20


class Piece(NamedTuple):
    """A post of a feed."""

    channel: str
    title: str
    """Of its thread."""
    number: int
    board: str
    seq: int
    author: str | None
    created_at: int
    changed_at: int
    removed_at: int | None
    body: str
    html: str | None
    """Of its present revision; None only while it is read from the store."""
    no: int
    revision: int
    said: str
    """Its text, or the names of the files that it is made of alone."""

    @property
    def content(self) -> str | None:
        """What it looks like; None once it was removed."""
        if self.removed_at is not None:
            return None
        return self.html or f"<p>{escape(self.said)}</p>"

    @property
    def path(self) -> str:
        """Its address: of its thread, and for a reply its own place there."""
        if self.seq == 1:
            return thread_path(self.board, self.number, self.title)
        return f"/threads/{self.number}/{self.seq}"


class Told(NamedTuple):
    """What one feed tells."""

    title: str
    """Of the place; empty for the whole community."""
    subtitle: str
    page: str
    """The path where people read the same."""
    since: int
    """When the place was made (UTC ms): the feed's time while it is empty."""
    pieces: Sequence[Piece]


async def read_all(engine: Engine) -> Told:
    """Return the newest threads of all boards that are open to everybody."""

    async def read(tx: Transaction) -> Told:
        return Told("", "", "/boards", 0, await _threads(tx, q.NEWEST, await open_boards(tx)))

    return await _rendered(engine, await engine.database.read(read))


async def read_board(engine: Engine, slug: str) -> Told:
    """Return the newest threads of a board. Raises ``Refused`` (``not_found``), also where it is not for everybody."""

    async def read(tx: Transaction) -> Told:
        board = await access_board(tx, GUEST, slug)
        pieces = await _threads(tx, q.NEWEST, [board.id])
        return Told(board.name, board.description, f"/boards/{board.slug}", board.created_at, pieces)

    return await _rendered(engine, await engine.database.read(read))


async def read_tag(engine: Engine, name: str) -> Told:
    """Return the newest threads with a tag; a tag that nobody uses (any more) has none."""

    async def read(tx: Transaction) -> Told:
        pieces = await _threads(tx, q.NEWEST_TAGGED, await open_boards(tx), tag=name)
        return Told(name, "", f"/tags/{name}", 0, pieces)

    return await _rendered(engine, await engine.database.read(read))


async def read_thread(engine: Engine, number: int) -> Told:
    """Return the newest posts of a thread. Raises ``Refused`` (``not_found``)."""

    async def read(tx: Transaction) -> Told:
        thread = await access_thread(tx, GUEST, number)
        rows = await tx.all(q.NEWEST_POSTS, channel_id=thread.channel_id, limit=ENTRIES, renderer=RENDERER)
        return Told(thread.title, thread.board.name, thread.path, thread.created_at, _pieces(rows))

    return await _rendered(engine, await engine.database.read(read))


async def read_person(engine: Engine, public_id: str) -> Told:
    """Return what somebody wrote last where everybody may read it. Raises ``Refused`` (``not_found``)."""

    async def read(tx: Transaction) -> Told:
        found = await tx.one(q.AUTHOR, public_id=public_id) if is_uuid(public_id) else None
        if found is None:
            raise Refused("not_found")
        key, name = found
        boards = listed(tx.dialect, await open_boards(tx))
        rows = await tx.all(q.NEWEST_OF_PERSON, boards=boards, author_id=key, limit=ENTRIES, renderer=RENDERER)
        if not rows:
            # Whoever never wrote here is nobody that strangers may know of.
            raise Refused("not_found")
        return Told(name or "", "", f"/members/{public_id}", 0, _pieces(rows))

    return await _rendered(engine, await engine.database.read(read))


async def open_boards(tx: Transaction) -> list[int]:
    """Return the keys of the boards that everybody may read."""
    return [board.id for board in await access_boards(tx, GUEST)]


async def _threads(tx: Transaction, statement: Statement, boards: list[int], **more: Any) -> list[Piece]:
    keys = listed(tx.dialect, boards)
    return _pieces(await tx.all(statement, boards=keys, limit=ENTRIES, renderer=RENDERER, **more))


def _pieces(rows: Sequence[Row]) -> list[Piece]:
    return [Piece(*row) for row in rows]


async def _rendered(engine: Engine, told: Told) -> Told:
    """Work out what posts look like that nobody has read since the renderer changed; not inside a transaction."""
    pieces = [
        piece
        if piece.html is not None or piece.removed_at is not None
        else piece._replace(html=await rendered_anew(engine, piece.no, piece.revision, piece.body))
        for piece in told.pieces
    ]
    return told._replace(pieces=pieces)
