"""Anonymous visitors: their greeting, their first message, what they tell of themselves, and their end."""

from __future__ import annotations

from typing import Any

import orjson

from widget_server.actions.access import access_visitor
from widget_server.actions.actors import Visitor
from widget_server.actions.chat_mails import address_of_contact
from widget_server.actions.engine import Engine
from widget_server.actions.messages import Answer, digest_of, kind_of
from widget_server.core.conversation import Status, public_status
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.text import check_line
from widget_server.protocol import frames as f
from widget_server.protocol.effects import Sent
from widget_server.store.batch import apply, staff_head_changed
from widget_server.store.database import Transaction
from widget_server.store.locks import lock_channels
from widget_server.store.queries import conversations as cq
from widget_server.store.queries import hearing
from widget_server.store.queries import persons as pq
from widget_server.store.queries import visitors as q
from widget_server.store.queries.messages import COUNT_UNSEEN
from widget_server.store.records import Author, Committed, Function, SendMessage, State

_NAME_CHARS = 80
_MAIL_CHARS = 200


async def own_conversations(tx: Transaction, author: Author) -> list[State]:
    """The visitor's conversations, newest activity first, as ``frames.OwnConversation``."""
    found = []
    for row in await tx.all(cq.OWN, person_id=author.id):
        public_id, start, version, last_seq, seen, status, channel_id, mail, verified = row
        unread = 0
        if last_seq > seen:
            counted = await tx.one(COUNT_UNSEEN, channel_id=channel_id, seen=seen, side="visitor")
            unread = counted[0] if counted else 0
        found.append(
            {
                "channel": public_id,
                "start": start,
                "version": version,
                "last_seq": last_seq,
                "unread": unread,
                "status": public_status(Status(status)),
                "mail": address_of_contact(mail, orjson.loads(verified or "{}")) is not None,
            }
        )
    return found


def do_start(engine: Engine, visitor: Visitor, frame: f.Send, answer: Answer) -> None:
    """The first message: person, channels, conversation and message in one transaction, harmless to repeat.

    The person is unique by site and token, the channel by its creator and the client's id for it, the message by its
    own.

    :raises ProductError: when the queue cannot take it; otherwise ``answer`` gets the outcome.
    """
    if frame.start is None:
        raise Refused("not_found")
    start = frame.start
    now = engine.clock.now_ms()
    names = [engine.clock.uuid() for _ in range(3)]
    context = _context(visitor, frame.context)

    async def work(tx: Transaction, result: Committed) -> tuple[Author, Sent]:
        author = await access_visitor(tx, visitor) or await new_person(tx, visitor, names[0], now)
        channel_id, creator = await _own_channel(tx, visitor, author, start, names[1], names[2], now, context)
        message = SendMessage(
            channel_id, creator, "visitor", frame.client_id, digest_of(frame), kind_of(frame), frame.body, frame.parent,
            None, now, lambda _: None, frame.files, author.id,
        )  # fmt: skip
        ((_, outcome),) = await apply(tx, [message], result)
        if isinstance(outcome, ProductError):
            raise outcome
        result.sites.add(visitor.site_id)
        return author, outcome

    def done(outcome: Any) -> None:
        if isinstance(outcome, ProductError):
            answer(outcome)
            return
        author, sent = outcome
        visitor.author = author
        visitor.contact = None
        answer(sent)

    engine.committer.submit(Function(work, done, visitor.token_hash))


def _context(visitor: Visitor, context: f.Context | None) -> dict[str, Any]:
    """Where the visitor is: what the frame says, what was said before, and the browser from the request."""
    known = dict(visitor.context or {})
    if context is not None:
        known |= context.model_dump(exclude_none=True)
    if visitor.browser:
        known["browser"] = visitor.browser
    return known


