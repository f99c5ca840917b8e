"""Bans: made and lifted by those who may, and known to every node within a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions.actors import Visitor
from widget_server.actions.appointments import find_account, rights_now
from widget_server.actions.audit import record
from widget_server.core.bans import Ban, BanBook, check_network, is_within
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.powers import can_ban_account, can_ban_everywhere, can_ban_network, can_ban_visitor
from widget_server.core.text import check_line
from widget_server.store.queries import bans as queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.accounts import Account
    from widget_server.actions.actors import Actor as Connected
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

REASON_CHARS: Final = 200
MAX_DAYS: Final = 3660
PAGE: Final = 50
_DAY_MS: Final = 86_400_000
_LAST: Final = 2**62


class ListedBan(NamedTuple):
    """A row of the list of all bans."""

    ban: Ban
    created_at: int
    ended_at: int | None
    person_public_id: str | None
    person_name: str | None
    maker_public_id: str | None
    maker_name: str | None


async def load_bans(db: Database, now_ms: int) -> BanBook:
    """Return all bans that hold."""

    async def read(tx: Transaction) -> BanBook:
        merged: dict[int, set[int]] = {}
        bans = [Ban(*row) for row in await tx.all(queries.HOLDING, now=now_ms)]
        if any(ban.kind == "account" for ban in bans):
            for ban_id, person_id in await tx.all(queries.MERGED, now=now_ms):
                merged.setdefault(ban_id, set()).add(person_id)
        return BanBook(bans, merged)

    return await db.read(read)


def check_may_write(engine: Engine, account: Account | None, address: str) -> None:
    """Refuse whoever is banned, by their account or by where they are; None is somebody who is not signed in.

    Raises:
        Refused: ``banned``.
    """
    if account is None:
        _refuse(engine, None, None, address)
    else:
        _refuse(engine, account.person_id, None, "" if can_ban_network(account.actor) else address)


def check_not_banned(engine: Engine, actor: Connected, address: str) -> None:
    """As :func:`check_may_write`, for somebody who is connected.

    Raises:
        Refused: ``banned``.
    """
    if isinstance(actor, Visitor):
        _refuse(engine, actor.author.id if actor.author is not None else None, actor.token_hash, address)
    else:
        person_id = actor.author.id if actor.author is not None else None
        _refuse(engine, person_id, None, "" if can_ban_network(actor.rights) else address)


def _refuse(engine: Engine, person_id: int | None, token_hash: str | None, address: str) -> None:
    ban = engine.bans.find(person_id=person_id, token_hash=token_hash, address=address, now_ms=engine.clock.now_ms())
    if ban is not None:
        raise ban.refusal


def check_reason(text: object) -> str:
    """Return a reason as it is stored and told.

    Raises:
        Unacceptable: what is wrong with it.
    """
    if not isinstance(text, str):
        raise Unacceptable("bad_value", field="reason")
    return check_line(text, REASON_CHARS)


def check_days(days: object) -> int | None:
    """Return after how many days a ban ends by itself; None is never.

    Raises:
        Unacceptable: ``bad_value`` for anything but a number of them.
    """
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MAX_DAYS:
        raise Unacceptable("bad_value", field="days")
    return days


class Term(NamedTuple):
    """What a ban is told with, checked."""

    reason: str
    days: int | None
    """None is for good."""
    begins_at: int
    """UTC ms."""

    @property
    def ends_at(self) -> int | None:
        """UTC ms; None is never."""
        return None if self.days is None else self.begins_at + self.days * _DAY_MS


async def do_ban_account(
    engine: Engine, actor: Actor, public_id: str, *, reason: object = "", days: object = None
) -> int:
    """Ban an account, everybody who became one person with it, and their tokens as visitors; return the ban's key.

    Raises:
        Refused: ``not_found``, or ``beyond_you`` for oneself and for somebody who may do more.
        Unacceptable: what is wrong with reason or days.
    """
    term = Term(check_reason(reason), check_days(days), engine.clock.now_ms())

    async def work(tx: Transaction, result: Committed) -> int:
        return await put_ban(tx, result, await rights_now(tx, actor), await find_account(tx, public_id), term)

    return await _do_ban(engine, work)


async def put_ban(tx: Transaction, result: Committed, actor: Actor, person: Account, term: Term) -> int:
    """Write down that an account is banned, by who may now; return the ban's key.

    Whoever commits it calls :func:`read_again` then.

    Raises:
        Refused: ``beyond_you``.
    """
    if not can_ban_account(actor, person.person_id, person.grants):
        raise Refused("beyond_you")
    whom = {"kind": "account", "person_id": person.person_id, "about": person.public_id}
    return await _put(tx, result, actor, whom, term)


async def do_ban_visitor(
    engine: Engine, actor: Actor, channel: object, *, reason: object = "", days: object = None
) -> int:
    """Ban the visitor of a conversation from its site, on the device on which they write; return the ban's key.

    Raises:
        Refused: ``not_found``, also for a conversation that is not the actor's to answer.
        Unacceptable: what is wrong with reason or days.
    """
    if not isinstance(channel, str):
        raise Unacceptable("bad_value", field="channel")

    term = Term(check_reason(reason), check_days(days), engine.clock.now_ms())

    async def work(tx: Transaction, result: Committed) -> int:
        row = await tx.one(queries.VISITOR, channel=channel)
        if row is None or not can_ban_visitor(await rights_now(tx, actor), row[1]):
            raise Refused("not_found")
        person_id, site_id, about, token = row
        whom = {"kind": "session", "person_id": person_id, "token_hash": token, "site_id": site_id, "about": about}
        return await _put(tx, result, actor, whom, term)

    return await _do_ban(engine, work)


async def do_ban_network(
    engine: Engine, actor: Actor, network: str, *, own_address: str, reason: object = "", days: object = None
) -> int:
    """Ban a range of network addresses, as it was typed; return the ban's key. Who may do this is not met by one.

    Raises:
        Refused: ``not_allowed``.
        Unacceptable: ``bad_network``; ``own_address`` for a range in which the actor themselves is.
    """
    checked = check_network(network)
    if is_within(own_address, checked):
        raise Unacceptable("own_address")

    term = Term(check_reason(reason), check_days(days), engine.clock.now_ms())

    async def work(tx: Transaction, result: Committed) -> int:
        if not can_ban_network(await rights_now(tx, actor)):
            raise Refused("not_allowed")
        return await _put(tx, result, actor, {"kind": "network", "network": checked, "about": ""}, term)

    return await _do_ban(engine, work)


async def _do_ban(engine: Engine, work: Callable[[Transaction, Committed], Awaitable[int]]) -> int:
    key = int(await engine.committer.run(work))
    await read_again(engine)
    return key


async def read_again(engine: Engine) -> None:
    """Let this node know the bans that hold at once; the others know them within a second."""
    engine.bans = await load_bans(engine.database, engine.clock.now_ms())


async def _put(tx: Transaction, result: Committed, actor: Actor, whom: dict[str, Any], term: Term) -> int:
    found = {"person_id": None, "token_hash": None, "network": None, "site_id": 0} | whom
    about = found.pop("about")
    ((key,),) = await tx.all(
        queries.INSERT,
        **found,
        reason=term.reason,
        made_by=actor.person_id,
        now=term.begins_at,
        ends_at=term.ends_at,
        new_stamp=await tx.stamp(),
    )
    await record(
        tx,
        actor.person_id,
        "ban.made",
        "ban",
        str(key),
        details={"kind": found["kind"], "person": about, "reason": term.reason, "days": term.days},
        site_id=found["site_id"],
        now_ms=term.begins_at,
    )
    result.people.add(found["person_id"] or actor.person_id)
    return int(key)


async def do_end_ban(engine: Engine, actor: Actor, key: int) -> None:
    """Lift a ban at once. Harmless to repeat.

    Raises:
        Refused: ``not_found``, also for a ban that is not the actor's to lift.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        row = await tx.one(queries.BY_ID, key=key)
        if row is None or not _may_end(await rights_now(tx, actor), Ban(*row[:8])):
            raise Refused("not_found")
        if await tx.run(queries.END, key=key, now=now, by=actor.person_id, new_stamp=await tx.stamp()):
            await record(
                tx, actor.person_id, "ban.lifted", "ban", str(key), details={"kind": row[1]}, site_id=row[5], now_ms=now
            )
            result.people.add(row[2] or actor.person_id)

    await engine.committer.run(work)
    await read_again(engine)


