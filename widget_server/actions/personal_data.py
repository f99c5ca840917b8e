"""Everything of one person: taken along as a file, and erased (S3.19, P7).

A person is a set: the account, and every visitor that it has claimed. What goes and what stays when they go is stated
on the page ``/account/data`` and in docs/privacy.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from widget_server.actions import pictures
from widget_server.actions.accounts import read_account
from widget_server.actions.appointments import check_administrator_remains, hold_roles
from widget_server.actions.community import logo_of
from widget_server.actions.engine import Clock
from widget_server.actions.memberships import leave_everywhere
from widget_server.actions.withdrawals import do_withdraw, withdraw_some
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, may
from widget_server.core.times import iso
from widget_server.store.lists import listed
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import erasure as queries
from widget_server.store.queries import personal
from widget_server.store.queries import persons as person_queries
from widget_server.store.records import Committed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Iterable, Sequence

    from widget_server.actions.engine import Engine
    from widget_server.store.database import Database, Row, Transaction

_STRETCH: Final = 20_000
"""How many messages are looked through at once."""
_JSON: Final = frozenset(
    {"attributes", "verified", "context", "scopes", "details", "payload", "poll_options", "choices"}
)
"""Columns that hold JSON as text."""


async def read_everything(db: Database, person_id: int, *, now_ms: int) -> AsyncGenerator[bytes]:
    """Yield a JSON file of everything that the store holds of somebody, piece by piece."""
    people = await db.read(lambda tx: _set_of(tx, person_id))

    async def read(tx: Transaction) -> list[list[Row]]:
        keys = listed(tx.dialect, people)
        return [await tx.all(section.statement, people=keys) for section in personal.SECTIONS]

    yield b'{"made_at":' + orjson.dumps(iso(now_ms))
    for section, rows in zip(personal.SECTIONS, await db.read(read), strict=True):
        told = [_told(section.columns, row) for row in rows]
        yield b"," + orjson.dumps(section.name) + b":" + orjson.dumps(told)
    yield b',"messages":['
    begun = False
    async for rows in _messages(db, people):
        told = [_told(personal.MESSAGE_COLUMNS, row) for row in rows]
        if told:
            yield (b"," if begun else b"") + orjson.dumps(told)[1:-1]
            begun = True
    yield b"]}"


async def _messages(db: Database, people: Sequence[int]) -> AsyncGenerator[list[Row]]:
    last = await db.read(lambda tx: tx.one(personal.LAST_MESSAGE))
    end = (last[0] or 0) if last else 0
    for after in range(0, end, _STRETCH):

        async def read(tx: Transaction, after: int = after) -> list[Row]:
            return await tx.all(
                personal.MESSAGES, people=listed(tx.dialect, people), after=after, until=after + _STRETCH
            )

        yield await db.read(read)


def _told(columns: Iterable[str], row: Row) -> dict[str, Any]:
    """Return a row as it stands in the file: times as ISO 8601, JSON as such."""
    return {name: _value(name, value) for name, value in zip(columns, row, strict=True)}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "at" or name.endswith("_at"):
        return iso(value)
    return orjson.loads(value) if name in _JSON else value


async def _set_of(tx: Transaction, person_id: int) -> list[int]:
    return [person_id, *(row[0] for row in await tx.all(person_queries.SET_OF, member_id=person_id))]


async def do_delete_account(engine: Engine, person_id: int) -> list[str]:
    """Erase somebody with an account and every visitor that is theirs; return the public names of them all.

    Their messages stay under the name "Deleted account", as do what the audit log says they did and bans of theirs.

    Raises:
        Refused: ``not_found``, ``last_administrator``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> list[str]:
        account = await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=person_id))
        administered = may(account.actor, Permission.ADMINISTER)
        if administered:
            await hold_roles(tx)
        people = await _set_of(tx, person_id)
        names = await _erase(tx, result, engine.clock, people, now)
        if administered:
            await check_administrator_remains(tx)
        result.people.update(people)
        return names

    return list(await engine.committer.run(work))


POSTS_OF: Final = "posts of "
"""Stands before somebody's public name in the list of erasures, who asked that what they wrote goes too."""


def names_of(public_ids: Collection[str], *, with_posts: bool) -> list[str]:
    """Return what the list of erasures says of people who were erased."""
    posts = [POSTS_OF + public_id for public_id in public_ids] if with_posts else []
    return [*public_ids, *posts]


async def do_erase_again(db: Database, names: Collection[str], *, now_ms: int) -> int:
    """Erase people who were erased before a backup was restored; return how many of them were there again.

    Args:
        db: the store; nobody looks at it yet.
        names: of the list of erasures (:func:`names_of`).
        now_ms: UTC time in ms.
    """
    public_ids = [name for name in names if not name.startswith(POSTS_OF)]

    async def write(tx: Transaction) -> int:
        found = await tx.all(queries.BY_PUBLIC_IDS, public_ids=listed(tx.dialect, sorted(public_ids)))
        people: set[int] = set()
        for (key,) in found:
            people.update(await _set_of(tx, key))
        if people:
            await _erase(tx, Committed(), Clock(), sorted(people), now_ms)
        return len(found)

    count = await db.write(write)
    writers = [name.removeprefix(POSTS_OF) for name in names if name.startswith(POSTS_OF)]

    async def withdraw(tx: Transaction) -> int:
        rows = await tx.all(queries.ERASED_BY_PUBLIC_IDS, public_ids=listed(tx.dialect, sorted(writers)))
        return await withdraw_some(tx, Committed(), [row[0] for row in rows], now_ms)

    if writers:
        while await db.write(withdraw):
            pass
    return count


async def do_withdraw_posts(engine: Engine, public_ids: Collection[str]) -> int:
    """Take away everything that people wrote on boards who are erased; return how many posts that was."""
    names = sorted(public_ids)
    rows = await engine.database.read(
        lambda tx: tx.all(queries.ERASED_BY_PUBLIC_IDS, public_ids=listed(tx.dialect, names))
    )
    return await do_withdraw(engine, [row[0] for row in rows])


async def _erase(tx: Transaction, committed: Committed, clock: Clock, people: Sequence[int], now_ms: int) -> list[str]:
    keys = listed(tx.dialect, people)
    stamp = await tx.stamp()
    shown = await tx.all(queries.PICTURES, people=keys)
    # First of all: whoever wants to follow them meanwhile waits, and then finds nobody.
    if not await tx.run(queries.FORGET_PERSON, people=keys, now=now_ms, new_stamp=stamp):
        raise Refused("not_found")
    logo = await logo_of(tx)
    for (name,) in shown:
        await pictures.drop(tx, name, logo=logo)
    await leave_everywhere(tx, committed, clock, people, now_ms)
    for statement in (queries.END_TOKENS, queries.END_SESSIONS, queries.END_GRANTS, queries.LEAVE):
        await tx.run(statement, people=keys, now=now_ms, new_stamp=stamp)
    await tx.run(queries.END_API_TOKENS, people=keys, now=now_ms)
    for statement in (queries.UNASSIGN, queries.SHOW_ANEW):
        await tx.run(statement, people=keys, new_stamp=stamp)
    for statement in (queries.HIDE_FILES, queries.LET_GO_OF_FILES, queries.FORGET_REPORTS, *queries.DELETED):
        await tx.run(statement, people=keys)
    return [row[0] for row in await tx.all(queries.PUBLIC_IDS, people=keys)]


async def list_erased(db: Database) -> dict[str, int]:
    """Return everybody whom the store knows to be erased, with the time (UTC ms), by their public names."""
    return dict(await db.read(lambda tx: tx.all(queries.ERASED)))
