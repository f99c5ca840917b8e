"""Agents: who may answer. They are made by the operator; a visitor never becomes one by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import is_site_key, uuid7
from widget_server.core.passwords import MAX_CHARS, check_password, generated_password
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role, are_colleagues
from widget_server.core.text import check_line, fold
from widget_server.store.queries import agents as queries
from widget_server.store.queries import sessions as session_queries
from widget_server.store.queries import sites as site_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database, Row, Transaction

NAME_CHARS: Final = 80
MAIL_CHARS: Final = 254


class Agent(NamedTuple):
    """An agent as colleagues see them."""

    person_id: int
    public_id: str
    name: str
    picture: str | None
    availability: str
    """``online`` or ``away``: the agent's own switch."""
    mail: str
    grants: frozenset[Grant]

    @property
    def actor(self) -> Actor:
        """The agent as one who asks for something."""
        return Actor(self.person_id, self.public_id, self.grants)


class NewAgent(NamedTuple):
    """What the operator is told once: ``password`` is the generated one, or None where it was given."""

    agent: Agent
    password: str | None


def check_mail(mail: str) -> str:
    """Return a mail address as it is stored and compared.

    Raises:
        Unacceptable: ``bad_value`` for what cannot be one.
    """
    folded = fold(check_line(mail, MAIL_CHARS, required=True))
    local, _, domain = folded.rpartition("@")
    if not local or not domain or " " in folded or "@" in local:
        raise Unacceptable("bad_value", field="mail")
    return folded


def _agent(row: Row, grants: frozenset[Grant]) -> Agent:
    person_id, public_id, name, picture, availability, mail, _ = row
    return Agent(person_id, public_id, name or "", picture, availability, mail, grants)


async def _grants(tx: Transaction, person_id: int) -> frozenset[Grant]:
    rows = await tx.all(queries.GRANTS, person_id=person_id)
    return frozenset(Grant(Role(role), site_id) for role, site_id in rows)


async def access_agent(db: Database, person_id: int) -> Agent:
    """Return an agent with the rights that hold now.

    Raises:
        Refused: ``not_found``, also for somebody whose last right was taken.
    """

    async def read(tx: Transaction) -> Agent:
        row = await tx.one(queries.BY_PERSON, person_id=person_id)
        grants = await _grants(tx, person_id)
        if row is None or not grants:
            raise Refused("not_found")
        return _agent(row, grants)

    return await db.read(read)


async def list_agents(db: Database) -> list[Agent]:
    """Return everyone who has a right, oldest first."""

    async def read(tx: Transaction) -> list[Agent]:
        grants: dict[int, set[Grant]] = {}
        for person_id, role, site_id in await tx.all(queries.ALL_GRANTS):
            grants.setdefault(person_id, set()).add(Grant(Role(role), site_id))
        return [_agent(row, frozenset(grants[row[0]])) for row in await tx.all(queries.ALL) if row[0] in grants]

    return await db.read(read)


async def list_colleagues(db: Database, actor: Actor) -> list[Agent]:
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

    async def write(tx: Transaction) -> Agent:
        if await tx.one(queries.BY_MAIL, mail=address):
            raise Unacceptable("taken")
        grant = Grant(role or await _first_role(tx, site_key), await _granted_site(tx, site_key))
        public_id = uuid7(now_ms, random(10))
        stamp = await tx.stamp()
        ((person_id,),) = await tx.all(
            queries.INSERT_PERSON, public_id=public_id, name=shown, created_at=now_ms, new_stamp=stamp
        )
        await tx.run(queries.INSERT_MAIL, person_id=person_id, mail=address, secret=secret, created_at=now_ms)
        await tx.run(
            queries.INSERT_GRANT, person_id=person_id, site_id=grant.site_id, role=grant.role.value, new_stamp=stamp
        )
        return Agent(person_id, public_id, shown, None, "online", address, frozenset({grant}))

    agent = await db.write(write)
    return NewAgent(agent, None if password else chosen)


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


async def do_set_password(
    db: Database,
    passwords: Passwords,
    *,
    mail: str,
    password: str | None = None,
    kept_session: int = 0,
    now_ms: int,
    random: Callable[[int], bytes],
) -> str | None:
    """Set a password and end the agent's sessions, except the one with the key ``kept_session`` (S17).

    Returns:
        The generated password, or None where one was given.

    Raises:
        Refused: ``not_found`` where nobody has the address.
        Unacceptable: ``weak_password``.
    """
    address = fold(mail)
    found = await db.read(lambda tx: tx.one(queries.BY_MAIL, mail=address))
    if found is None:
        raise Refused("not_found")
    person_id, _, name, *_rest = found
    chosen = password or generated_password(random(15))
    check_password(chosen, mail=address, name=name or "")
    secret = await passwords.hash(chosen)

    async def write(tx: Transaction) -> None:
        await tx.run(queries.SET_SECRET, key=person_id, new_secret=secret)
        await tx.run(
            session_queries.END_OTHERS,
            owner=person_id,
            kept=kept_session,
            now=now_ms,
            new_stamp=await tx.stamp(),
        )

    await db.write(write)
    return None if password else chosen


async def check_sign_in(db: Database, passwords: Passwords, *, mail: str, password: str) -> Agent:
    """Return the agent whose address and password these are. It takes as long for an address that nobody has (S21).

    Raises:
        Refused: ``wrong_sign_in``, whatever of it was wrong.
    """
    address = fold(mail)
    row = await db.read(lambda tx: tx.one(queries.BY_MAIL, mail=address))
    stored: str | None = row[-1] if row else None
    if not await passwords.verify(stored, password[: MAX_CHARS + 1]) or row is None or stored is None:
        raise Refused("wrong_sign_in")
    if passwords.is_outdated(stored):
        await _do_rehash(db, row[0], stored, await passwords.hash(password))
    grants = await db.read(lambda tx: _grants(tx, row[0]))
    if not grants:
        raise Refused("wrong_sign_in")
    return _agent(row, grants)


async def _do_rehash(db: Database, person_id: int, stored: str, secret: str) -> None:
    await db.write(lambda tx: tx.run(queries.REPLACE_SECRET, key=person_id, old_secret=stored, new_secret=secret))


async def do_rename(db: Database, person_id: int, name: object) -> None:
    """Set the name that visitors and colleagues read.

    Raises:
        Unacceptable: what is wrong with it.
    """
    if not isinstance(name, str):
        raise Unacceptable("bad_value", field="name")
    shown = check_line(name, NAME_CHARS, required=True)

    async def write(tx: Transaction) -> None:
        await tx.run(queries.SET_NAME, key=person_id, new_name=shown, new_stamp=await tx.stamp())

    await db.write(write)
