"""People as those who manage them see them: found, looked at, confirmed, signed out, renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.accounts import Account
from widget_server.actions.appointments import find_account, rights_now
from widget_server.actions.audit import record
from widget_server.actions.sign_ins import SignIn, read_sign_ins
from widget_server.core.errors import Refused
from widget_server.core.lookalikes import look
from widget_server.core.powers import can_manage_person
from widget_server.core.text import fold_mail
from widget_server.store.queries import people as queries
from widget_server.store.queries import sessions as session_queries

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

PAGE: Final = 50
KINDS: Final = ("member", "agent", "bot")
_SIGN_INS: Final = 30


class ListedPerson(NamedTuple):
    """A row of the list of accounts."""

    id: int
    public_id: str
    kind: str
    name: str | None
    picture: str | None
    written: str | None
    mail: str
    confirmed_at: int | None
    created_at: int
    seen_at: int | None


class Appointment(NamedTuple):
    """A role that was given."""

    role: str
    site_id: int
    board_id: int
    created_at: int | None


class Dossier(NamedTuple):
    """Everything about one account that its page shows."""

    account: Account
    appointments: list[Appointment]
    sign_ins: list[SignIn]
    sessions: int
    """How many are open."""


async def list_people(
    db: Database, *, word: str = "", kind: str = "", role: str = "", after: int = 0, limit: int = PAGE
) -> list[ListedPerson]:
    """Return accounts, the oldest first: one more than ``limit`` where others follow.

    Args:
        db: the store.
        word: a part of the name or of the address, or the whole public name.
        kind: only those of this kind.
        role: only those who were given the role with this key.
        after: only those with a larger key: the last one of the page before.
        limit: how many a page has.
    """
    statement = queries.PAGES[bool(word.strip()), bool(kind), bool(role)]
    rows = await db.read(
        lambda tx: tx.all(
            statement,
            in_name=_containing(look(word)),
            in_mail=_containing(fold_mail(word)),
            exact=word.strip().lower(),
            of_kind=kind,
            of_role=role,
            after=after,
            limit=limit + 1,
        )
    )
    return [ListedPerson(*row) for row in rows]


def _containing(text: str) -> str:
    """Return the pattern of what has ``text`` in it; nothing fits the empty one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if text else ""


async def find_person(db: Database, word: str) -> tuple[int, str] | None:
    """Return key and public name of the account that a name, an address or a public name means."""
    row = await db.read(
        lambda tx: tx.one(queries.BY_WORD, looked=look(word), folded=fold_mail(word), exact=word.strip().lower())
    )
    return (row[0], row[1]) if row else None


async def access_dossier(db: Database, public_id: str, now_ms: int) -> Dossier:
    """Return an account with what its page shows.

    Raises:
        Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> Dossier:
        account = await find_account(tx, public_id)
        owner = account.person_id
        open_sessions = await tx.one(queries.SESSIONS, owner=owner, now=now_ms)
        return Dossier(
            account,
            [Appointment(*row) for row in await tx.all(queries.GRANTS, owner=owner)],
            await read_sign_ins(tx, owner, most=_SIGN_INS),
            open_sessions[0] if open_sessions else 0,
        )

    return await db.read(read)


async def check_manage(tx: Transaction, actor: Actor, public_id: str) -> Account:
    """Return the account with this public name where the actor may change it.

    Raises:
        Refused: ``not_found``, ``not_allowed``, or ``beyond_you`` for somebody who may do more.
    """
    now = await rights_now(tx, actor)
    account = await find_account(tx, public_id)
    if not can_manage_person(now, now.person_id, ()):
        raise Refused("not_allowed")
    if not can_manage_person(now, account.person_id, account.grants):
        raise Refused("beyond_you")
    return account


async def do_confirm_for(engine: Engine, actor: Actor, public_id: str) -> None:
    """Take an address as its owner's without a link. Harmless to repeat.

    Raises:
        Refused: as :func:`check_manage`.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        account = await check_manage(tx, actor, public_id)
        if await tx.run(queries.CONFIRM, owner=account.person_id, now=now, new_stamp=await tx.stamp()):
            await record(tx, actor.person_id, "person.confirmed", "person", public_id, now_ms=now)
            result.people.add(account.person_id)

    await engine.committer.run(work)


async def do_end_sessions_of(engine: Engine, actor: Actor, public_id: str) -> int:
    """End all sessions of an account, its open sockets with them; return how many there were.

    Raises:
        Refused: as :func:`check_manage`.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> int:
        account = await check_manage(tx, actor, public_id)
        ended = await tx.run(
            session_queries.END_OTHERS, owner=account.person_id, kept=0, now=now, new_stamp=await tx.stamp()
        )
        if ended:
            details = {"sessions": ended}
            await record(tx, actor.person_id, "person.signed_out", "person", public_id, details=details, now_ms=now)
            result.people.add(account.person_id)
        return ended

    return int(await engine.committer.run(work))
