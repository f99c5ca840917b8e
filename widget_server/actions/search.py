"""Searching what one may read: boards, threads and posts, one's own rooms, and for agents the chats of their sites.

What may be read is worked out anew for every question and handed to the index as scopes, so that nothing else is found
or counted. What is shown comes from the store as it is now: whatever was taken away a moment ago is not among it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from widget_server.actions.boards import KnownBoard, access_boards
from widget_server.actions.room_lists import own_list
from widget_server.core.lookalikes import look
from widget_server.core.permissions import answered_sites
from widget_server.core.plain import Piece, one_line, plain_of, snippet_of
from widget_server.core.slugs import slug_of
from widget_server.core.text import fold
from widget_server.store.database import TookTooLong
from widget_server.store.lists import listed
from widget_server.store.queries import seeking as q
from widget_server.store.search import MOST, Asked, Hit, board_scope, room_scope, site_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.engine import Engine
    from widget_server.actions.rooms import Room
    from widget_server.core.permissions import Actor
    from widget_server.core.seeking import Sought
    from widget_server.store.database import Row, Transaction
    from widget_server.store.search import Index

PAGE: Final = 20

Sort = Literal["best", "new"]
State = Literal["ready", "incomplete", "too_broad"]

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("thread", "post", "board", "said"),
    "threads": ("thread",),
    "boards": ("board",),
    "rooms": ("said",),
    "chats": ("message", "note"),
}


class Result(NamedTuple):
    """Something that was found, as it is shown."""

    kind: str
    """``thread``, ``post``, ``board``; in rooms ``said``; in chats ``message`` and ``note``."""
    title: list[Piece]
    """Of the thread or board; of a chat its site's name."""
    snippet: list[Piece]
    path: str
    """Where it stands, under the installation's own address."""
    board: KnownBoard | None
    author: tuple[str, str | None, str | None] | None
    """Public id, name and picture."""
    at: int
    channel: str
    """The public name of its channel; of a note the conversation's; empty for a board."""
    seq: int


class Found(NamedTuple):
    """A page of results."""

    results: list[Result]
    total: int
    """How many there are, up to :data:`MOST`."""
    is_more: bool
    """Whether there are more than :attr:`total`."""
    page: int
    more: bool
    """Whether another page follows."""
    state: State
    """``incomplete`` while the index is being made; ``too_broad``: it was given up, say it more closely."""
    boards: list[KnownBoard]
    """Those that the asker may read."""


class _Readable(NamedTuple):
    """What the asker may read, and what the names in their question stand for."""

    boards: dict[int, KnownBoard]
    rooms: dict[int, Room]
    """Those that the asker is in."""
    sites: frozenset[int]
    scopes: list[str]
    authors: list[int] | None
    tag: int | None


async def search(
    engine: Engine, actor: Actor, sought: Sought, *, page: int = 1, sort: Sort = "best", rooms: bool = True
) -> Found:
    """Return a page (from 1) of what ``actor`` may read and ``sought`` describes; nothing is sought, nothing is found.

    Without ``rooms`` nothing of those is looked for.

    The best ones are chosen among the newest :data:`MOST`, and one can turn no further than to those.
    """
    readable = await engine.database.read(lambda tx: _readable(tx, actor, sought, with_rooms=rooms))
    boards = list(readable.boards.values())
    index = engine.index
    if index is None or not index.is_open:
        return Found([], 0, False, page, False, "incomplete", boards)
    try:
        hits = [] if sought.is_empty or readable.tag == _NONE else await _find(index, sought, readable, sort)
    except TookTooLong:
        return Found([], 0, False, page, False, "too_broad", boards)
    start = (page - 1) * PAGE
    shown = hits[:MOST][start : start + PAGE]
    numbers = [hit.id for hit in shown if hit.id > 0]
    rows = {}
    if numbers:
        read = await engine.database.read(lambda tx: tx.all(q.FOUND, numbers=listed(tx.dialect, numbers)))
        rows = {row[0]: row for row in read}
    made = [_result(hit, rows.get(hit.id), readable, sought) for hit in shown]
    results = [result for result in made if result is not None]
    return Found(
        results,
        # What is out of sight and not yet out of the index is not counted either.
        min(len(hits) - len(made) + len(results), MOST),
        len(hits) > MOST,
        page,
        start + PAGE < min(len(hits), MOST),
        "ready" if index.is_complete else "incomplete",
        boards,
    )


