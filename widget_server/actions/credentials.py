"""What somebody signs in with: their password, given, changed, and forgotten (S17, S20, S21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions import links
from widget_server.actions.accounts import Account, account_row, holds_secret, read_account
from widget_server.actions.addresses import confirm
from widget_server.actions.audit import record
from widget_server.actions.links import Purpose
from widget_server.actions.mailing import Mail, post
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.passwords import check_password, generated_password
from widget_server.core.text import fold_mail
from widget_server.store.queries import accounts as queries
from widget_server.store.queries import links as link_queries
from widget_server.store.queries import sessions as session_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.passwords import Passwords
    from widget_server.actions.sessions import SignedIn
    from widget_server.store.database import Database, Transaction


RESETS_MAX: Final = 10
"""So many mails with such a link one address gets in an hour."""


class NewSecret(NamedTuple):
    """A password that takes the place of another one."""

    person_id: int
    secret: str
    ends_tokens: bool = False
    """Whether the access tokens of the account end too."""


async def has_password(db: Database, account: Account) -> bool:
    """Return whether somebody can sign in with a password; who came from elsewhere, or by a link, cannot yet."""
    row = await db.read(lambda tx: tx.one(queries.SECRET, owner=account.person_id))
    return row is not None and row[0] is not None


async def check_own_password(db: Database, passwords: Passwords, account: Account, password: str) -> None:
    """See that a password is that of an account.

    Raises:
        Unacceptable: ``wrong_password``, also where the account has none.
    """
    row = await db.read(lambda tx: tx.one(queries.SECRET, owner=account.person_id))
    if not await holds_secret(passwords, row[0] if row else None, password):
        raise Unacceptable("wrong_password")


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
    """Set a password as the operator does, and end the account's sessions and links (S17).

    Args:
        db: the store.
        passwords: keeps the password.
        mail: the address of the account.
        password: as wished; None makes one.
        kept_session: the key of a session that goes on; 0 for none.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Returns:
        The generated password, or None where one was given.

    Raises:
        Refused: ``not_found`` where nobody has the address.
        Unacceptable: ``weak_password``.
    """
    address = fold_mail(mail)
    found = await db.read(lambda tx: tx.one(queries.BY_MAIL, mail=address))
    if found is None:
        raise Refused("not_found")
    person_id, name = found[0], found[3]
    chosen = password or generated_password(random(15))
    check_password(chosen, mail=address, name=name or "")
    new = NewSecret(person_id, await passwords.hash(chosen))

    async def write(tx: Transaction) -> None:
        await tx.run(queries.SET_SECRET, key=person_id, new_secret=new.secret)
        await _end_what_the_old_one_opened(tx, new, kept_session, now_ms)
        await record(tx, None, "person.password_set", "person", found[1], now_ms=now_ms)

    await db.write(write)
    return None if password else chosen


async def do_change_password(
    db: Database,
    passwords: Passwords,
    signed_in: SignedIn,
    *,
    old: str,
    new: str,
    ends_tokens: bool,
    now_ms: int,
) -> None:
    """Change one's own password by giving the old one; all other sessions end (S2.12).

    Where the account has none yet, there is nothing to give: the session must be a fresh one.

    Args:
        db: the store.
        passwords: checks the old and keeps the new.
        signed_in: who, and by the session that goes on.
        old: as typed.
        new: as wished; :func:`core.passwords.check_password` has been asked.
        ends_tokens: whether the account's access tokens end too.
        now_ms: UTC time in ms.

    Raises:
        Unacceptable: ``wrong_password``.
        Refused: ``prove_again``.
    """
    account = signed_in.account
    row = await db.read(lambda tx: tx.one(queries.SECRET, owner=account.person_id))
    stored: str | None = row[0] if row else None
    if stored is None:
        signed_in.check_proved(now_ms)
    elif not await holds_secret(passwords, stored, old):
        raise Unacceptable("wrong_password")
    made = NewSecret(account.person_id, await passwords.hash(new), ends_tokens)

    async def write(tx: Transaction) -> None:
        old_one = {} if stored is None else {"old_secret": stored}
        replace = queries.FIRST_SECRET if stored is None else queries.REPLACE_SECRET
        if not await tx.run(replace, key=account.person_id, new_secret=made.secret, **old_one):
            # Somebody was faster, with the same old password.
            raise Unacceptable("wrong_password")
        await tx.run(session_queries.PROVE, key=signed_in.session_id, now=now_ms)
        await _end_what_the_old_one_opened(tx, made, signed_in.session_id, now_ms)
        await _tell(tx, account, now_ms)

    await db.write(write)


async def do_ask_reset(db: Database, mail: str, *, now_ms: int) -> None:
    """Have a link sent that replaces a forgotten password. Nobody is told whether somebody has the address (S2.13).

    As much is written for an address that nobody has, so that the answer takes as long: a link that opens nothing.
    Whoever asks again and again, from wherever, does not fill a mailbox: the last link that was sent still holds.
    """
    address = fold_mail(mail)

    async def write(tx: Transaction) -> None:
        row = await tx.one(queries.BY_MAIL, mail=address)
        lately = await links.made_lately(tx, Purpose.RESET, address, now_ms=now_ms)
        if row is None or lately >= RESETS_MAX:
            await links.make(tx, Purpose.RESET, address="", now_ms=now_ms)
            return
        account = await read_account(tx, row)
        made = await links.make(tx, Purpose.RESET, person_id=account.person_id, address=account.mail, now_ms=now_ms)
        await post(
            tx,
            Mail.RESET,
            to=account.written,
            language=account.language,
            link_id=made,
            person_id=account.person_id,
            now_ms=now_ms,
        )

    await db.write(write)


async def do_reset(
    db: Database,
    passwords: Passwords,
    code: str,
    password: str,
    *,
    ends_tokens: bool,
    administrator: str | None,
    now_ms: int,
) -> Account:
    """Replace a forgotten password, by the link that was mailed: it also shows that the address is its owner's.

    Args:
        db: the store.
        passwords: keeps the new one.
        code: of the link.
        password: as wished.
        ends_tokens: whether the account's access tokens end too.
        administrator: as in :func:`actions.addresses.confirm`.
        now_ms: UTC time in ms.

    Returns:
        Whose it was; every session of theirs has ended.

    Raises:
        Refused: ``link_ended``.
        Unacceptable: ``weak_password``; the link can still be used.
    """

    async def look_up(tx: Transaction) -> Account:
        link = await links.find(tx, code, Purpose.RESET, now_ms=now_ms)
        return await read_account(tx, await account_row(tx, link.person_id, link.address))

    found = await db.read(look_up)
    check_password(password, mail=found.mail, name=found.name)
    made = NewSecret(found.person_id, await passwords.hash(password), ends_tokens)

    async def write(tx: Transaction) -> Account:
        link = await links.find(tx, code, Purpose.RESET, now_ms=now_ms)
        await links.use(tx, link, now_ms=now_ms)
        account = await read_account(tx, await account_row(tx, link.person_id, link.address))
        await tx.run(queries.SET_SECRET, key=account.person_id, new_secret=made.secret)
        if not account.is_confirmed:
            account = await confirm(tx, account, administrator=administrator, now_ms=now_ms)
        await _end_what_the_old_one_opened(tx, made, 0, now_ms)
        await _tell(tx, account, now_ms)
        return account

    return await db.write(write)


async def _end_what_the_old_one_opened(tx: Transaction, new: NewSecret, kept_session: int, now_ms: int) -> None:
    await tx.run(
        session_queries.END_OTHERS,
        owner=new.person_id,
        kept=kept_session,
        now=now_ms,
        new_stamp=await tx.stamp(),
    )
    await tx.run(link_queries.END_ALL_OF_PERSON, owner=new.person_id, now=now_ms)
    if new.ends_tokens:
        await tx.run(session_queries.END_TOKENS, owner=new.person_id, now=now_ms)


async def _tell(tx: Transaction, account: Account, now_ms: int) -> None:
    await post(
        tx,
        Mail.PASSWORD_CHANGED,
        to=account.written,
        language=account.language,
        person_id=account.person_id,
        now_ms=now_ms,
    )
