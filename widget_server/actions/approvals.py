"""Accounts that somebody of the installation has to approve before they open anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.audit import record
from widget_server.actions.mailing import Mail, post
from widget_server.actions.people import check_manage
from widget_server.core.errors import Refused
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import people as queries
from widget_server.store.queries import sessions as session_queries

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

SHOWN: Final = 100


class Waiting(NamedTuple):
    """An account that waits."""

    id: int
    public_id: str
    name: str | None
    written: str | None
    confirmed_at: int | None
    waits_since: int


async def list_waiting(db: Database) -> list[Waiting]:
    """Return the accounts that wait, the longest waiting first, at most :data:`SHOWN`."""
    return [Waiting(*row) for row in await db.read(lambda tx: tx.all(queries.WAITING, limit=SHOWN))]


async def do_approve(engine: Engine, actor: Actor, public_id: str) -> None:
    """Open an account, and tell its owner by mail.

    Raises:
        Refused: ``not_found`` where it does not wait (any more), ``not_allowed``, ``beyond_you``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        account = await _waiting(tx, actor, public_id)
        await tx.run(account_queries.SET_WAITING, key=account.person_id, new_since=None)
        await _tell(tx, Mail.APPROVED, account, now)
        await record(tx, actor.person_id, "person.approved", "person", public_id, now_ms=now)
        result.people.add(account.person_id)

    await engine.committer.run(work)


async def do_refuse(engine: Engine, actor: Actor, public_id: str) -> None:
    """End an account that waits, and tell its owner by mail. What they wrote for it goes; the address stays taken.

    Raises:
        Refused: as :func:`do_approve`.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        account = await _waiting(tx, actor, public_id)
        stamp = await tx.stamp()
        await tx.run(session_queries.END_OTHERS, owner=account.person_id, kept=0, now=now, new_stamp=stamp)
        await tx.run(queries.END_MAIL, owner=account.person_id, now=now, new_stamp=stamp)
        await tx.run(queries.END, key=account.person_id, now=now, new_stamp=stamp)
        await _tell(tx, Mail.REFUSED, account, now)
        await record(tx, actor.person_id, "person.refused", "person", public_id, now_ms=now)
        result.people.add(account.person_id)

    await engine.committer.run(work)


async def _waiting(tx: Transaction, actor: Actor, public_id: str) -> Account:
    account = await check_manage(tx, actor, public_id)
    if account.waits_since is None:
        raise Refused("not_found")
    return account


async def _tell(tx: Transaction, mail: Mail, account: Account, now: int) -> None:
    """Write to whoever has shown that the address is theirs; to nobody else."""
    if account.is_confirmed:
        await post(tx, mail, to=account.written, language=account.language, now_ms=now, person_id=account.person_id)
