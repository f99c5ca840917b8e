"""Becoming a member: register, confirm the address, and who may at all."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions import links, names
from widget_server.actions.accounts import NAME_CHARS, Account, account_row, check_mail, read_account, written_mail
from widget_server.actions.addresses import confirm
from widget_server.actions.links import Purpose
from widget_server.actions.mailing import Mail, post
from widget_server.actions.sign_ins import Outcome, Way, write_down
from widget_server.core.errors import Refused
from widget_server.core.ids import token_hash, uuid7
from widget_server.core.passwords import check_password
from widget_server.core.text import check_line
from widget_server.store.queries import accounts as queries
from widget_server.store.queries import links as link_queries
from widget_server.store.queries import sessions as session_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.passwords import Passwords
    from widget_server.actions.sign_ins import From
    from widget_server.store.database import Database, Transaction


TOLD_MAX: Final = 10
"""So often in an hour the owner of an address is told that somebody wanted to register with it."""
_BROWSER: Final = "browser"
"""Of a confirmation link: the hash of a secret of the browser that asked for it."""


class Wish(NamedTuple):
    """What somebody wants to register with, checked as far as it can be without the store."""

    name: str
    mail: str
    written: str
    password: str


def check_name(name: str) -> str:
    """Return a name as it is shown.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_line(name, NAME_CHARS, required=True)


def check_wish(*, name: str, mail: str, password: str) -> Wish:
    """Return what can be registered.

    Raises:
        Unacceptable: what is wrong with the first of them.
    """
    wish = Wish(check_name(name), check_mail(mail), written_mail(mail), password)
    check_password(password, mail=wish.mail, name=wish.name)
    return wish


async def do_register(
    db: Database,
    passwords: Passwords,
    wish: Wish,
    *,
    language: str,
    has_mail: bool,
    binding: str,
    needs_approval: bool = False,
    now_ms: int,
    random: Callable[[int], bytes],
) -> Account | None:
    """Make an account, and have its address confirmed by mail where mails are sent.

    A name that is taken is told; an address that is taken only by mail, and the answer is the same (S21), also to who
    comes next and wants the name. Who registers again before the address was confirmed begins anew: nobody keeps an
    address from its owner by being first.

    Args:
        db: the store.
        passwords: keeps the password.
        wish: what to register with.
        language: that the person reads.
        has_mail: whether mails are sent; else the account is open at once.
        binding: a secret of this browser, by which :func:`do_confirm` knows it again.
        needs_approval: whether somebody of this installation has to approve the account.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Returns:
        The account, or None where the address has one already.

    Raises:
        Unacceptable: ``taken`` or ``name_looks_alike`` for the name.
    """
    secret = await passwords.hash(wish.password)
    public_id = uuid7(now_ms, random(10))

    async def write(tx: Transaction) -> Account | None:
        known = await tx.one(queries.BY_MAIL, mail=wish.mail)
        begun = None if known is None else await read_account(tx, known)
        is_held = begun is None and await tx.one(queries.MAIL_TAKEN, mail=wish.mail) is not None
        if is_held or (begun is not None and (begun.is_confirmed or not has_mail)):
            times = 0
            if has_mail:
                times = await _keep_name(tx, wish, public_id, language, now_ms)
            else:
                # Told at once, and they try again by the same name.
                await names.check_free(tx, wish.name, owner=begun.person_id if begun and not begun.is_confirmed else 0)
            if begun is not None and times <= TOLD_MAX:
                await post(tx, Mail.ADDRESS_TAKEN, to=wish.written, language=language, now_ms=now_ms)
            return None
        person_id = await _take(tx, wish, begun, public_id, secret, language, now_ms, is_confirmed=not has_mail)
        await tx.run(queries.SET_WAITING, key=person_id, new_since=now_ms if needs_approval else None)
        account = await read_account(tx, await tx.one(queries.BY_PERSON, person_id=person_id))
        if has_mail:
            await post_confirmation(tx, account, binding, now_ms)
        return account

    return await db.write(write)