async def new_person(tx: Transaction, visitor: Visitor, public_id: str, now: int) -> Author:
    """The person of a token of whom nothing was stored so far."""
    stamp = await tx.stamp()
    name = (visitor.contact or {}).get("name")
    ((person_id,),) = await tx.all(q.INSERT_PERSON, public_id=public_id, name=name, created_at=now, stamp=stamp)
    await tx.run(
        q.INSERT_TOKEN, person_id=person_id, site_id=visitor.site_id, token_hash=visitor.token_hash, created_at=now
    )
    return Author(person_id, public_id, name)


async def _own_channel(
    tx: Transaction,
    visitor: Visitor,
    author: Author,
    start: str,
    public_id: str,
    staff_public_id: str,
    now: int,
    context: dict[str, Any],
) -> tuple[int, Author]:
    """The key of the channel that was begun under ``start``, and as whom; made now where it is not there yet."""
    known = await tx.one(cq.CHANNEL_BY_CLIENT_ID, creator_id=author.id, client_id=start)
    if known is not None:
        if known[1] != "conversation":
            raise Unacceptable("conflict")
        return int(known[0]), author if known[2] == author.id else Author(*known[2:6])
    stamp = await tx.stamp()
    common = {"site_id": visitor.site_id, "creator_id": author.id, "created_at": now, "stamp": stamp}
    ((channel_id,),) = await tx.all(
        cq.INSERT_CHANNEL, public_id=public_id, kind="conversation", client_id=start, beside_id=None, **common
    )
    ((staff_id,),) = await tx.all(
        cq.INSERT_CHANNEL,
        public_id=staff_public_id, kind="staff", client_id=f"{start}/staff", beside_id=channel_id, **common,
    )  # fmt: skip
    await tx.run(
        cq.INSERT_CONVERSATION,
        channel_id=channel_id, staff_id=staff_id, site_id=visitor.site_id, visitor_id=author.id, activity_at=now,
        stamp=stamp,
    )  # fmt: skip
    await tx.run(cq.INSERT_MEMBERSHIP, channel_id=channel_id, person_id=author.id, joined_at=now, stamp=stamp)
    await _keep(tx, visitor, author, now, context)
    payload = orjson.dumps({"channel": public_id}).decode()
    await tx.run(
        q.PUT_OUTBOX,
        topic="conversation.created",
        channel_id=channel_id,
        site_id=visitor.site_id,
        payload=payload,
        now=now,
    )
    return int(channel_id), author


async def _keep(tx: Transaction, visitor: Visitor, author: Author, now: int, context: dict[str, Any]) -> None:
    await tx.run(
        q.KEEP_CONTEXT,
        site_id=visitor.site_id, person_id=author.id, updated_at=now, context=orjson.dumps(context).decode(),
    )  # fmt: skip
    if visitor.contact is not None:
        await tx.run(
            q.KEEP_CONTACT, site_id=visitor.site_id, person_id=author.id, updated_at=now, **_columns(visitor.contact)
        )


def _columns(contact: dict[str, Any], confirmed_at: int | None = None) -> dict[str, Any]:
    return {
        "mail_confirmed_at": confirmed_at,
        "name": contact.get("name"),
        "mail": contact.get("mail"),
        "attributes": orjson.dumps(contact.get("attributes") or {}).decode(),
    }


async def do_context(engine: Engine, visitor: Visitor, context: f.Context) -> None:
    """The visitor went to another page: remembered for the first message, or shown to the staff."""
    visitor.context = _context(visitor, context)
    author = visitor.author
    if author is None:
        return

    async def work(tx: Transaction, result: Committed) -> None:
        text = orjson.dumps(visitor.context).decode()
        known = await tx.one(q.CONTACT, site_id=visitor.site_id, person_id=author.id)
        if known is not None and known[3] == text:
            return
        await tx.run(
            q.KEEP_CONTEXT, site_id=visitor.site_id, person_id=author.id, updated_at=engine.clock.now_ms(), context=text
        )
        await tell_staff(tx, visitor.site_id, author.id, result)

    await engine.committer.run(work)