def _may_end(actor: Actor, ban: Ban) -> bool:
    if ban.kind == "network":
        return can_ban_network(actor)
    if ban.kind == "session":
        return can_ban_visitor(actor, ban.site_id)
    return ban.person_id != actor.person_id and can_ban_everywhere(actor)


async def visitor_ban(db: Database, actor: Actor, channel: str, now_ms: int) -> Ban | None:
    """Return the ban that holds for the visitor of a conversation, if any.

    Raises:
        Refused: ``not_found``, also for a conversation that is not the actor's to answer.
    """

    async def read(tx: Transaction) -> Ban | None:
        row = await tx.one(queries.VISITOR, channel=channel)
        if row is None or not can_ban_visitor(actor, row[1]):
            raise Refused("not_found")
        found = [Ban(*each) for each in await tx.all(queries.OF_PERSON, owner=row[0], now=now_ms)]
        return next((ban for ban in found if ban.kind == "session"), None)

    return await db.read(read)


async def bans_of(db: Database, person_id: int, now_ms: int) -> list[Ban]:
    """Return the bans that name this person and hold."""
    return [Ban(*row) for row in await db.read(lambda tx: tx.all(queries.OF_PERSON, owner=person_id, now=now_ms))]


async def list_bans(db: Database, before: int = _LAST) -> list[ListedBan]:
    """Return bans, the newest first, also lifted ones: one more than :data:`PAGE` where older ones follow."""
    rows = await db.read(lambda tx: tx.all(queries.PAGE, before=before, limit=PAGE + 1))
    return [ListedBan(Ban(*row[:8]), *row[8:]) for row in rows]