async def _take(
    tx: Transaction,
    wish: Wish,
    begun: Account | None,
    public_id: str,
    secret: str | None,
    language: str,
    now_ms: int,
    *,
    is_confirmed: bool,
) -> int:
    """Give somebody the name and the address of their wish, and return their key; ``begun`` begins anew."""
    folded = await names.check_free(tx, wish.name, owner=begun.person_id if begun else 0)
    new = {"new_name": wish.name, "new_folded": folded, "new_language": language, "now": now_ms}
    if begun is None:
        return await insert_member(tx, wish, public_id, secret, new, is_confirmed=is_confirmed)
    await _begin_anew(tx, begun.person_id, wish, secret, new)
    return begun.person_id


async def _keep_name(tx: Transaction, wish: Wish, public_id: str, language: str, now_ms: int) -> int:
    """Take a name for somebody who comes with the address of another, just as it is taken for somebody new (S21).

    Were it still free, or a member's own not taken, names would tell which addresses have an account. What is made here
    nobody can sign in to or write to (its address is none), and it is given back as all that nobody confirms.

    Returns:
        How often somebody came with the address in the last hour.
    """
    nobodys = f"taken {token_hash(wish.mail)}"
    row = await tx.one(queries.BY_MAIL, mail=nobodys)
    begun = None if row is None else await read_account(tx, row)
    kept = wish._replace(mail=nobodys, written=nobodys)
    key = await _take(tx, kept, begun, public_id, None, language, now_ms, is_confirmed=False)
    await links.make(tx, Purpose.CONFIRM, person_id=key, address=nobodys, now_ms=now_ms)
    return await links.made_lately(tx, Purpose.CONFIRM, nobodys, now_ms=now_ms)


async def make_confirmed(
    tx: Transaction, wish: Wish, secret: str | None, *, public_id: str, language: str, now_ms: int
) -> Account:
    """Make an account for somebody who has shown that the address is theirs, such as by an invitation.

    Whoever registered with it before and never confirmed it loses the account (CVE-2026-44707).

    Args:
        tx: the transaction that used the proof.
        wish: what to register with.
        secret: the hash of the password; None where they sign in in another way.
        public_id: of the new person.
        language: that the person reads.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``link_ended`` where the address has a confirmed account.
        Unacceptable: ``taken`` or ``name_looks_alike`` for the name.
    """
    known = await tx.one(queries.BY_MAIL, mail=wish.mail)
    begun = None if known is None else await read_account(tx, known)
    if (begun is not None and begun.is_confirmed) or (begun is None and await _is_held(tx, wish.mail)):
        raise Refused("link_ended")
    folded = await names.check_free(tx, wish.name, owner=begun.person_id if begun else 0)
    new = {"new_name": wish.name, "new_folded": folded, "new_language": language, "now": now_ms}
    if begun is not None:
        person_id = begun.person_id
        await _begin_anew(tx, person_id, wish, secret, new)
        await tx.run(queries.CONFIRM, owner=person_id, mail=wish.mail, now=now_ms)
    else:
        person_id = await insert_member(tx, wish, public_id, secret, new, is_confirmed=True)
    return await read_account(tx, await tx.one(queries.BY_PERSON, person_id=person_id))


async def _is_held(tx: Transaction, mail: str) -> bool:
    return await tx.one(queries.MAIL_TAKEN, mail=mail) is not None


async def _begin_anew(tx: Transaction, person_id: int, wish: Wish, secret: str | None, new: dict[str, Any]) -> None:
    """Hand an account whose address was never confirmed to who asks for it now; what it was signed in with ends.

    So do the links that were sent for it: used after the owner has come in another way, the first one would take from
    them the password that they chose since.
    """
    stamp = await tx.stamp()
    await tx.run(queries.BEGIN_ANEW, key=person_id, **new, new_stamp=stamp)
    await tx.run(queries.SET_MAIL, key=person_id, new_mail=wish.mail, new_written=wish.written)
    await tx.run(queries.SET_SECRET, key=person_id, new_secret=secret)
    await tx.run(link_queries.END_ALL_OF_PERSON, owner=person_id, now=new["now"])
    await tx.run(session_queries.END_OTHERS, owner=person_id, kept=0, now=new["now"], new_stamp=stamp)


