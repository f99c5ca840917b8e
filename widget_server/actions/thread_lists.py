"""Lists of threads and posts: what stands in them for one reader, who sees nothing there that no door would open to."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from widget_server.actions.boards import KnownBoard, board_of
from widget_server.actions.threads import PAGE
from widget_server.core.boards import can_read
from widget_server.core.errors import Refused
from widget_server.core.slugs import thread_path
from widget_server.store.lists import listed
from widget_server.store.queries import thread_lists as q
from widget_server.store.queries.boards import BOARD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from widget_server.core.permissions import Actor
    from widget_server.store.database import Row, Transaction

Sort = Literal["active", "new", "top", "hot"]
Span = Literal["all", "week", "day"]
Scope = Literal["all", "board", "followed", "author", "tag", "unread"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
SPANS: Final[tuple[Span, ...]] = get_args(Span)
_SPAN_MS: Final[dict[Span, int]] = {"week": 7 * 86_400_000, "day": 86_400_000}
PINNED_MAX: Final = 20
"""More do not stand on top of a list."""
_BOARD: Final = len(BOARD_COLUMNS)


class Face(NamedTuple):
    """Somebody as a list shows them."""

    public_id: str
    name: str | None
    """None: the account is gone."""
    picture: str | None


class ThreadRow(NamedTuple):
    """A thread in a list."""

    path: str
    """Its address, as :attr:`threads.Thread.path`."""
    board: KnownBoard
    channel_id: int
    title: str
    state: str
    last_seq: int
    number: int
    kind: str
    replies: int
    score: int
    accepted_seq: int | None
    pinned: int
    created_at: int
    activity_at: int
    author: Face
    last_author: Face
    tags: tuple[str, ...]
    unread: int
    """So many posts its reader has not seen; 0 for a guest."""


_PLAIN_THREAD: Final = attrgetter(
    "path", "title", "state", "number", "kind", "replies", "score", "accepted_seq", "pinned", "activity_at",
    "author.public_id", "author.name", "author.picture", "last_author.name", "tags", "unread", "board.slug",
    "board.name",
)  # fmt: skip


def plain_threads(threads: Iterable[ThreadRow]) -> Iterable[tuple[Any, ...]]:
    """Return of each thread what ``thread_rows.html`` says, in its order."""
    return map(_PLAIN_THREAD, threads)


class Newest(NamedTuple):
    """The thread of a board in which something happened last."""

    path: str
    title: str
    number: int
    activity_at: int
    last_author: Face
    unread: int


class ListedBoard(NamedTuple):
    """A board on the front page."""

    board: KnownBoard
    newest: Newest | None
    children: list[ListedBoard]
    """Those under it that the reader may read."""


_PLAIN_BOARD: Final = attrgetter(
    "board.slug", "board.name", "board.description", "board.rule.is_archived", "board.rule.readers", "board.threads",
    "newest", "children",
)  # fmt: skip


def plain_boards(boards: Iterable[ListedBoard]) -> Iterable[tuple[Any, ...]]:
    """Return of each board what ``board_rows.html`` says, in its order."""
    return map(_PLAIN_BOARD, boards)


class PostRow(NamedTuple):
    """A post in a list of posts."""

    board: KnownBoard
    number: int
    title: str
    seq: int
    excerpt: str
    created_at: int

    @property
    def path(self) -> str:
        """Where it is found, whichever page it stands on."""
        return f"/threads/{self.number}/{self.seq}"


class Bookmark(NamedTuple):
    """A post that somebody keeps."""

    post: PostRow
    author: Face


class Wanted(NamedTuple):
    """What is to be listed, and how."""

    scope: Scope
    sort: Sort = "active"
    page: int = 1
    span: Span = "all"
    """How young a thread is among the top ones."""
    key: int = 0
    """Of the author or the tag."""
    board: str = ""
    """The words of the board in addresses."""


class Found(NamedTuple):
    """A page of a list; past its end it is empty."""

    boards: list[KnownBoard]
    """All that the reader may read."""
    tree: list[ListedBoard]
    """The same, under one another; of one board those that stand under it."""
    board: KnownBoard | None
    pinned: list[ThreadRow]
    threads: list[ThreadRow]
    more: bool


def unread_of(last_seq: int, seen_seq: int, activity_at: int, read_at: int) -> int:
    """Return how many posts of a thread somebody has not seen: by subtraction, and none where they said they had."""
    return max(0, last_seq - seen_seq) if activity_at > read_at else 0


async def find_threads(tx: Transaction, reader: Actor, wanted: Wanted, *, now_ms: int, since_ms: int = 0) -> Found:
    """Return a page of a list: three statements, whatever there is.

    Args:
        tx: the one reading of the page.
        reader: who reads; a guest has key 0.
        wanted: what.
        now_ms: UTC time in ms.
        since_ms: when the reader came: nothing from before is unread.

    Raises:
        Refused: ``not_found`` for a board that is not there for this reader.
    """
    has_marks = reader.person_id != 0
    seen = await _seen_boards(tx, reader)
    boards = {key: board for key, (board, _) in seen.items()}
    place = None
    if wanted.scope == "board":
        place = next((board for board in boards.values() if board.slug == wanted.board), None)
        if place is None:
            raise Refused("not_found")
    params = {
        "boards": listed(tx.dialect, list(boards)),
        "person_id": reader.person_id,
        "now": now_ms,
        "key": place.id if place else wanted.key,
    }
    pinned: list[ThreadRow] = []
    if wanted.page == 1 and wanted.scope in {"all", "board"}:
        on_top = await tx.all(q.ON_TOP[has_marks], **params, limit=PINNED_MAX)
        pinned = _threads(on_top, boards, since_ms)
    rows = await _read_list(tx, wanted, boards.values(), params, has_marks=has_marks, now_ms=now_ms, since_ms=since_ms)
    tree = _tree(seen, place.id if place else None, since_ms)
    threads = _threads(rows[:PAGE], boards, since_ms)
    return Found(list(boards.values()), tree, place, pinned, threads, len(rows) > PAGE)


async def find_boards(tx: Transaction, reader: Actor, *, since_ms: int = 0) -> list[ListedBoard]:
    """Return the boards that somebody may read, under one another, with their newest threads: one statement."""
    return _tree(await _seen_boards(tx, reader), None, since_ms)


async def _seen_boards(tx: Transaction, reader: Actor) -> dict[int, tuple[KnownBoard, Row]]:
    """The boards that somebody may read, with what is known of their newest threads."""
    rows = await tx.all(q.BOARDS[reader.person_id != 0], person_id=reader.person_id)
    boards = [(board_of(row[:_BOARD]), row[_BOARD:]) for row in rows]
    return {board.id: (board, newest) for board, newest in boards if can_read(reader, board.rule)}


async def _read_list(
    tx: Transaction,
    wanted: Wanted,
    boards: Iterable[KnownBoard],
    params: dict[str, Any],
    *,
    has_marks: bool,
    now_ms: int,
    since_ms: int,
) -> list[Row]:
    """The rows of a page, and one more where another follows."""
    skipped = (wanted.page - 1) * PAGE
    known = list(boards)
    # Past the end, and where nothing may be read, the whole order would be walked to find nothing.
    if not known or skipped > sum(board.threads for board in known) + PAGE:
        return []
    paged = params | {"limit": PAGE + 1, "skipped": skipped}
    if wanted.scope == "unread":
        return await tx.all(q.UNREAD, **paged, since=since_ms)
    if wanted.sort == "top" and wanted.span != "all" and (wanted.scope, has_marks) in q.BEST:
        return await tx.all(q.BEST[wanted.scope, has_marks], **paged, since=now_ms - _SPAN_MS[wanted.span])
    return await tx.all(q.LISTS[wanted.scope, wanted.sort, has_marks], **paged)


def _threads(rows: Iterable[Row], boards: dict[int, KnownBoard], since_ms: int) -> list[ThreadRow]:
    return [_thread(row, boards[row[0]], since_ms) for row in rows]


def _thread(row: Row, board: KnownBoard, since_ms: int) -> ThreadRow:
    shown, author, last, tags, seen, read_at = row[1:13], row[13:16], row[16:19], row[19], row[20], row[21]
    unread = unread_of(row[4], seen, row[12], max(read_at, since_ms)) if since_ms else 0
    names = tuple(sorted(tags.split(q.TAGS_BETWEEN))) if tags else ()
    path = thread_path(board.slug, row[5], row[2])
    return ThreadRow._make([path, board, *shown, Face._make(author), Face._make(last), names, unread])


def _newest(board: KnownBoard, row: Row, since_ms: int) -> Newest | None:
    number, title, last_seq, activity_at, public_id, name, picture, seen, read_at = row
    if number is None:
        return None
    unread = unread_of(last_seq, seen, activity_at, max(read_at, since_ms)) if since_ms else 0
    path = thread_path(board.slug, number, title)
    return Newest(path, title, number, activity_at, Face(public_id, name, picture), unread)


def parents_of(board: KnownBoard, boards: Iterable[KnownBoard]) -> list[KnownBoard]:
    """Return the boards under which a board stands, the outermost first, as far as they are among ``boards``."""
    known = {each.id: each for each in boards}
    above: list[KnownBoard] = []
    while board.parent_id in known and len(above) < len(known):
        board = known[board.parent_id]
        above.insert(0, board)
    return above


def _tree(seen: dict[int, tuple[KnownBoard, Row]], under: int | None, since_ms: int) -> list[ListedBoard]:
    """The boards under one another. One whose parent is not there for the reader stands at the top."""
    nodes = {key: ListedBoard(board, _newest(board, row, since_ms), []) for key, (board, row) in seen.items()}
    top: list[ListedBoard] = []
    for node in nodes.values():
        parent = nodes.get(node.board.parent_id or 0)
        (top if parent is None else parent.children).append(node)
    return top if under is None else nodes[under].children


async def find_posts(
    tx: Transaction, author_id: int, boards: Iterable[KnownBoard], *, limit: int = PAGE, page: int = 1
) -> list[PostRow]:
    """Return the posts of one person on ``boards``, the newest first: one more than ``limit`` where others follow."""
    known = {board.id: board for board in boards}
    rows = await tx.all(
        q.POSTS,
        key=author_id,
        boards=listed(tx.dialect, list(known)),
        limit=limit + 1,
        skipped=(page - 1) * limit,
    )
    return [_post(row, known) for row in rows]


async def find_bookmarks(
    tx: Transaction, person_id: int, boards: Iterable[KnownBoard], *, page: int = 1
) -> list[Bookmark]:
    """Return what somebody keeps, as far as they still may read it, the last kept first: one more than a page."""
    known = {board.id: board for board in boards}
    rows = await tx.all(
        q.BOOKMARKS,
        person_id=person_id,
        boards=listed(tx.dialect, list(known)),
        limit=PAGE + 1,
        skipped=(page - 1) * PAGE,
    )
    return [Bookmark(_post(row[:6], known), Face._make(row[6:])) for row in rows]


def _post(row: Row, boards: dict[int, KnownBoard]) -> PostRow:
    board_id, number, title, seq, body, created_at = row
    excerpt = " ".join(body.split())
    if len(body) == q.EXCERPT_CHARS:
        excerpt = excerpt.rsplit(" ", 1)[0] + " …"
    return PostRow(boards[board_id], number, title, seq, excerpt, created_at)