def check_contact(frame: f.SetContact) -> dict[str, Any]:
    """What a page says about its visitor, cleaned.

    :raises Unacceptable: for text that cannot be stored or is too long.
    """
    attributes = {
        check_line(key, 40, required=True): check_line(value, 200) if isinstance(value, str) else value
        for key, value in frame.attributes.items()
    }
    return {
        "name": check_line(frame.name, _NAME_CHARS) or None if frame.name is not None else None,
        "mail": check_line(frame.mail, _MAIL_CHARS) or None if frame.mail is not None else None,
        "attributes": attributes,
    }


async def do_contact(engine: Engine, visitor: Visitor, frame: f.SetContact) -> None:
    """Keep what the page says of the visitor (unverified): with the first message, or at once where there was one.

    Names and addresses that are left out stay as they were; attributes are joined.
    """
    said = check_contact(frame)
    author = visitor.author
    if author is None:
        visitor.contact = _joined(visitor.contact or {}, said)
        return

    async def work(tx: Transaction, result: Committed) -> Author:
        row = await tx.one(q.CONTACT, site_id=visitor.site_id, person_id=author.id)
        before = {"name": row[0], "mail": row[1], "attributes": orjson.loads(row[2])} if row else {}
        signed_name = orjson.loads(row[4]).get("name") if row else None
        after = _joined(before, said)
        if after == before:
            return author
        now = engine.clock.now_ms()
        confirmed_at = row[6] if row and before.get("mail") == after["mail"] else None
        await tx.run(
            q.KEEP_CONTACT,
            site_id=visitor.site_id, person_id=author.id, updated_at=now, **_columns(after, confirmed_at),
        )  # fmt: skip
        shown = signed_name or after["name"]
        await tx.run(pq.NAME_FACE, key=author.id, new_name=shown, new_stamp=await tx.stamp())
        await tell_staff(tx, visitor.site_id, author.id, result)
        await tell_programs(tx, visitor.site_id, author.id, now, result)
        return author._replace(name=shown)

    visitor.author = await engine.committer.run(work)


def _joined(before: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": said["name"] or before.get("name"),
        "mail": said["mail"] or before.get("mail"),
        "attributes": {**before.get("attributes", {}), **said["attributes"]},
    }


async def tell_staff(tx: Transaction, site_id: int, person_id: int, result: Committed) -> None:
    """What is known of the visitor is new: the heads of their conversations carry it to the staff who look at them."""
    stamp = await tx.stamp()
    own = {row[0]: row[1] for row in await tx.all(q.CONVERSATIONS, person_id=person_id, site_id=site_id)}
    await lock_channels(tx, own)
    await lock_channels(tx, own.values())
    for key in own:
        await tx.run(cq.TOUCH, key=key, new_stamp=stamp)
        await staff_head_changed(tx, key, stamp, result)
    result.sites.add(site_id)


async def tell_programs(tx: Transaction, site_id: int, person_id: int, now: int, result: Committed) -> None:
    """Write down for webhooks that what is known of the visitor is new, where one wants to know."""
    if (await tx.all(hearing.IS_HEARD, site=site_id))[0][0]:
        row = ("contact.changed", None, site_id, orjson.dumps({"person": person_id}).decode(), now)
        await tx.rows(hearing.PUT_EVENTS, hearing.NEW_EVENT, [row])
        result.leaves = True


async def do_sign_out(engine: Engine, visitor: Visitor) -> None:
    """End the visitor's token: it opens nothing any more, on any device."""

    async def work(tx: Transaction, result: Committed) -> None:
        now = engine.clock.now_ms()
        author = await access_visitor(tx, visitor)
        if author is not None:
            stamp = await tx.stamp()
            await tx.run(q.END_TOKEN, site_id=visitor.site_id, token_hash=visitor.token_hash, now=now, new_stamp=stamp)
            result.people.add(author.id)

    await engine.committer.run(work)
