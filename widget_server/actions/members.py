"""The members of the installation, and who follows whom (S2.19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.errors import Refused
from widget_server.core.lookalikes import look
from widget_server.core.permissions import Permission, may
from widget_server.core.text import fold
from widget_server.store.queries import profiles as queries

if TYPE_CHECKING:
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction
    from widget_server.store.statement import Statement

PAGE: Final = 50
_SEARCH_CHARS: Final = 80
_LAST_PAGE: Final = 1_000_000
_DIGITS: Final = 20
"""More of them make no larger page, and take long to read."""
"""No list is as long; a number that no database can count to never reaches one."""


class Member(NamedTuple):
    """A row of a list of members."""

    public_id: str
    name: str
    picture: str | None
    place: str
    created_at: int


class Page(NamedTuple):
    """Some rows of a list; past its end there are none."""

    members: list[Member]
    number: int
    """From 1."""
    has_more: bool


def page_number(text: str) -> int:
    """Return the page that an address asks for; what is no number is the first, and none lies behind the last."""
    number = int(text[:_DIGITS]) if text.isascii() and text.isdigit() else 1
    return min(max(number, 1), _LAST_PAGE)


async def list_members(db: Database, search: str = "", *, page: int = 1) -> Page:
    """Return the members, by name; those whose name contains ``search``, or something that looks like it."""
    wanted = fold(search[:_SEARCH_CHARS])
    if not wanted:
        return await _page(db, queries.MEMBERS, page)
    return await _page(db, queries.MEMBERS_NAMED, page, written=_containing(wanted), looking=_containing(look(wanted)))


def _containing(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


async def list_followers(db: Database, person_id: int, *, page: int = 1) -> Page:
    """Return who follows somebody, newest first."""
    return await _page(db, queries.FOLLOWERS, page, person_id=person_id)


async def list_following(db: Database, person_id: int, *, page: int = 1) -> Page:
    """Return whom somebody follows, newest first."""
    return await _page(db, queries.FOLLOWING, page, person_id=person_id)


async def _page(db: Database, statement: Statement, page: int, **params: int | str) -> Page:
    skipped = (page - 1) * PAGE
    # One more than is shown tells whether another page follows, without counting.
    rows = await db.read(lambda tx: tx.all(statement, limit=PAGE + 1, skipped=skipped, **params))
    return Page([Member(*row) for row in rows[:PAGE]], page, len(rows) > PAGE)


async def do_follow(db: Database, actor: Actor, public_id: str, *, now_ms: int) -> None:
    """Follow somebody. Harmless to repeat.

    Raises:
        Refused: ``not_found``, or ``not_allowed`` for oneself and where the actor's role does not let them.
    """
    await _set(db, actor, public_id, queries.BEGIN_FOLLOWING, now_ms)


async def do_unfollow(db: Database, actor: Actor, public_id: str) -> None:
    """Follow somebody no more. Harmless to repeat.

    Raises:
        Refused: as for :func:`do_follow`.
    """
    await _set(db, actor, public_id, queries.END_FOLLOWING, None)


async def _set(db: Database, actor: Actor, public_id: str, statement: Statement, now_ms: int | None) -> None:
    async def write(tx: Transaction) -> None:
        row = await tx.one(queries.HELD, public_id=public_id)
        if row is None:
            raise Refused("not_found")
        if not may_follow(actor, row[0]):
            raise Refused("not_allowed")
        given = {} if now_ms is None else {"now": now_ms}
        await tx.run(statement, follower=actor.person_id, followed=row[0], **given)

    await db.write(write)


def may_follow(actor: Actor, person_id: int) -> bool:
    """Whether the actor may follow somebody: anybody but themselves."""
    return actor.person_id != person_id and may(actor, Permission.FOLLOW)
