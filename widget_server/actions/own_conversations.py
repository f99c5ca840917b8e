"""A member's own conversations: those of all visitors that they are, read and answered on our pages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions.access import access_channel
from widget_server.actions.actors import Member
from widget_server.actions.bans import check_may_write
from widget_server.actions.messages import do_receipt, do_send
from widget_server.core.conversation import Status, public_status
from widget_server.core.errors import ProductError
from widget_server.core.text import check_body, preview
from widget_server.protocol import frames as f
from widget_server.store.queries import conversations as cq
from widget_server.store.queries import messages as mq
from widget_server.store.queries import persons as pq
from widget_server.store.records import Author

if TYPE_CHECKING:
    from widget_server.actions.access import Access, Door
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.protocol.effects import Sent
    from widget_server.store.database import Transaction

PAGE: Final = 20
"""Conversations on a page of the list."""
MESSAGES: Final = 30
"""Messages on a page of one."""


class OwnRow(NamedTuple):
    """One conversation in the list."""

    channel: str
    site_name: str
    status: str
    """``open`` or ``resolved``: a visitor knows no more."""
    activity_at: int
    preview: str
    is_own: bool
    """Whether the last message is the member's."""
    unread: int


class OwnMessage(NamedTuple):
    """One message."""

    seq: int
    is_own: bool
    name: str | None
    body: str
    at: int
    is_edited: bool
    is_removed: bool


class OwnConversation(NamedTuple):
    """One conversation with a page of its messages, in order of time."""

    channel: str
    site_name: str
    status: str
    messages: list[OwnMessage]
    last_seq: int
    unread: int
    older: int
    """Older messages stand before this number; 0: there are none."""
    delivery: str
    """Of the last message on the page, where it is the member's: ``sent``, ``delivered`` or ``seen``; else empty."""


def as_member(account: Account) -> Member:
    """Who asks, for the doors."""
    return Member(Author(account.person_id, account.public_id, account.name, account.picture))


async def list_own(engine: Engine, account: Account, page: int) -> tuple[list[OwnRow], bool]:
    """Return a page of the list, newest activity first, and whether another follows."""

    async def read(tx: Transaction) -> list[OwnRow]:
        rows = await tx.all(cq.OF_MEMBER, member_id=account.person_id, limit=PAGE + 1, skipped=(page - 1) * PAGE)
        return [await _row(tx, row) for row in rows]

    found = await engine.database.read(read)
    return found[:PAGE], len(found) > PAGE


async def _row(tx: Transaction, row: tuple[Any, ...]) -> OwnRow:
    channel, site_name, last_seq, seen, status, at, body, side, channel_id = row
    unread = await _unread(tx, channel_id, seen) if last_seq > seen else 0
    return OwnRow(channel, site_name, public_status(Status(status)), at, preview(body or ""), side == "visitor", unread)


async def _unread(tx: Transaction, channel_id: int, seen: int) -> int:
    row = await tx.one(mq.COUNT_UNSEEN, channel_id=channel_id, seen=seen, side="visitor")
    return row[0] if row else 0


async def read_own(engine: Engine, account: Account, channel: str, before: int | None) -> OwnConversation:
    """Return the page of a conversation that ends before message ``before``; without it, the newest.

    Raises:
        Refused: ``not_found``, also for somebody else's.
    """

    async def read(tx: Transaction) -> OwnConversation:
        door = await access_channel(tx, as_member(account), channel)
        end = door.last_seq + 1 if before is None else before
        rows = await tx.all(mq.BEFORE, channel_id=door.access.channel_id, before=end, limit=MESSAGES + 1)
        shown = [_message(row) for row in reversed(rows[:MESSAGES])]
        name = await tx.one(cq.SITE_OF, channel_id=door.access.channel_id)
        return OwnConversation(
            channel,
            name[0] if name else "",
            public_status(Status(door.status)),
            shown,
            door.last_seq,
            await _unread(tx, door.access.channel_id, door.visitor.seen),
            shown[0].seq if len(rows) > MESSAGES else 0,
            _delivery(door, shown[-1]) if shown else "",
        )

    return await engine.database.read(read)


def _message(row: tuple[Any, ...]) -> OwnMessage:
    return OwnMessage(row[0], row[5] == "visitor", row[3], row[7], row[8], row[10] > 0, row[11] is not None)


def _delivery(door: Door, last: OwnMessage) -> str:
    if not last.is_own or last.seq != door.last_seq:
        return ""
    if last.seq <= door.agents.seen:
        return "seen"
    return "delivered" if last.seq <= door.agents.delivered else "sent"


async def do_answer(engine: Engine, account: Account, channel: str, client_id: str, body: str, *, address: str) -> Sent:
    """Write into one of the member's conversations; the same ``client_id`` writes once.

    Raises:
        Refused: ``not_found``; ``banned``, also where only the visitor is that they were there.
        Unacceptable: what is wrong with the text; ``conflict``.
        TryLater: ``busy``.
    """
    frame = f.Send(
        t="send", ref=0, client_id=client_id, channel=channel, body=check_body(body, engine.policy.message_chars)
    )
    member = as_member(account)
    check_may_write(engine, account, address)

    async def read(tx: Transaction) -> tuple[Access, int | None]:
        access = (await access_channel(tx, member, channel)).access
        row = await tx.one(pq.FACE_OF, key=access.visitor.id) if access.visitor else None
        return access, row[0] if row else None

    access, face = await engine.database.read(read)
    ban = engine.bans.find(person_id=face, now_ms=engine.clock.now_ms())
    if ban is not None:
        raise ban.refusal
    answered: asyncio.Future[Sent | ProductError] = asyncio.get_running_loop().create_future()

    def answer(outcome: Sent | ProductError) -> None:
        if not answered.done():
            answered.set_result(outcome)

    do_send(engine, member, access, frame, answer)
    outcome = await answered
    if isinstance(outcome, ProductError):
        raise outcome
    return outcome


async def do_see(engine: Engine, account: Account, channel: str, seq: int) -> None:
    """The member has seen the conversation up to ``seq``.

    Raises:
        Refused: ``not_found``.
        TryLater: ``busy``.
    """
    member = as_member(account)
    access = (await engine.database.read(lambda tx: access_channel(tx, member, channel))).access
    receipt = f.Receipt(t="receipt", channel=channel, epoch=engine.epoch, delivered=seq, seen=seq)
    do_receipt(engine, member, access, receipt)
