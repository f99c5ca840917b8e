"""Agents: who may answer. They are made by the operator; a visitor never becomes one by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.accounts import (
    NAME_CHARS,
    Account,
    access_account,
    account_of,
    check_mail,
    default_grant,
    read_account,
    written_mail,
)
from widget_server.actions.audit import record
from widget_server.actions.names import check_free
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import is_site_key, uuid7
from widget_server.core.lookalikes import look
from widget_server.core.passwords import check_password, generated_password
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role, are_colleagues, grant_of, is_staff
from widget_server.core.text import check_line
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import agents as queries
from widget_server.store.queries import roles as role_queries
from widget_server.store.queries import sites as site_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database, Transaction


class NewAgent(NamedTuple):
    """What the operator is told once: ``password`` is the generated one, or None where it was given."""

    agent: Account
    password: str | None


async def access_agent(db: Database, person_id: int) -> Account:
    """Return an agent with the rights that hold now.

    Raises:
        Refused: ``not_found``, also for somebody whose last right was taken.
    """
    account = await access_account(db, person_id)
    if not is_staff(account.actor):
        raise Refused("not_found")
    return account


async def list_agents(db: Database) -> list[Account]:
    """Return everyone who has a right at some site, oldest first."""

    async def read(tx: Transaction) -> list[Account]:
        grants: dict[int, set[Grant]] = {}
        for *held, person_id in await tx.all(account_queries.ALL_GRANTS):
            grants.setdefault(person_id, set()).add(grant_of(*held))
        default = await default_grant(tx)
        rows = await tx.all(account_queries.ALL_APPOINTED)
        return [account_of(row, frozenset(grants[row[0]]), default) for row in rows if row[0] in grants]

    return [agent for agent in await db.read(read) if is_staff(agent.actor)]


async def list_colleagues(db: Database, actor: Actor) -> list[Account]:
    """Return everyone who may answer for a site that ``actor`` answers for too, themselves among them, oldest first."""
    return [agent for agent in await list_agents(db) if are_colleagues(actor, agent.actor)]


async def do_create_agent(
    db: Database,
    passwords: Passwords,
    *,
    mail: str,
    name: str,
    password: str | None = None,
    role: Role | None = None,
    site_key: str | None = None,
    now_ms: int,
    random: Callable[[int], bytes],
) -> NewAgent:
    """Make an agent who can sign in.

    Args:
        db: the store.
        passwords: keeps the password.
        mail: the address to sign in with.
        name: what visitors and colleagues read.
        password: as wished; None makes one, which only the answer ever tells.
        role: what the agent may do; None is agent, and administrator of everything for the very first.
        site_key: the one site for which the role is granted; None is all of them.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Raises:
        Unacceptable: ``taken``, ``weak_password``, or what is wrong with the name or address.
        Refused: ``unknown_site``.
    """
    address = check_mail(mail)
    shown = check_line(name, NAME_CHARS, required=True)
    chosen = password or generated_password(random(15))
    check_password(chosen, mail=address, name=shown)
    secret = await passwords.hash(chosen)

    async def write(tx: Transaction) -> Account:
        if await tx.one(account_queries.BY_MAIL, mail=address):
            raise Unacceptable("taken")
        grant = Grant(role or await _first_role(tx, site_key), await _granted_site(tx, site_key))
        stamp = await tx.stamp()
        public_id = uuid7(now_ms, random(10))
        person_id = await insert_agent(tx, public_id, mail=mail, name=shown, secret=secret, now_ms=now_ms)
        await tx.run(
            role_queries.INSERT_GRANT,
            person_id=person_id,
            site_id=grant.site_id,
            board_id=0,
            role=str(grant.role),
            given_by=None,
            now=now_ms,
            new_stamp=stamp,
        )
        agent = await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=person_id))
        details = {"role": str(grant.role)}
        await record(
            tx, None, "person.created", "person", agent.public_id, details=details, site_id=grant.site_id, now_ms=now_ms
        )
        return agent

    agent = await db.write(write)
    return NewAgent(agent, None if password else chosen)


async def insert_agent(tx: Transaction, public_id: str, *, mail: str, name: str, secret: str, now_ms: int) -> int:
    """Write down somebody who will answer, with an address that the operator vouches for, and return their key."""
    ((person_id,),) = await tx.all(
        account_queries.INSERT_PERSON,
        public_id=public_id,
        kind="agent",
        name=name,
        folded_name=await _folded(tx, name),
        language="",
        created_at=now_ms,
        new_stamp=await tx.stamp(),
    )
    await tx.run(
        account_queries.INSERT_MAIL,
        person_id=person_id,
        mail=check_mail(mail),
        written=written_mail(mail),
        secret=secret,
        created_at=now_ms,
        confirmed_at=now_ms,
    )
    return int(person_id)


async def _folded(tx: Transaction, name: str, *, owner: int = 0, is_staff: bool = True) -> str | None:
    """Return by what the name is unique; None where it is not: two sites may each have an agent of that name."""
    try:
        return await check_free(tx, name, owner=owner, is_staff=is_staff)
    except Unacceptable:
        return None


async def _first_role(tx: Transaction, site_key: str | None) -> Role:
    known = await tx.one(queries.COUNT)
    return Role.ADMINISTRATOR if site_key is None and known == (0,) else Role.AGENT


async def _granted_site(tx: Transaction, site_key: str | None) -> int:
    if site_key is None:
        return ALL_SITES
    row = await tx.one(site_queries.BY_KEY, key=site_key) if is_site_key(site_key) else None
    if row is None:
        raise Refused("unknown_site")
    return int(row[0])


async def do_rename(db: Database, person_id: int, name: object) -> None:
    """Set the name that visitors and colleagues read.

    Raises:
        Unacceptable: ``taken``, ``name_looks_alike``, or what else is wrong with it.
    """
    if not isinstance(name, str):
        raise Unacceptable("bad_value", field="name")
    shown = check_line(name, NAME_CHARS, required=True)

    async def write(tx: Transaction) -> None:
        known = await tx.one(account_queries.BY_PERSON, person_id=person_id)
        is_respelt = known is not None and look(known[3] or "") == look(shown)
        by_look = _folded if is_respelt else check_free
        folded = await by_look(tx, shown, owner=person_id, is_staff=True)
        stamp = await tx.stamp()
        await tx.run(queries.SET_NAME, key=person_id, new_name=shown, new_folded=folded, new_stamp=stamp)

    await db.write(write)
