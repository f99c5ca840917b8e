"""What was done on a board by its moderators, as others may read it: without what is private."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.boards import KnownBoard, access_board
from widget_server.actions.threads import can_see, thread_of
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused
from widget_server.store.lists import listed
from widget_server.store.posting import read_posting
from widget_server.store.queries import conduct as q
from widget_server.store.queries import threads as thread_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction

PAGE: Final = 50
LAST: Final = 2**62

_PRIVATE: Final = ("person.noted", "report.dismissed", "report.settled")
"""Deeds that are the business of moderators alone."""
_TOLD: Final = frozenset({"posts", "days", "where", "kind"})
"""What everybody may know of a deed; reasons and names stay among moderators."""
_OF_THREAD: Final = frozenset({"number", "seq"})
"""And with it, of a thread that they may read, which is called as it is called now."""


class Deed(NamedTuple):
    """One line of a board's log."""

    id: int
    at: int
    verb: str
    object_kind: str
    object_id: str
    details: Mapping[str, Any]
    actor_public_id: str | None
    actor_name: str | None


class BoardLog(NamedTuple):
    """A page of it."""

    board: KnownBoard
    deeds: list[Deed]
    older: int | None
    """The page after this one begins before this key; None: it is the last."""
    is_full: bool
    """Whether it is a moderator's: with everything."""


async def access_log(db: Database, actor: Actor, slug: str, before: int = LAST) -> BoardLog:
    """Return what was done on a board, the newest first.

    Moderators of the board read everything; the others, where the installation wants it, what is nobody's private
    matter.

    Raises:
        Refused: ``not_found``; ``not_allowed`` where the log is not public.
    """

    async def read(tx: Transaction) -> BoardLog:
        board = await access_board(tx, actor, slug)
        is_full = can_moderate(actor, board.id)
        if not is_full and not (await read_posting(tx)).public_log:
            raise Refused("not_allowed")
        rows = await tx.all(q.BOARD_LOG, board_id=board.id, before=before, limit=PAGE + 1)
        deeds = [Deed._make([*row[:5], orjson.loads(row[5]), *row[6:]]) for row in rows[:PAGE]]
        older = deeds[-1].id if len(rows) > PAGE else None
        return BoardLog(board, deeds if is_full else await _public(tx, actor, deeds), older, is_full)

    return await db.read(read)


async def _public(tx: Transaction, actor: Actor, deeds: list[Deed]) -> list[Deed]:
    """What ``actor``, who moderates nothing here, may know: a thread that they may not read is not named."""
    shown = [deed for deed in deeds if deed.verb not in _PRIVATE]
    names = {deed.object_id for deed in shown if "number" in deed.details}
    threads = [thread_of(row) for row in await tx.all(thread_queries.NAMED, names=listed(tx.dialect, sorted(names)))]
    titles = {thread.public_id: thread.title for thread in threads if can_see(actor, thread)}
    return [_told(deed, titles) for deed in shown]


def _told(deed: Deed, titles: Mapping[str, str]) -> Deed:
    details = {name: value for name, value in deed.details.items() if name in _TOLD}
    if deed.object_id in titles:
        details |= {name: value for name, value in deed.details.items() if name in _OF_THREAD}
        details["title"] = titles[deed.object_id]
    # Whoever was warned or silenced is not shown to everybody; that it was done is.
    return deed._replace(details=details, object_id=deed.object_id if deed.object_id in titles else "")