_NONE: Final = -1
"""The key of a tag that nobody has used."""


async def _readable(tx: Transaction, actor: Actor, sought: Sought, *, with_rooms: bool) -> _Readable:
    boards = {board.id: board for board in await access_boards(tx, actor)}
    allowed = answered_sites(actor) if sought.place == "chats" else None
    meant: list[Row] = []
    if sought.author or sought.tag or allowed:
        names = {"folded_name": look(sought.author), "public_id": sought.author.strip(), "tag_name": fold(sought.tag)}
        meant = await tx.all(q.MEANT, **names, with_sites=int(bool(allowed)))
    authors = [key for what, key in meant if what == "author"] if sought.author else None
    tag = next((key for what, key in meant if what == "tag"), _NONE) if sought.tag else None
    if allowed is not None:
        sites = frozenset(key for what, key in meant if what == "site" and key in allowed)
        return _Readable(boards, {}, sites, [site_scope(key) for key in sites], authors, tag)
    rooms: dict[int, Room] = {}
    if with_rooms and actor.person_id and not sought.board and sought.place in {"", "rooms"}:
        rooms = {room.channel_id: room for room in await own_list(tx, actor)}
    wanted = list(boards.values())
    if sought.board:
        name, slug = fold(sought.board), slug_of(sought.board)
        wanted = [board for board in wanted if board.slug in {sought.board, slug} or fold(board.name) == name]
    scopes = [board_scope(board.id) for board in wanted] + [room_scope(key) for key in rooms]
    return _Readable(boards, rooms, frozenset(), scopes, authors, tag)


async def _find(index: Index, sought: Sought, readable: _Readable, sort: Sort) -> list[Hit]:
    return await index.find(
        Asked(
            readable.scopes,
            sought.terms,
            sought.without,
            _KINDS[sought.place],
            readable.authors,
            readable.tag,
            sought.after_ms,
            sought.before_ms,
            best_first=sort == "best",
        )
    )


def _result(hit: Hit, row: Row | None, readable: _Readable, sought: Sought) -> Result | None:
    """What is shown of a hit; None for what is no more, or not the asker's any more, and not yet out of the index."""
    if hit.kind == "board":
        board = readable.boards.get(-hit.id)
        return None if board is None else _of_board(board, sought)
    if row is None or row[4] is not None:
        return None
    if row[9] == "room":
        room = readable.rooms.get(row[17])
        return None if room is None else _of_room(hit.kind, row, room, sought)
    if row[9] != "thread":
        return _of_chat(hit.kind, row, sought) if row[15] in readable.sites else None
    board = readable.boards.get(row[13])
    return _of_post(hit.kind, row, board, sought) if board is not None and row[14] is None else None


def _of_board(board: KnownBoard, sought: Sought) -> Result:
    title, snippet = (snippet_of(each, sought.words) for each in (board.name, plain_of(board.description)))
    return Result("board", title, snippet, f"/boards/{board.slug}", board, None, board.created_at, "", 0)


def _of_post(kind: str, row: Row, board: KnownBoard, sought: Sought) -> Result:
    _, seq, body, at = row[:4]
    path = f"/threads/{row[12]}" if seq == 1 else f"/threads/{row[12]}/{seq}"
    title, snippet = (snippet_of(each, sought.words) for each in (row[10] or "", plain_of(body)))
    return Result(kind, title, snippet, path, board, (row[6], row[7], row[8]), at, row[11], seq)


def _of_room(kind: str, row: Row, room: Room, sought: Sought) -> Result:
    _, seq, body, at = row[:4]
    title, snippet = (snippet_of(each, sought.words) for each in (room.title, one_line(body)))
    path = f"{room.path}?at={seq}"
    return Result(kind, title, snippet, path, None, (row[6], row[7], row[8]), at, row[11], seq)


def _of_chat(kind: str, row: Row, sought: Sought) -> Result:
    _, seq, body, at = row[:4]
    title = [Piece(row[16], is_hit=False)]
    snippet = snippet_of(one_line(body), sought.words)
    return Result(kind, title, snippet, "/console", None, (row[6], row[7], row[8]), at, row[11], seq)
