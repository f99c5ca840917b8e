"""Whose a mail address is: shown by a link that only its owner can read, when it is new and when it changes (S20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions import links
from widget_server.actions.accounts import Account, account_row, check_mail, read_account, written_mail
from widget_server.actions.appointments import give
from widget_server.actions.audit import record
from widget_server.actions.links import Purpose
from widget_server.actions.mailing import Mail, post
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Role
from widget_server.core.text import fold_mail
from widget_server.store.queries import accounts as queries
from widget_server.store.queries import links as link_queries

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction


async def confirm(tx: Transaction, account: Account, *, administrator: str | None, now_ms: int) -> Account:
    """Write down that the address of an account was shown to be its owner's, and return the account as it is then.

    Args:
        tx: the transaction that used the link.
        account: whose.
        administrator: the address that the settings name: its owner becomes administrator (S2.16). It must have been
            shown by mail: where none is sent, anybody could register with it.
        now_ms: UTC time in ms.
    """
    await tx.run(queries.CONFIRM, owner=account.person_id, mail=account.mail, now=now_ms)
    if administrator and fold_mail(administrator) == account.mail:
        await give(tx, account.person_id, Role.ADMINISTRATOR, given_by=None, now_ms=now_ms)
        details = {"role": Role.ADMINISTRATOR.value}
        await record(tx, None, "role.given", "person", account.public_id, details=details, now_ms=now_ms)
    return await read_account(tx, await tx.one(queries.BY_PERSON, person_id=account.person_id))


async def do_ask_change(db: Database, account: Account, mail: str, *, now_ms: int) -> None:
    """Have a link sent to the new address, and the old one told. Nothing changes before the link is used (S2.14).

    Somebody else's address gets a mail that says so, and whoever asked is not told (S21).

    Args:
        db: the store.
        account: whose address changes.
        mail: the new one, as its owner writes it.
        now_ms: UTC time in ms.

    Raises:
        Unacceptable: ``bad_mail``, or ``bad_choice`` where it is the same as before.
    """
    address, written = check_mail(mail), written_mail(mail)
    if address == account.mail and written == account.written:
        raise Unacceptable("bad_choice")

    async def write(tx: Transaction) -> None:
        known = await tx.one(queries.MAIL_TAKEN, mail=address)
        await post(
            tx,
            Mail.ADDRESS_CHANGES,
            to=account.written,
            language=account.language,
            person_id=account.person_id,
            now_ms=now_ms,
        )
        if known is not None and known[0] != account.person_id:
            await post(tx, Mail.ADDRESS_TAKEN, to=written, language=account.language, now_ms=now_ms)
            return
        made = await links.make(
            tx,
            Purpose.CHANGE_ADDRESS,
            person_id=account.person_id,
            address=address,
            details={"written": written},
            now_ms=now_ms,
        )
        await post(
            tx,
            Mail.CHANGE_ADDRESS,
            to=written,
            language=account.language,
            link_id=made,
            person_id=account.person_id,
            now_ms=now_ms,
        )

    await db.write(write)


async def do_change(db: Database, code: str, *, administrator: str | None, now_ms: int) -> Account:
    """Use the link that went to a new address: the account has it from now on, and every other link of it ends.

    Raises:
        Refused: ``link_ended``, also where the address is somebody else's by now.
    """

    async def write(tx: Transaction) -> Account:
        link = await links.find(tx, code, Purpose.CHANGE_ADDRESS, now_ms=now_ms)
        await links.use(tx, link, now_ms=now_ms)
        owner, address = link.person_id or 0, link.address or ""
        return await _replace(tx, owner, address, str(link.details["written"]), administrator, now_ms)

    return await db.write(write)


async def do_change_at_once(db: Database, account: Account, mail: str, *, now_ms: int) -> Account:
    """Change the address where no mail is sent, and nobody can show whose it is.

    Raises:
        Unacceptable: ``bad_mail`` or ``taken``.
    """
    address, written = check_mail(mail), written_mail(mail)

    async def write(tx: Transaction) -> Account:
        try:
            return await _replace(tx, account.person_id, address, written, None, now_ms)
        except Refused:
            raise Unacceptable("taken") from None

    return await db.write(write)


async def _replace(
    tx: Transaction, owner: int, address: str, written: str, administrator: str | None, now_ms: int
) -> Account:
    known = await tx.one(queries.MAIL_TAKEN, mail=address)
    if known is not None and known[0] != owner:
        raise Refused("link_ended")
    await tx.run(queries.SET_MAIL, key=owner, new_mail=address, new_written=written)
    await tx.run(link_queries.END_ALL_OF_PERSON, owner=owner, now=now_ms)
    account = await read_account(tx, await account_row(tx, owner, address))
    return await confirm(tx, account, administrator=administrator, now_ms=now_ms)
