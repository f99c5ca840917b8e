"""Appointments: who has which role, for a site, for a board or for everything; given and taken by those who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.accounts import access_account, read_account
from widget_server.actions.audit import BoardVerb, record
from widget_server.core.errors import Refused
from widget_server.core.permissions import ALL_SITES, Permission, is_staff, within
from widget_server.core.powers import can_appoint
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import roles as queries
from widget_server.store.queries import sites as site_queries

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


async def rights_now(tx: Transaction, actor: Actor) -> Actor:
    """Return what the actor may do in this very transaction, whatever was taken from them since they asked (S15).

    It is never more than they came with: a token has fewer rights than whoever made it.

    Raises:
        Refused: ``not_allowed`` for an account that is gone.
    """
    now = await rights_of(tx, actor.person_id)
    if now is None:
        raise Refused("not_allowed")
    return within(now, actor)


async def rights_of(tx: Transaction, person_id: int) -> Actor | None:
    """Return somebody with all that they may do; None for an account that is gone."""
    row = await tx.one(account_queries.BY_PERSON, person_id=person_id)
    return None if row is None else (await read_account(tx, row)).actor


async def find_account(tx: Transaction, public_id: str) -> Account:
    """Return the account with this public name.

    Raises:
        Refused: ``not_found``.
    """
    return await read_account(tx, await tx.one(account_queries.BY_PUBLIC_ID, public_id=public_id))


async def find_role(tx: Transaction, key: str) -> Permission:
    """Return what a role allows.

    Raises:
        Refused: ``not_found``.
    """
    row = await tx.one(queries.BY_KEY, key=key)
    if row is None:
        raise Refused("not_found")
    return Permission(row[3])


async def check_appoint(
    tx: Transaction, actor: Actor, role: str, *, site_id: int = ALL_SITES, board_id: int = 0
) -> None:
    """Refuse who may not give or take this role there.

    Raises:
        Refused: ``not_found`` for an unknown role or site, ``beyond_you``.
    """
    given = await find_role(tx, role)
    if site_id != ALL_SITES and await tx.one(site_queries.BY_ID, key=site_id) is None:
        raise Refused("not_found")
    if not can_appoint(await rights_now(tx, actor), given, site_id=site_id, board_id=board_id):
        raise Refused("beyond_you")


async def check_administrator_remains(tx: Transaction) -> None:
    """Refuse what would leave the installation without anybody who may administer it.

    Call :func:`hold_roles` before the change, and this after it, in its transaction.

    Raises:
        Refused: ``last_administrator``.
    """
    for _, permissions in await tx.all(queries.ADMINISTRATORS):
        if permissions & Permission.ADMINISTER:
            return
    raise Refused("last_administrator")


async def hold_roles(tx: Transaction) -> None:
    """Let one transaction after the other change who administers."""
    await tx.run(queries.HOLD_ALL)


async def give(
    tx: Transaction,
    person_id: int,
    role: str,
    *,
    site_id: int = ALL_SITES,
    board_id: int = 0,
    given_by: int | None,
    now_ms: int,
) -> None:
    """Write a role down for somebody, who so is approved; who may is checked by the caller. Harmless to repeat."""
    await tx.run(
        queries.INSERT_GRANT,
        person_id=person_id,
        site_id=site_id,
        board_id=board_id,
        role=role,
        given_by=given_by,
        now=now_ms,
        new_stamp=await tx.stamp(),
    )
    await tx.run(account_queries.SET_WAITING, key=person_id, new_since=None)
    await follow_rights(tx, person_id)


async def follow_rights(tx: Transaction, person_id: int) -> None:
    """Call somebody an agent who answers for a site, and a member who does not."""
    row = await tx.one(account_queries.BY_PERSON, person_id=person_id)
    if row is None:
        return
    kind = "agent" if is_staff((await read_account(tx, row)).actor) else "member"
    if row[2] != kind:
        await tx.run(queries.SET_KIND, key=person_id, new_kind=kind, new_stamp=await tx.stamp())


async def do_give_role(
    engine: Engine, actor: Actor, public_id: str, role: str, *, site_id: int = ALL_SITES, board_id: int = 0
) -> Account:
    """Give somebody a role, and return them as they then are. Harmless to repeat.

    Raises:
        Refused: ``not_found``, or ``beyond_you`` where the actor may not appoint there, or lacks what the role allows.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> int:
        await check_appoint(tx, actor, role, site_id=site_id, board_id=board_id)
        person = await find_account(tx, public_id)
        if any((g.role, g.site_id, g.board_id) == (role, site_id, board_id) for g in person.grants):
            return person.person_id
        await give(
            tx,
            person.person_id,
            role,
            site_id=site_id,
            board_id=board_id,
            given_by=actor.person_id,
            now_ms=now,
        )
        await _record(tx, actor, "role.given", public_id, _Place(role, site_id, board_id), now)
        result.people.add(person.person_id)
        return person.person_id

    return await access_account(engine.database, await engine.committer.run(work))


class _Place(NamedTuple):
    """What is given or taken, and where it holds."""

    role: str
    site_id: int
    board_id: int


async def _record(tx: Transaction, actor: Actor, verb: BoardVerb, public_id: str, place: _Place, now: int) -> None:
    await record(
        tx,
        actor.person_id,
        verb,
        "person",
        public_id,
        details={"role": place.role, "site": place.site_id, "board": place.board_id},
        site_id=place.site_id,
        board_id=place.board_id or None,
        now_ms=now,
    )


async def do_end_role(
    engine: Engine, actor: Actor, public_id: str, role: str, *, site_id: int = ALL_SITES, board_id: int = 0
) -> Account:
    """Take a role from somebody; their open sockets are closed or re-scoped. Harmless to repeat.

    Raises:
        Refused: ``not_found``, ``beyond_you``, or ``last_administrator``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> int:
        await hold_roles(tx)
        await check_appoint(tx, actor, role, site_id=site_id, board_id=board_id)
        person = await find_account(tx, public_id)
        ended = await tx.run(
            queries.END_GRANT,
            owner=person.person_id,
            for_site=site_id,
            for_board=board_id,
            which=role,
            now=now,
            new_stamp=await tx.stamp(),
        )
        if not ended:
            return person.person_id
        await follow_rights(tx, person.person_id)
        if Permission.ADMINISTER in await find_role(tx, role):
            await check_administrator_remains(tx)
        await _record(tx, actor, "role.taken", public_id, _Place(role, site_id, board_id), now)
        result.people.add(person.person_id)
        return person.person_id

    return await access_account(engine.database, await engine.committer.run(work))
