"""Mails about conversations: agents are told of a chat that nobody answers, visitors are sent what they have not seen.

What is to be told follows from the conversation as it stands (:mod:`widget_server.core.chat_mails`) and is looked at
again, under a lock, in the transaction that writes the mail and how far it tells. So nothing is told twice, on
whatever node, and nothing that a kill interrupts is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.accounts import account_of, check_mail, default_grant, written_mail
from widget_server.actions.mailing import Mail, post
from widget_server.actions.opening import zone_offset
from widget_server.core import appearance as looks
from widget_server.core.chat_mails import Talk, due_mails
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import can_answer, grant_of
from widget_server.core.reply_addresses import read_token
from widget_server.store.lists import listed
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import chat_mails as q

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from widget_server.actions.accounts import Account
    from widget_server.core.appearance import Appearance
    from widget_server.core.chat_mails import Due
    from widget_server.core.permissions import Grant
    from widget_server.core.reply_addresses import ReplyAddresses
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.statement import Statement

PAGE: Final = 100
"""Conversations that are looked at together."""
STOP: Final = "/chat-mails/stop"
"""Where a visitor ends the mails about a conversation; the token stands behind it, as RFC 8058 wants it."""
LOOK_BACK_MS: Final = 86_400_000
"""A node that starts looks at all that was talked in so long."""


class TalkRow(NamedTuple):
    """A conversation as the mails about it need it."""

    channel_id: int
    site_id: int
    talk: Talk
    answered_seq: int
    due: tuple[int | None, int | None]
    """When it was to be looked at, as it is stored."""
    address: str | None
    """Of the visitor, as they wrote it; None where there is none that can be written to."""
    last_asked_seq: int
    assignee_id: int | None
    look: Appearance
    site_name: str
    allowed_origins: tuple[str, ...]
    public_id: str
    context: dict[str, Any]
    visitor_id: int
    visitor_name: str | None
    staff: str
    """The public name of its staff channel."""
    last_seq: int


async def read_talks(tx: Transaction, channels: Sequence[int]) -> list[TalkRow]:
    """Return these conversations; one that is gone is left out."""
    return [_talk(row) for row in await tx.all(q.TALKS, channels=listed(tx.dialect, channels))]


def _talk(row: Row) -> TalkRow:
    verified = orjson.loads(row[17] or "{}")
    address = address_of_contact(row[15], verified)
    talk = Talk(
        status=row[2],
        asked_seq=row[3] or 0,
        asked_at=row[4],
        unseen_seq=row[5] or 0,
        unseen_at=row[6],
        last_unseen_seq=row[7] or 0,
        last_unseen_at=row[8],
        missed_seq=row[9],
        mails=row[11],
        is_refused=row[12] is not None,
        has_address=address is not None,
        is_confirmed=row[16] is not None or bool(verified.get("mail")),
    )
    return TalkRow(
        row[0], row[1], talk, row[10], (row[13], row[14]), address, row[18], row[19], looks.from_stored(row[20]),
        row[21], tuple(orjson.loads(row[22])), row[23], orjson.loads(row[24] or "{}"), row[25], row[26], row[27],
        row[28],
    )  # fmt: skip


def address_of_contact(said: str | None, verified: dict[str, Any]) -> str | None:
    """Return where a visitor can be written to: what their site signed, else what they said; None: nowhere."""
    for written in (verified.get("mail"), said):
        try:
            if written:
                return written_mail(written)
        except Unacceptable:
            continue
    return None


def due_of(row: TalkRow, now_ms: int) -> Due:
    """Return when the mails of a conversation are due, as it stands."""
    hours = row.look.hours
    return due_mails(row.talk, row.look, now_ms, zone_offset(hours.zone if hours is not None else "UTC"))


class Place(NamedTuple):
    """How far a node has looked."""

    stamp: int


async def do_plan(db: Database, place: Place | None, *, now_ms: int) -> Place:
    """Write down when to look at the conversations that were touched since ``place``, and return how far that is.

    Args:
        db: the store.
        place: as the last call returned it. None: all that was talked in lately.
        now_ms: UTC time in ms.
    """
    cursor = await db.read(db.cursor)
    if place is None:
        await _plan_recent(db, now_ms)
        return Place(cursor)
    if db.one_writer and cursor == place.stamp:
        return place
    stamp, after = place.stamp, 0
    while True:
        page = await _page(db, q.TOUCHED, stamp=stamp, after=after, limit=PAGE)
        await _plan(db, [row[0] for row in page], now_ms)
        if len(page) < PAGE:
            return Place(cursor)
        after, stamp = page[-1]


async def _plan_recent(db: Database, now_ms: int) -> None:
    after = 0
    while True:
        page = await _page(db, q.RECENT, since=now_ms - LOOK_BACK_MS, after=after, limit=PAGE)
        await _plan(db, [row[0] for row in page], now_ms)
        if len(page) < PAGE:
            return
        after = page[-1][0]


async def _page(db: Database, statement: Statement, **params: int) -> list[Row]:
    return await db.read(lambda tx: tx.all(statement, **params))


async def _plan(db: Database, channels: Sequence[int], now_ms: int) -> None:
    if not channels:
        return
    talks = await db.read(lambda tx: read_talks(tx, channels))
    changed = [
        {"channel_id": row.channel_id, "missed_due": due.missed, "answer_due": due.answer}
        for row, due in ((row, due_of(row, now_ms)) for row in talks)
        if row.due != due
    ]
    if changed:
        await db.write(lambda tx: tx.many(q.PUT_DUE, changed))


async def list_due(db: Database, *, now_ms: int) -> tuple[list[int], list[int]]:
    """Return the conversations whose agents, and those whose visitors, are to be mailed now; a bounded number."""

    async def read(tx: Transaction) -> tuple[list[int], list[int]]:
        missed = await tx.all(q.MISSED_DUE, now=now_ms, limit=PAGE)
        answers = await tx.all(q.ANSWER_DUE, now=now_ms, limit=PAGE)
        return [row[0] for row in missed], [row[0] for row in answers]

    return await db.read(read)


async def do_tell_agents(db: Database, channel_id: int, online: Collection[int], *, now_ms: int) -> int:
    """Mail the agents of a conversation that nobody answers, once for all that waits; return how many.

    Who has it gets the mail, else everybody who may answer that site. Who has switched these mails off, or has a
    console open and has seen what was asked, gets none.

    Args:
        db: the store.
        channel_id: the conversation.
        online: agents with a live console, on whatever node.
        now_ms: UTC time in ms.
    """

    async def write(tx: Transaction) -> int:
        row = await _held(tx, channel_id)
        if row is None:
            return 0
        due = due_of(row, now_ms).missed
        if due is None or due > now_ms:
            await _put_due(tx, row, now_ms)
            return 0
        told = await _agents_of(tx, row, online)
        for agent in told:
            facts = {
                "path": f"/console#/c/{row.public_id}",
                "site": row.site_name,
                "visitor": row.visitor_name or "",
                "minutes": max(1, (now_ms - (row.talk.asked_at or now_ms)) // 60_000),
            }
            await post(
                tx, Mail.MISSED_CHAT, to=agent.written, language=agent.language, now_ms=now_ms,
                person_id=agent.person_id, site_id=row.site_id, facts=facts,
            )  # fmt: skip
        await tx.run(q.SET_MISSED, key=channel_id, seq=row.last_asked_seq)
        return len(told)

    return await db.write(write)


async def do_tell_visitor(db: Database, channel_id: int, *, now_ms: int) -> bool:
    """Have the visitor mailed what agents wrote and they have not seen; whether there was anything.

    The text is read when the mail is made: what was removed meanwhile does not leave.
    """

    async def write(tx: Transaction) -> bool:
        row = await _held(tx, channel_id)
        if row is None:
            return False
        due = due_of(row, now_ms).answer
        if due is None or due > now_ms or row.address is None:
            await _put_due(tx, row, now_ms)
            return False
        facts = {
            "channel": channel_id,
            "after": row.talk.unseen_seq - 1,
            "upto": row.talk.last_unseen_seq,
            "before": row.answered_seq,
        }
        await post(
            tx, Mail.CHAT_ANSWER, to=row.address, language=str(row.context.get("language") or ""), now_ms=now_ms,
            person_id=row.visitor_id, site_id=row.site_id, facts=facts,
        )  # fmt: skip
        await tx.run(q.SET_ANSWERED, key=channel_id, seq=row.talk.last_unseen_seq, count=row.talk.mails + 1)
        return True

    return await db.write(write)


async def _held(tx: Transaction, channel_id: int) -> TalkRow | None:
    await tx.one(q.HOLD, channel_id=channel_id)
    found = await read_talks(tx, [channel_id])
    return found[0] if found else None


async def _put_due(tx: Transaction, row: TalkRow, now_ms: int) -> None:
    due = due_of(row, now_ms)
    await tx.run(q.PUT_DUE, channel_id=row.channel_id, missed_due=due.missed, answer_due=due.answer)


async def _agents_of(tx: Transaction, row: TalkRow, online: Collection[int]) -> list[Account]:
    answering = await _answering(tx, row.site_id)
    assigned = [agent for agent in answering if agent.person_id == row.assignee_id]
    candidates = assigned or answering
    people = listed(tx.dialect, [agent.person_id for agent in candidates])
    off = {found[0] for found in await tx.all(q.SWITCHED_OFF, people=people)}
    seen = {found[0] for found in await tx.all(q.HAVE_SEEN, channel_id=row.channel_id, seq=row.last_asked_seq)}
    off |= seen.intersection(online)
    return [agent for agent in candidates if agent.person_id not in off]


async def _answering(tx: Transaction, site_id: int) -> list[Account]:
    """Everybody who may answer a site and whose address is confirmed, oldest first."""
    grants: dict[int, set[Grant]] = {}
    for *held, person_id in await tx.all(account_queries.ALL_GRANTS):
        grants.setdefault(person_id, set()).add(grant_of(*held))
    default = await default_grant(tx)
    rows = await tx.all(account_queries.ALL_APPOINTED)
    accounts = [account_of(row, frozenset(grants[row[0]]), default) for row in rows if row[0] in grants]
    return [
        each for each in accounts if each.is_confirmed and each.waits_since is None and can_answer(each.actor, site_id)
    ]


async def do_refuse_mails(db: Database, addresses: ReplyAddresses, token: str, *, now_ms: int) -> None:
    """Send a visitor no more mails about a conversation. Harmless to repeat.

    Raises:
        Refused: ``link_ended`` for a token that was never good, or is no longer.
    """
    stop = read_token(token)

    async def write(tx: Transaction) -> None:
        talks = await read_talks(tx, [stop.channel_id]) if stop is not None else []
        address = talks[0].address if talks else None
        if stop is None or address is None or not addresses.is_genuine(stop, address, now_ms=now_ms, use=b"stop"):
            raise Refused("link_ended")
        await tx.run(q.PUT_REFUSED, channel_id=stop.channel_id, now=now_ms)

    await db.write(write)


async def do_switch_missed(db: Database, person_id: int, *, on: bool, now_ms: int) -> None:
    """The agent's own switch for mails about chats that nobody answers."""
    await db.write(lambda tx: tx.run(q.PUT_SWITCH, owner=person_id, now=now_ms, new_switch=int(on)))


async def is_told_of_missed(db: Database, person_id: int) -> bool:
    """How that switch stands."""
    rows = await db.read(lambda tx: tx.all(q.SWITCHED_OFF, people=listed(tx.dialect, [person_id])))
    return not rows


def is_same_address(one: str, other: str) -> bool:
    """Whether both are one address, however it is written."""
    try:
        return check_mail(one) == check_mail(other)
    except Unacceptable:
        return False
