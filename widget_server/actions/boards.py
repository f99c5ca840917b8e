"""Boards: the doors to them, and opening one (S4.02)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions.appointments import give, rights_now
from widget_server.actions.audit import record
from widget_server.actions.silences import EVERYWHERE, check_not_silenced
from widget_server.core.boards import (
    RESERVED,
    Board,
    Layout,
    Readers,
    Writers,
    can_open,
    can_place_under,
    can_read,
    readable,
    stands_under,
)
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.permissions import Permission, Role, can_manage, may
from widget_server.core.slugs import slug_of
from widget_server.core.text import check_line, check_lines, fold
from widget_server.store.installation import hold_value
from widget_server.store.queries import boards as q

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Committed

NAME_CHARS: Final = 60
DESCRIPTION_CHARS: Final = 500
RULES_CHARS: Final = 10_000
DAILY: Final = 20
"""Boards that one member opens in a day: every list of the community is made with all that there are."""
_DAY_MS: Final = 86_400_000


class KnownBoard(NamedTuple):
    """A board as it is shown."""

    rule: Board
    """What decides over it."""
    public_id: str
    slug: str
    """Its words in addresses."""
    name: str
    description: str
    rules: str
    position: int
    parent_id: int | None
    site_id: int | None
    layout: Layout
    holds: int
    """So many first posts of a new member wait for a moderator."""
    settings: Mapping[str, Any]
    threads: int
    created_at: int

    @property
    def id(self) -> int:
        """Its key."""
        return self.rule.id


def board_of(row: Row) -> KnownBoard:
    """Return the board of a row of ``queries.boards.BOARD_COLUMNS``."""
    rule = Board(row[0], row[1], row[2], row[3], row[4] is not None)
    return KnownBoard._make([rule, *row[5:15], orjson.loads(row[15]), *row[16:]])


async def access_board(tx: Transaction, actor: Actor, slug: str) -> KnownBoard:
    """Return a board that ``actor`` may read.

    Raises:
        Refused: ``not_found``, also for one that is there for others.
    """
    row = await tx.one(q.BY_SLUG, slug=slug)
    board = None if row is None else board_of(row)
    if board is None or not can_read(actor, board.rule):
        raise Refused("not_found")
    return board


async def access_boards(tx: Transaction, actor: Actor) -> list[KnownBoard]:
    """Return the boards that ``actor`` may read, in their order: one statement, however many there are."""
    boards = [board_of(row) for row in await tx.all(q.ALL)]
    seen = set(readable(actor, (board.rule for board in boards)))
    return [board for board in boards if board.id in seen]


class BoardText(NamedTuple):
    """What somebody writes and chooses of a board, checked."""

    name: str
    description: str
    rules: str
    readers: Readers
    starters: Writers
    repliers: Writers
    layout: Layout


def check_board_name(name: str) -> str:
    """Return what a board is called.

    Raises:
        Unacceptable: what is wrong with it.
    """
    checked = check_line(name, NAME_CHARS, required=True)
    if slug_of(checked) == "-":
        raise Unacceptable("line_empty")
    return checked


def check_description(text: str) -> str:
    """Return what a board says of itself. Raises ``Unacceptable``."""
    return check_lines(text, DESCRIPTION_CHARS)


def check_rules(text: str) -> str:
    """Return the rules of a board. Raises ``Unacceptable``."""
    return check_lines(text, RULES_CHARS)


class BoardPlace(NamedTuple):
    """Where a board belongs."""

    parent: str = ""
    """The words in addresses of the board that it stands under; empty: under none."""
    site_id: int | None = None
    """The site that it is tied to."""


NOWHERE: Final = BoardPlace()

_OPENING: Final = "boards"
"""Whoever gives a board its name or place holds it, so that two do not take one name, or stand under one another."""


async def do_open_board(engine: Engine, actor: Actor, text: BoardText, place: BoardPlace = NOWHERE) -> KnownBoard:
    """Open a board and make whoever opens it its moderator.

    Raises:
        Refused: ``not_allowed``, also to put it under a board, or to tie it to a site, of others; ``silenced``,
            ``silenced_until`` for whoever is on all boards.
        Unacceptable: ``taken`` for a name, or words of an address, that another board or a page of ours has;
            ``bad_choice`` for a board to stand under that is not there.
        TryLater: ``rate_limited`` for whoever opened :data:`DAILY` of them in a day and does not moderate everything.
    """
    now = engine.clock.now_ms()
    public_id = engine.clock.uuid()

    async def work(tx: Transaction, committed: Committed) -> KnownBoard:
        asking = await rights_now(tx, actor)
        if not can_open(asking):
            raise Refused("not_allowed")
        if not may(asking, Permission.MODERATE):
            await check_not_silenced(tx, actor.person_id, EVERYWHERE, now)
            await _check_few(tx, actor, now)
        slug, folded = slug_of(text.name), fold(text.name)
        await check_name_free(tx, folded, slug=slug)
        parent = await find_parent(tx, asking, place.parent)
        check_site(asking, place.site_id)
        stamp = await tx.stamp()
        await tx.run(
            q.INSERT,
            public_id=public_id,
            slug=slug,
            folded_name=folded,
            parent_id=parent,
            site_id=place.site_id,
            creator_id=actor.person_id,
            created_at=now,
            stamp=stamp,
            **text._asdict(),
        )
        row = await tx.one(q.BY_SLUG, slug=slug)
        if row is None:
            raise LookupError(slug)
        board = board_of(row)
        await give(tx, actor.person_id, Role.MODERATOR, board_id=board.id, given_by=actor.person_id, now_ms=now)
        await record(
            tx,
            actor.person_id,
            "board.opened",
            "board",
            public_id,
            details={"name": text.name},
            board_id=board.id,
            now_ms=now,
        )
        committed.people.add(actor.person_id)
        return board

    opened: KnownBoard = await engine.committer.run(work)
    return opened


async def _check_few(tx: Transaction, actor: Actor, now_ms: int) -> None:
    times = [row[0] for row in await tx.all(q.OPENED, opener=actor.person_id, after=now_ms - _DAY_MS, limit=DAILY)]
    if len(times) >= DAILY:
        raise TryLater("rate_limited", times[-1] + _DAY_MS - now_ms)


async def hold_places(tx: Transaction) -> None:
    """Let one transaction after the other say what boards are called and where they stand."""
    await hold_value(tx, _OPENING)


async def check_name_free(tx: Transaction, folded: str, *, slug: str = "", owner: int = 0) -> None:
    """See that a board may be called so; who else names one meanwhile waits.

    Args:
        tx: the transaction that takes the name.
        folded: the name as it is compared.
        slug: its words in addresses, where it is given some.
        owner: the key of the board that may have the name already; 0 for none.

    Raises:
        Unacceptable: ``taken``.
    """
    await hold_places(tx)
    if slug in RESERVED:
        raise Unacceptable("taken")
    for row in await tx.all(q.TAKEN, slug=slug, folded_name=folded):
        if row[0] != owner:
            raise Unacceptable("taken")


async def find_parent(
    tx: Transaction, actor: Actor, slug: str, *, child_id: int = 0, before: int | None = None
) -> int | None:
    """Return the key of the board under which another shall stand; None for none.

    Args:
        tx: the transaction that puts it there.
        actor: who does.
        slug: its words in addresses; empty for none.
        child_id: the board that shall stand there; 0 for a new one.
        before: under which it stands now, which anybody may leave as it is.

    Raises:
        Refused: ``not_allowed`` where others keep order there.
        Unacceptable: ``bad_choice`` where it is not there, or stands under the board itself.
    """
    boards = {board.id: board for board in await access_boards(tx, actor)}
    if not slug:
        # The form has no word for a board that is not there for them: what stands under it stays there.
        return before if before is not None and before not in boards else None
    parent = next((board for board in boards.values() if board.slug == slug), None)
    parents = {row[0]: row[1] for row in await tx.all(q.PARENTS)}
    if parent is None or (child_id and stands_under(child_id, parent.id, parents)):
        raise Unacceptable("bad_choice")
    if parent.id != before and not can_place_under(actor, parent.id):
        raise Refused("not_allowed")
    return parent.id


def check_site(actor: Actor, site_id: int | None, *, before: int | None = None) -> None:
    """See that ``actor`` manages the site that a board is tied to, and the one that it was tied to ``before``.

    Raises:
        Refused: ``not_allowed``.
    """
    if site_id != before and not all(can_manage(actor, each) for each in (site_id, before) if each is not None):
        raise Refused("not_allowed")
