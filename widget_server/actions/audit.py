"""The audit log: what was done by people who have power over others, written in the transaction of the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, overload

import orjson

from widget_server.store.queries import audit as queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.store.database import Database, Transaction

OBJECTS: Final = (
    "ban",
    "board",
    "canned",
    "conversation",
    "installation",
    "invitation",
    "note",
    "outbox",
    "person",
    "post",
    "role",
    "site",
    "thread",
)
"""The kinds of object that the log can be asked for."""
BoardVerb = Literal[
    "board.archived",
    "board.changed",
    "board.opened",
    "board.reopened",
    "board.rules_changed",
    "person.noted",
    "person.silenced",
    "person.unsilenced",
    "person.warned",
    "post.approved",
    "post.edited",
    "post.refused",
    "post.removed",
    "post.restored",
    "report.banned",
    "report.dismissed",
    "report.removed",
    "report.settled",
    "report.silenced",
    "report.warned",
    "role.given",
    "role.taken",
    "thread.answered",
    "thread.arrived",
    "thread.changed",
    "thread.grown",
    "thread.locked",
    "thread.merged",
    "thread.moved",
    "thread.pinned",
    "thread.removed",
    "thread.restored",
    "thread.split",
    "thread.split_off",
    "thread.unanswered",
    "thread.unlocked",
    "thread.unpinned",
]
"""What can be done on a board: its own log has words for each of them, and nothing else is written into it."""
PAGE: Final = 50
_LAST: Final = 2**62


class Entry(NamedTuple):
    """One line of the log."""

    id: int
    at: int
    """UTC ms."""
    verb: str
    object_kind: str
    object_id: str
    site_id: int
    details: Mapping[str, Any]
    actor_public_id: str | None
    """None is the operator."""
    actor_name: str | None


@overload
async def record(
    tx: Transaction,
    actor_id: int | None,
    verb: BoardVerb,
    object_kind: str,
    object_id: str,
    *,
    details: Mapping[str, Any] | None = None,
    site_id: int = 0,
    board_id: int | None,
    now_ms: int,
) -> None: ...


@overload
async def record(
    tx: Transaction,
    actor_id: int | None,
    verb: str,
    object_kind: str,
    object_id: str,
    *,
    details: Mapping[str, Any] | None = None,
    site_id: int = 0,
    now_ms: int,
) -> None: ...


async def record(
    tx: Transaction,
    actor_id: int | None,
    verb: str,
    object_kind: str,
    object_id: str,
    *,
    details: Mapping[str, Any] | None = None,
    site_id: int = 0,
    board_id: int | None = None,
    now_ms: int,
) -> None:
    """Write one line of the log. It is never changed.

    Args:
        tx: the transaction of the deed: without the one there is not the other.
        actor_id: who did it; None (or 0) is the operator, from the command line.
        verb: what was done: ``noun.deed``, such as ``site.changed``.
        object_kind: to what: ``person``, ``site``, ``role``, ``conversation``, ...
        object_id: its public name.
        details: what else is worth knowing. No secret, no token, no text of a message, no network address.
        site_id: of which site it is; 0 where of none.
        board_id: on which board it was done; None where on none. The board's own log shows it, which knows the
            :data:`BoardVerb` alone.
        now_ms: UTC time in ms.
    """
    await tx.run(
        queries.INSERT,
        at=now_ms,
        actor_id=actor_id or None,
        verb=verb,
        object_kind=object_kind,
        object_id=object_id,
        site_id=site_id,
        details=orjson.dumps(details or {}).decode(),
        board_id=board_id,
    )


async def list_entries(
    db: Database,
    *,
    actor_id: int | None = None,
    object_kind: str = "",
    object_id: str = "",
    since_ms: int = 0,
    until_ms: int = _LAST,
    before: int = _LAST,
) -> list[Entry]:
    """Return what was done, the newest first: one more than :data:`PAGE` where older ones follow.

    Args:
        db: the store.
        actor_id: only by this person.
        object_kind: only to objects of this kind.
        object_id: only to the object with this public name.
        since_ms: not before this time, UTC ms.
        until_ms: before this time.
        before: only lines with a smaller key: the last one of the page before.
    """
    statement = queries.PAGES[actor_id is not None, bool(object_kind), bool(object_id)]
    rows = await db.read(
        lambda tx: tx.all(
            statement,
            actor_id=actor_id,
            object_kind=object_kind,
            object_id=object_id,
            since=since_ms,
            until=until_ms,
            before=before,
            limit=PAGE + 1,
        )
    )
    return [Entry._make([*row[:6], orjson.loads(row[6]), *row[7:]]) for row in rows]
