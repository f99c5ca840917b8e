"""Invitations: a colleague is asked by mail to take a role, for one site or for everything (S20).

One is bound to its address, site and role, works once and for a week, and only for as long as whoever sent it may
still give what it promises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions import links
from widget_server.actions.accounts import Account, check_mail, read_account, written_mail
from widget_server.actions.appointments import check_appoint, find_role, give, hold_roles, rights_now
from widget_server.actions.audit import record
from widget_server.actions.links import Link, Purpose
from widget_server.actions.mailing import Mail, post
from widget_server.actions.registration import Wish, make_confirmed
from widget_server.core.errors import Refused
from widget_server.core.ids import link_code, uuid7
from widget_server.core.permissions import ALL_SITES, Permission, may
from widget_server.core.powers import appointable_sites, can_appoint
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import links as queries
from widget_server.store.queries import roles as role_queries
from widget_server.store.queries import sites as site_queries

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.actions.passwords import Passwords
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import Committed

_SHOWN: Final = 500


class Invitation(NamedTuple):
    """One that was neither used nor withdrawn."""

    id: int
    address: str
    site_id: int
    role: str
    """Its key."""
    language: str
    created_at: int
    expires_at: int
    by_public_id: str | None
    by_name: str | None


class Offer(NamedTuple):
    """What somebody is shown who holds the code of an invitation."""

    address: str
    role: str
    site: str | None
    """The name of the site; None is everything."""
    by: str
    has_account: bool
    """Whether the address belongs to an account, which has to be signed in to."""


def _invitation(row: Row) -> Invitation:
    details = orjson.loads(row[3])
    return Invitation(row[0], row[1], row[2], details["role"], details.get("language", ""), *row[4:])


def _is_shown(actor: Actor, site_id: int) -> bool:
    """Whether the actor may see, repeat and withdraw invitations for this site."""
    return may(actor, Permission.ADMINISTER) if site_id == ALL_SITES else site_id in appointable_sites(actor)


async def list_invitations(db: Database, actor: Actor) -> list[Invitation]:
    """Return the invitations for the sites whose people the actor appoints, the newest first."""
    rows = await db.read(lambda tx: tx.all(queries.INVITATIONS, limit=_SHOWN))
    return [each for each in map(_invitation, rows) if _is_shown(actor, each.site_id)]


async def do_invite(
    engine: Engine, actor: Actor, *, mail: str, role: str, site_id: int = ALL_SITES, language: str, has_mail: bool
) -> str | None:
    """Invite somebody; an earlier invitation of the same address for the same site ends.

    Args:
        engine: the node's.
        actor: who invites.
        mail: the address, as its owner writes it.
        role: the key of the role that is offered.
        site_id: for which site; all of them when left out.
        language: that the mail speaks.
        has_mail: whether mails are sent.

    Returns:
        The code, where no mail carries it: it is shown once, to whoever invites.

    Raises:
        Unacceptable: ``bad_mail``.
        Refused: ``not_found``, or ``beyond_you`` for what the actor may not give.
    """
    address, now = check_mail(mail), engine.clock.now_ms()
    code = None if has_mail else link_code(engine.clock.random(20))

    async def work(tx: Transaction, _: Committed) -> None:
        await check_appoint(tx, actor, role, site_id=site_id)
        await _send(tx, actor, address, written_mail(mail), role, site_id, language, code, now)
        details = {"role": role}
        await record(
            tx,
            actor.person_id,
            "invitation.sent",
            "invitation",
            address,
            details=details,
            site_id=site_id,
            now_ms=now,
        )

    await engine.committer.run(work)
    return code


async def do_repeat_invitation(engine: Engine, actor: Actor, key: int, *, has_mail: bool) -> str | None:
    """Send an invitation again; the link sent before ends. Returns as :func:`do_invite`.

    Raises:
        Refused: ``not_found``, ``beyond_you``.
    """
    invitation = await _access(engine.database, actor, key)
    return await do_invite(
        engine,
        actor,
        mail=invitation.address,
        role=invitation.role,
        site_id=invitation.site_id,
        language=invitation.language,
        has_mail=has_mail,
    )


async def do_withdraw_invitation(engine: Engine, actor: Actor, key: int) -> None:
    """End an invitation. Harmless to repeat.

    Raises:
        Refused: ``not_found``.
    """
    invitation = await _access(engine.database, actor, key)
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        if not _is_shown(await rights_now(tx, actor), invitation.site_id):
            raise Refused("not_found")
        if await tx.run(queries.END, key=key, now=now):
            await record(
                tx,
                actor.person_id,
                "invitation.withdrawn",
                "invitation",
                invitation.address,
                site_id=invitation.site_id,
                now_ms=now,
            )

    await engine.committer.run(work)


async def _access(db: Database, actor: Actor, key: int) -> Invitation:
    row = await db.read(lambda tx: tx.one(queries.INVITATION, key=key))
    if row is None or not _is_shown(actor, row[2]):
        raise Refused("not_found")
    return _invitation(row)


async def _send(
    tx: Transaction,
    actor: Actor,
    address: str,
    written: str,
    role: str,
    site_id: int,
    language: str,
    code: str | None,
    now: int,
) -> None:
    link_id = await links.make(
        tx,
        Purpose.INVITATION,
        now_ms=now,
        token=code,
        address=address,
        site_id=site_id,
        details={"role": role, "language": language},
        made_by=actor.person_id,
    )
    if code is None:
        by = await tx.one(account_queries.BY_PERSON, person_id=actor.person_id)
        named = await tx.one(role_queries.BY_KEY, key=role)
        site = await tx.one(site_queries.BY_ID, key=site_id) if site_id else None
        await post(
            tx,
            Mail.INVITATION,
            to=written,
            language=language,
            now_ms=now,
            link_id=link_id,
            site_id=site_id or None,
            facts={"by": by[3] if by else "", "role": named[2] if named else "", "site": site[2] if site else ""},
        )


async def read_offer(db: Database, code: str, *, now_ms: int) -> Offer:
    """Return what an invitation offers.

    Raises:
        Refused: ``link_ended``.
    """

    async def read(tx: Transaction) -> Offer:
        link = await _find(tx, code, now_ms)
        role = await tx.one(role_queries.BY_KEY, key=link.details["role"])
        site = await tx.one(site_queries.BY_ID, key=link.site_id) if link.site_id else None
        by = await tx.one(account_queries.BY_PERSON, person_id=link.made_by)
        known = await tx.one(account_queries.BY_MAIL, mail=link.address)
        is_theirs = known is not None and (await read_account(tx, known)).is_confirmed
        return Offer(
            link.address or "", role[2] if role else "", site[2] if site else None, by[3] if by else "", is_theirs
        )

    return await db.read(read)


async def _find(tx: Transaction, code: str, now_ms: int) -> Link:
    """Return the link of an invitation whose sender may still give what it promises.

    Raises:
        Refused: ``link_ended``.
    """
    link = await links.find(tx, code, Purpose.INVITATION, now_ms=now_ms)
    row = await tx.one(account_queries.BY_PERSON, person_id=link.made_by)
    if row is None:
        raise Refused("link_ended")
    sender = (await read_account(tx, row)).actor
    try:
        promised = await find_role(tx, link.details["role"])
    except Refused:
        raise Refused("link_ended") from None
    if not can_appoint(sender, promised, site_id=link.site_id):
        raise Refused("link_ended")
    return link


async def do_accept(engine: Engine, account: Account, code: str) -> None:
    """Take an invitation with an account that exists and is signed in: its address must be the invited one.

    Raises:
        Refused: ``link_ended``, also for an invitation of another address (CVE-2022-31096).
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        link = await _find(tx, code, now)
        current = await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=account.person_id))
        if current.mail != link.address or not current.is_confirmed:
            raise Refused("link_ended")
        await _redeem(tx, link, current, now)
        result.people.add(current.person_id)

    await engine.committer.run(work)


