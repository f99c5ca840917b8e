"""The first administrator, and whoever the operator makes one: nobody is asked who may, for the installation is theirs.

Whoever reads the log or gives the settings of an installation owns it. So the set-up link and the bootstrap variables
work only while it has no administrator, and each way looks once more inside the transaction that makes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions import links
from widget_server.actions.accounts import NAME_CHARS, Account, check_mail, read_account, written_mail
from widget_server.actions.agents import NewAgent, insert_agent
from widget_server.actions.appointments import give, hold_roles
from widget_server.actions.audit import record
from widget_server.actions.links import Purpose
from widget_server.core.errors import Refused
from widget_server.core.ids import link_code, uuid7
from widget_server.core.passwords import check_password, generated_password
from widget_server.core.permissions import Permission, Role
from widget_server.core.text import check_line
from widget_server.store.queries import accounts as queries
from widget_server.store.queries import links as link_queries
from widget_server.store.queries import roles as role_queries
from widget_server.store.queries import sessions as session_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database, Transaction

_NOBODYS: Final = ""
"""The address to which set-up links are bound: a newer one ends those before."""


class Wanted(NamedTuple):
    """Who is to be administrator, checked as far as it can be without the store; ``password`` is theirs to sign in."""

    mail: str
    name: str
    password: str


def check_wanted(*, mail: str, name: str, password: str) -> Wanted:
    """Return who can be made administrator.

    Raises:
        Unacceptable: what is wrong with the first of them.
    """
    wanted = Wanted(written_mail(mail), check_line(name, NAME_CHARS, required=True), password)
    check_password(password, mail=check_mail(mail), name=wanted.name)
    return wanted


async def has_administrator(tx: Transaction) -> bool:
    """Return whether anybody who can sign in may administer the installation."""
    return any(permissions & Permission.ADMINISTER for _, permissions in await tx.all(role_queries.ADMINISTRATORS))


async def do_make_administrator(
    db: Database,
    passwords: Passwords,
    *,
    mail: str,
    name: str,
    password: str | None = None,
    now_ms: int,
    random: Callable[[int], bytes],
) -> NewAgent:
    """Make an administrator of whoever has the address, or of somebody new.

    An account whose address was never confirmed may be anybody's: its password is replaced, and its sessions end.

    Args:
        db: the store.
        passwords: keeps the password.
        mail: the address to sign in with.
        name: of somebody new; an account keeps its own.
        password: as wished; None leaves that of an account, and makes one where there is none that holds.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Raises:
        Unacceptable: ``weak_password``, or what is wrong with the name or address.
    """
    wanted = check_wanted(mail=mail, name=name, password=password or generated_password(random(15)))
    secret = await passwords.hash(wanted.password)
    public_id = uuid7(now_ms, random(10))

    async def write(tx: Transaction) -> NewAgent:
        await hold_roles(tx)
        known = await tx.one(queries.BY_MAIL, mail=check_mail(mail))
        replaces = password is not None or known is None or not (await read_account(tx, known)).is_confirmed
        made = await _make(tx, wanted, secret if replaces else None, public_id, now_ms)
        return NewAgent(made, wanted.password if replaces and password is None else None)

    return await db.write(write)


async def do_make_first(
    db: Database, passwords: Passwords, wanted: Wanted, *, now_ms: int, random: Callable[[int], bytes]
) -> Account | None:
    """Make the first administrator; None where there is one already. Harmless to repeat, by as many nodes as like."""
    if await db.read(has_administrator):
        return None
    secret = await passwords.hash(wanted.password)
    public_id = uuid7(now_ms, random(10))

    async def write(tx: Transaction) -> Account | None:
        await hold_roles(tx)
        return None if await has_administrator(tx) else await _make(tx, wanted, secret, public_id, now_ms)

    return await db.write(write)


async def do_offer_set_up(db: Database, *, now_ms: int, random: Callable[[int], bytes]) -> str | None:
    """Return the code of a new set-up link, which ends those before; None where there is an administrator."""
    code = link_code(random(20))

    async def write(tx: Transaction) -> str | None:
        await hold_roles(tx)
        if await has_administrator(tx):
            return None
        await links.make(tx, Purpose.SET_UP, token=code, address=_NOBODYS, now_ms=now_ms)
        return code

    return None if await db.read(has_administrator) else await db.write(write)


async def do_set_up(
    db: Database, passwords: Passwords, code: str, wanted: Wanted, *, now_ms: int, random: Callable[[int], bytes]
) -> Account:
    """Use a set-up link: of many who try at once one becomes administrator, and every link ends.

    Raises:
        Refused: ``link_ended``.
    """
    # Whoever has no link shall not have passwords hashed.
    await db.read(lambda tx: links.find(tx, code, Purpose.SET_UP, now_ms=now_ms))
    secret = await passwords.hash(wanted.password)
    public_id = uuid7(now_ms, random(10))

    async def write(tx: Transaction) -> Account:
        await hold_roles(tx)
        await links.use(tx, await links.find(tx, code, Purpose.SET_UP, now_ms=now_ms), now_ms=now_ms)
        if await has_administrator(tx):
            raise Refused("link_ended")
        return await _make(tx, wanted, secret, public_id, now_ms)

    return await db.write(write)


async def _make(tx: Transaction, wanted: Wanted, secret: str | None, public_id: str, now_ms: int) -> Account:
    """Make an administrator; ``secret`` is the hash of their password, None leaves that of an account."""
    address = check_mail(wanted.mail)
    row = await tx.one(queries.BY_MAIL, mail=address)
    if row is None:
        person_id = await insert_agent(
            tx, public_id, mail=wanted.mail, name=wanted.name, secret=secret or "", now_ms=now_ms
        )
    else:
        person_id = row[0]
        await tx.run(queries.CONFIRM, owner=person_id, mail=address, now=now_ms)
        if secret is not None:
            await tx.run(queries.SET_SECRET, key=person_id, new_secret=secret)
            await tx.run(session_queries.END_OTHERS, owner=person_id, kept=0, now=now_ms, new_stamp=await tx.stamp())
    await give(tx, person_id, Role.ADMINISTRATOR, given_by=None, now_ms=now_ms)
    await tx.run(
        link_queries.END_OF_ADDRESS, for_address=_NOBODYS, for_purpose=Purpose.SET_UP.value, for_site=0, now=now_ms
    )
    account = await read_account(tx, await tx.one(queries.BY_PERSON, person_id=person_id))
    details = {"role": Role.ADMINISTRATOR.value}
    await record(tx, None, "role.given", "person", account.public_id, details=details, now_ms=now_ms)
    return account
