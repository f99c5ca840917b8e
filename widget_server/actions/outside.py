"""Accounts of people who sign in elsewhere: whom a provider's word opens, and whom it does not.

An account that exists is never handed over for its address alone: whoever runs the provider, or another provider of the
same address, could take it. Its owner signs in as before and connects the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions import addresses, names
from widget_server.actions.accounts import NAME_CHARS, Account, check_mail, read_account, written_mail
from widget_server.actions.challenges import Challenge, use_up
from widget_server.actions.factors import Deed, tell
from widget_server.actions.mailing import Mail, post
from widget_server.actions.registration import Wish, insert_member, make_confirmed, post_confirmation
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import uuid7
from widget_server.core.text import check_line
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import outside as queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.store.database import Database, Transaction

_NAMES_TRIED: Final = 50


class Outsider(NamedTuple):
    """Somebody as a provider knows them."""

    value: str
    """Issuer and subject: they never mean anybody else."""
    provider: str
    """What the provider is called."""
    mail: str
    mail_is_verified: bool
    name: str


class Terms(NamedTuple):
    """How accounts are made here."""

    is_open: bool
    """Whether anybody may register."""
    has_mail: bool
    language: str
    administrator: str | None
    """As in :func:`actions.addresses.confirm`."""
    binding: str
    """As in :func:`actions.registration.do_register`."""
    check_may_make: Callable[[], None]
    """Refuses where nobody may make an account, such as for a ban of the network from which they come."""


class _New(NamedTuple):
    outsider: Outsider
    terms: Terms
    mail: str
    public_id: str
    now_ms: int


async def do_enter(
    db: Database,
    outsider: Outsider,
    terms: Terms,
    *,
    challenge: Challenge,
    now_ms: int,
    random: Callable[[int], bytes],
) -> Account | None:
    """Return the account of an outsider, which is made where there is none and anybody may register.

    Args:
        db: the store.
        outsider: who comes.
        terms: how accounts are made.
        challenge: with which they were sent to the provider; it is used up.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Returns:
        None where the address has to be confirmed first, by a mail; also where it is somebody else's, whom nobody is
        told of (S21).

    Raises:
        Refused: ``outside_failed`` for an answer that comes again, ``outside_known`` where the verified address has an
            account, ``outside_mail`` without an address, ``registration_closed``, and what ``terms`` refuse.
    """
    public_id = uuid7(now_ms, random(10))

    async def write(tx: Transaction) -> Account | None:
        if not await use_up(tx, challenge, now_ms):
            raise Refused("outside_failed", provider=outsider.provider)
        owner = await tx.one(queries.OWNER, value=outsider.value)
        if owner is not None:
            return await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=owner[0]))
        new = _New(outsider, terms, _mail_of(outsider), public_id, now_ms)
        row = await tx.one(account_queries.BY_MAIL, mail=new.mail)
        known = None if row is None else await read_account(tx, row)
        if known is not None and (known.is_confirmed or not outsider.mail_is_verified):
            await _meet(tx, new)
            return None
        if known is None and not terms.is_open:
            raise Refused("registration_closed")
        if known is None and await tx.one(account_queries.MAIL_TAKEN, mail=new.mail):
            return None
        terms.check_may_make()
        return await _make(tx, new, owner=known.person_id if known else 0)

    return await db.write(write)


async def do_connect(db: Database, account: Account, outsider: Outsider, *, challenge: Challenge, now_ms: int) -> None:
    """Let an account's owner, who is signed in, sign in as this outsider too.

    Raises:
        Refused: ``outside_failed`` for an answer that comes again, ``outside_taken`` where it opens another account.
    """

    async def write(tx: Transaction) -> None:
        if not await use_up(tx, challenge, now_ms):
            raise Refused("outside_failed", provider=outsider.provider)
        await _connect(tx, account, outsider, now_ms)
        await tell(tx, account, Deed("added", "outside", outsider.provider), now_ms=now_ms)

    await db.write(write)


async def do_disconnect(db: Database, account: Account, provider: str, *, now_ms: int) -> None:
    """Let nobody sign in to an account from elsewhere any more. Harmless to repeat."""

    async def write(tx: Transaction) -> None:
        if await tx.run(queries.DISCONNECT, owner=account.person_id):
            await tell(tx, account, Deed("removed", "outside", provider), now_ms=now_ms)

    await db.write(write)


async def is_connected(db: Database, account: Account) -> bool:
    """Return whether somebody can sign in to an account from elsewhere."""
    return await db.read(lambda tx: tx.one(queries.OF_PERSON, owner=account.person_id)) is not None


def _mail_of(outsider: Outsider) -> str:
    try:
        return check_mail(outsider.mail)
    except Unacceptable:
        raise Refused("outside_mail", provider=outsider.provider) from None


async def _meet(tx: Transaction, new: _New) -> None:
    """Leave the account of an address alone: whoever comes is told of it where the address is theirs for sure."""
    if new.outsider.mail_is_verified:
        raise Refused("outside_known", provider=new.outsider.provider)
    await post(
        tx, Mail.ADDRESS_TAKEN, to=written_mail(new.outsider.mail), language=new.terms.language, now_ms=new.now_ms
    )


async def _make(tx: Transaction, new: _New, *, owner: int) -> Account | None:
    """Make an account; ``owner`` is whose address nobody has confirmed yet, and begins anew."""
    outsider, terms, now_ms = new.outsider, new.terms, new.now_ms
    name, folded = await _free_name(tx, outsider, owner=owner)
    wish = Wish(name, new.mail, written_mail(outsider.mail), "")
    if outsider.mail_is_verified:
        made = await make_confirmed(tx, wish, None, public_id=new.public_id, language=terms.language, now_ms=now_ms)
        await _connect(tx, made, outsider, now_ms)
        return await addresses.confirm(tx, made, administrator=terms.administrator, now_ms=now_ms)
    row = {"new_name": name, "new_folded": folded, "new_language": terms.language, "now": now_ms}
    is_open = not terms.has_mail
    person_id = await insert_member(tx, wish, new.public_id, None, row, is_confirmed=is_open)
    account = await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=person_id))
    if is_open:
        await _connect(tx, account, outsider, now_ms)
        return account
    # Not connected: whoever confirms the address may be somebody else, and nobody else shall be let in with them.
    await post_confirmation(tx, account, terms.binding, now_ms)
    return None


async def _connect(tx: Transaction, account: Account, outsider: Outsider, now_ms: int) -> None:
    if await tx.run(queries.CONNECT, owner=account.person_id, value=outsider.value, now=now_ms) != 1:
        raise Refused("outside_taken", provider=outsider.provider)


async def _free_name(tx: Transaction, outsider: Outsider, *, owner: int = 0) -> tuple[str, str]:
    """Return a name that is free, and its folded copy: as the provider says it, else with a number behind it."""
    try:
        wanted = check_line(outsider.name[:NAME_CHARS], NAME_CHARS, required=True)
    except Unacceptable:
        wanted = ""
    base = wanted or check_line(outsider.mail.partition("@")[0][: NAME_CHARS - 8], NAME_CHARS) or "member"
    for number in range(1, _NAMES_TRIED):
        name = base if number == 1 else f"{base[: NAME_CHARS - 4].rstrip()} {number}"
        try:
            return name, await names.check_free(tx, name, owner=owner)
        except Unacceptable:
            continue
    raise Refused("registration_closed")