async def do_accept_as_new(engine: Engine, passwords: Passwords, code: str, wish: Wish, *, language: str) -> Account:
    """Make an account with what was promised. The code came by mail, so the address is confirmed.

    Args:
        engine: the node's.
        passwords: keeps the password.
        code: of the invitation.
        wish: name and password; its address must be the invited one.
        language: that the person reads.

    Raises:
        Refused: ``link_ended``, also where the address has a confirmed account, which has to be signed in to.
        Unacceptable: ``taken`` or ``name_looks_alike`` for the name.
    """
    secret = await passwords.hash(wish.password)
    now = engine.clock.now_ms()
    public_id = uuid7(now, engine.clock.random(10))

    async def work(tx: Transaction, result: Committed) -> Account:
        link = await _find(tx, code, now)
        if wish.mail != link.address:
            raise Refused("link_ended")
        account = await make_confirmed(tx, wish, secret, public_id=public_id, language=language, now_ms=now)
        await _redeem(tx, link, account, now)
        result.people.add(account.person_id)
        return await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=account.person_id))

    made: Account = await engine.committer.run(work)
    return made


async def _redeem(tx: Transaction, link: Link, account: Account, now: int) -> None:
    await hold_roles(tx)
    await links.use(tx, link, now_ms=now)
    role = link.details["role"]
    await give(tx, account.person_id, role, site_id=link.site_id, given_by=link.made_by, now_ms=now)
    await record(
        tx,
        account.person_id,
        "invitation.accepted",
        "person",
        account.public_id,
        details={"role": role},
        site_id=link.site_id,
        now_ms=now,
    )