async def insert_member(
    tx: Transaction, wish: Wish, public_id: str, secret: str | None, new: dict[str, Any], *, is_confirmed: bool
) -> int:
    """Make a person with an address, and return their key; without ``secret`` they sign in in another way."""
    ((person_id,),) = await tx.all(
        queries.INSERT_PERSON,
        public_id=public_id,
        kind="member",
        name=new["new_name"],
        folded_name=new["new_folded"],
        language=new["new_language"],
        created_at=new["now"],
        new_stamp=await tx.stamp(),
    )
    await tx.run(
        queries.INSERT_MAIL,
        person_id=person_id,
        mail=wish.mail,
        written=wish.written,
        secret=secret,
        created_at=new["now"],
        confirmed_at=new["now"] if is_confirmed else None,
    )
    return int(person_id)


async def post_confirmation(tx: Transaction, account: Account, binding: str, now_ms: int) -> None:
    """Have the link sent that confirms an account's address."""
    link_id = await links.make(
        tx,
        Purpose.CONFIRM,
        person_id=account.person_id,
        address=account.mail,
        details={_BROWSER: token_hash(binding)},
        now_ms=now_ms,
    )
    await post(
        tx,
        Mail.CONFIRM,
        to=account.written,
        language=account.language,
        link_id=link_id,
        person_id=account.person_id,
        now_ms=now_ms,
    )


async def do_resend_confirmation(db: Database, account: Account, *, binding: str, now_ms: int) -> None:
    """Send another confirmation link; the one before ends.

    Args:
        db: the store.
        account: whose.
        binding: as in :func:`do_register`, of the browser that asks.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``not_found`` where there is nothing to confirm.
    """
    if account.is_confirmed:
        raise Refused("not_found")
    await db.write(lambda tx: post_confirmation(tx, account, binding, now_ms))


class Confirmed(NamedTuple):
    """An address that was shown to be its owner's."""

    account: Account
    keeps_password: bool
    """False: whoever chose it may be somebody else, so it no longer holds, and a new one has to be chosen."""


async def do_confirm(
    db: Database,
    code: str,
    *,
    binding: str,
    signed_in: int | None,
    administrator: str | None,
    source: From,
    now_ms: int,
) -> Confirmed:
    """Use a confirmation link: the address belongs to the account from now on, and its owner is signed in by it.

    Anybody can register with somebody else's address, and a password of their own. So what was set before holds only
    where the link is opened in the browser that asked for it, or that has signed in with it; else the password and
    every session end (CVE-2026-44707).

    Args:
        db: the store.
        code: of the link.
        binding: the secret of this browser.
        signed_in: who is signed in here, completely or not.
        administrator: as in :func:`actions.addresses.confirm`.
        source: from where, for the history.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``link_ended``.
    """

    async def write(tx: Transaction) -> Confirmed:
        link = await links.find(tx, code, Purpose.CONFIRM, now_ms=now_ms)
        await links.use(tx, link, now_ms=now_ms)
        row = await account_row(tx, link.person_id, link.address)
        if row is None:
            raise Refused("link_ended")
        account = await confirm(tx, await read_account(tx, row), administrator=administrator, now_ms=now_ms)
        await write_down(tx, account.person_id, Way.LINK, Outcome.SIGNED_IN, source, now_ms=now_ms)
        asked_here = hmac.compare_digest(str(link.details.get(_BROWSER)), token_hash(binding))
        is_same = asked_here or signed_in == account.person_id
        if not is_same:
            await tx.run(queries.SET_SECRET, key=account.person_id, new_secret=None)
            await tx.run(
                session_queries.END_OTHERS, owner=account.person_id, kept=0, now=now_ms, new_stamp=await tx.stamp()
            )
            account = await read_account(tx, await tx.one(queries.BY_PERSON, person_id=account.person_id))
        return Confirmed(account, is_same)

    return await db.write(write)
