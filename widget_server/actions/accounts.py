"""Accounts: people who sign in. What they may do is in their grants and in the role that everybody has."""

from __future__ import annotations

import asyncio
import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.proof import holds
from widget_server.actions.sign_ins import NOWHERE, From, Outcome, Way, do_succeed, do_write_down
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.passwords import MAX_CHARS
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role, grant_of, is_staff
from widget_server.core.text import check_line, fold_mail
from widget_server.store.queries import accounts as queries

if TYPE_CHECKING:
    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database, Row, Transaction

NAME_CHARS: Final = 80
MAIL_CHARS: Final = 254

_NOT_PLAIN: Final = re.compile(r"[\s\"\\<>()\[\],;:]")

_NAME: Final = 3
_MAIL: Final = 12
_SECRET: Final = -1
"""Where a row of an account has the password's hash: last, and it goes no further than this module."""
_MEMBER: Final = Grant(Role.MEMBER, ALL_SITES)
"""What everybody with an account may do where no role was named for that."""


class Account(NamedTuple):
    """Somebody who can sign in."""

    person_id: int
    public_id: str
    kind: str
    name: str
    picture: str | None
    """The hash of their own; None shows one that is drawn from their public id."""
    availability: str
    """``online`` or ``away``: an agent's own switch."""
    place: str
    about: str
    language: str
    zone: str
    created_at: int
    seen_at: int | None
    mail: str
    """As it is compared."""
    written: str
    """As its owner writes it."""
    confirmed_at: int | None
    waits_since: int | None
    """Since when somebody has to approve it; until then only the sign-in area opens."""
    has_factor: bool
    """Whether a second factor or a passkey belongs to it."""
    is_warned: bool
    """Whether a moderator has warned them of something that they have not read yet."""
    grants: frozenset[Grant]
    default: Grant
    """The role of everybody with an account."""
    secret_mark: bytes
    """Differs where the password does, and tells nothing of it: what was proved by another one opens nothing more."""

    @property
    def actor(self) -> Actor:
        """The account as one who asks for something."""
        return Actor(self.person_id, self.public_id, self.grants | {self.default})

    @property
    def is_confirmed(self) -> bool:
        """Whether its address was shown to be its owner's; until then only the sign-in area opens (S2.11)."""
        return self.confirmed_at is not None


def check_mail(mail: str) -> str:
    """Return a mail address as it is stored and compared.

    Raises:
        Unacceptable: ``bad_mail`` for what cannot be one.
    """
    return fold_mail(written_mail(mail))


def written_mail(mail: str) -> str:
    """Return a mail address as its owner writes it, and as mails are sent to it: nothing else than what is compared.

    What a mail server would read as another address than the one that is compared is none: a name before it, quotes,
    letters that only look different (S35, S36).

    Raises:
        Unacceptable: ``bad_mail`` for what cannot be one.
    """
    written = check_line(mail, MAIL_CHARS, required=True)
    local, _, domain = written.rpartition("@")
    if not local or not domain or _NOT_PLAIN.search(written) or "@" in local:
        raise Unacceptable("bad_mail")
    if unicodedata.normalize("NFKC", written) != written:
        raise Unacceptable("bad_mail")
    # What makes a host's name of other letters would turn some capitals into something else than small ones.
    return written if domain.isascii() else f"{local}@{fold_mail(domain)}"


async def access_account(db: Database, person_id: int) -> Account:
    """Return an account with the rights that hold now.

    Raises:
        Refused: ``not_found``, also for one that was deleted or merged into another.
    """

    async def read(tx: Transaction) -> Account:
        return await read_account(tx, await tx.one(queries.BY_PERSON, person_id=person_id))

    return await db.read(read)


async def read_account(tx: Transaction, row: Row | None) -> Account:
    """Return the account of a row of ``queries.accounts``, with its rights.

    Raises:
        Refused: ``not_found`` where there is no row.
    """
    if row is None:
        raise Refused("not_found")
    rights = await tx.all(queries.RIGHTS, person_id=row[0])
    grants = frozenset(grant_of(*held) for *held, is_default in rights if not is_default)
    default = next((grant_of(*held) for *held, is_default in rights if is_default), _MEMBER)
    return account_of(row, grants, default)


async def default_grant(tx: Transaction) -> Grant:
    """Return what everybody with an account may do."""
    row = await tx.one(queries.DEFAULT_ROLE)
    return _MEMBER if row is None else grant_of(*row)


def account_of(row: Row, grants: frozenset[Grant], default: Grant) -> Account:
    """Return the account of a row of ``queries.accounts`` with these grants."""
    *known, mail, written, confirmed_at, waits_since, has_factor, is_warned = row[:_SECRET]
    known[_NAME] = known[_NAME] or ""
    shown = [mail, written or mail, confirmed_at, waits_since, bool(has_factor), bool(is_warned)]
    return Account._make([*known, *shown, grants, default, mark_of(row[_SECRET])])


def mark_of(secret: str | None) -> bytes:
    """Return the mark of a stored password (:attr:`Account.secret_mark`)."""
    return hashlib.blake2b(secret.encode(), digest_size=12).digest() if secret else b""


async def account_row(tx: Transaction, person_id: int | None, address: str | None) -> Row | None:
    """Return the row of an account while it still has the address to which a link is bound."""
    row = await tx.one(queries.BY_PERSON, person_id=person_id)
    return row if row is not None and row[_MAIL] == address else None


async def holds_secret(passwords: Passwords, stored: str | None, password: str) -> bool:
    """Return whether a password is the stored one. Every way to sign in asks here."""
    return await holds(passwords.verify(stored, password[: MAX_CHARS + 1])) and stored is not None


async def check_sign_in(
    db: Database, passwords: Passwords, *, mail: str, password: str, source: From = NOWHERE, now_ms: int
) -> Account:
    """Return the account whose address and password these are. It takes as long for an address that nobody has (S21).

    The attempt is written into the account's history while the password is looked at, which takes longer: counted as
    wrong until it has succeeded.

    Args:
        db: the store.
        passwords: checks the password.
        mail: as typed.
        password: as typed.
        source: where the attempt comes from.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``wrong_sign_in``, whatever of it was wrong.
    """
    address = fold_mail(mail)
    row = await db.read(lambda tx: tx.one(queries.BY_MAIL, mail=address))
    if row is None:
        await holds_secret(passwords, None, password)
        raise Refused("wrong_sign_in")
    stored: str | None = row[_SECRET]
    is_right, attempt = await asyncio.gather(
        holds_secret(passwords, stored, password),
        do_write_down(db, row[0], Way.PASSWORD, Outcome.WRONG, source, now_ms=now_ms),
    )
    if not is_right or stored is None:
        raise Refused("wrong_sign_in")
    await do_succeed(db, attempt)
    if passwords.is_outdated(stored):
        secret = await passwords.hash(password)
        await db.write(lambda tx: tx.run(queries.REPLACE_SECRET, key=row[0], old_secret=stored, new_secret=secret))
        stored = secret
    # As it is now, but by the password that was looked at: meanwhile another may have taken its place.
    return (await access_account(db, row[0]))._replace(secret_mark=mark_of(stored))


def check_staff(account: Account) -> Account:
    """Return the account where the console has something for it.

    Raises:
        Refused: ``not_allowed``.
    """
    if not is_staff(account.actor):
        raise Refused("not_allowed")
    return account
