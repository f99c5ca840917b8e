"""Deliveries to webhooks: what a worker takes in hand, what it sends, and what became of it."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.outbox import pause_ms
from widget_server.actions.sealing import Unopenable
from widget_server.actions.threads import thread_of
from widget_server.actions.webhooks import OF_THREADS, PING, place_of_secret
from widget_server.core.times import iso
from widget_server.store.lists import listed
from widget_server.store.queries import conversations as conversation_queries
from widget_server.store.queries import messages as message_queries
from widget_server.store.queries import threads as thread_queries
from widget_server.store.queries import webhooks as queries
from widget_server.store.queries.conversations import row_state
from widget_server.store.queries.messages import message_state

if TYPE_CHECKING:
    from widget_server.actions.sealing import Sealer
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import State

ATTEMPTS: Final = 23
"""After so many, which take less than a day (:func:`actions.outbox.pause_ms`), a delivery is given up."""


class Taken(NamedTuple):
    """A delivery in the hands of a worker."""

    id: int
    event_id: str
    topic: str
    payload: dict[str, Any]
    channel_id: int | None
    created_at: int
    attempt: int
    """It tells this taking from every other one."""
    outbox_id: int


class Letter(NamedTuple):
    """What is sent: where to, and whose secret signs it."""

    webhook: str
    url: str
    secret: str
    body: bytes


class Undeliverable(Exception):
    """It cannot be sent as it is; the text says why, to administrators."""


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature of what is sent at ``timestamp`` (seconds): HMAC-SHA256 over ``timestamp.body``, in hex."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


async def access_ready(db: Database, now_ms: int) -> list[int]:
    """Return the keys of the webhooks for which something is due."""
    return [row[0] for row in await db.read(lambda tx: tx.all(queries.READY, now=now_ms))]


async def do_take(db: Database, webhook: int, *, most: int, lease_ms: int, now_ms: int) -> list[Taken]:
    """Take what is due for a webhook, of each channel the first: for so long no other worker does."""
    rows = await db.write(
        lambda tx: tx.all(queries.TAKE, webhook=webhook, most=most, now=now_ms, until=now_ms + lease_ms)
    )
    return sorted(Taken(row[0], row[1], row[2], orjson.loads(row[3]), *row[4:]) for row in rows)


async def compose(db: Database, sealer: Sealer, webhook: int, delivery: Taken) -> Letter | None:
    """Return what is to be sent, as things stand now; None where nobody asks for it any more, or it is gone.

    Raises:
        Undeliverable: its secret cannot be opened.
    """

    async def read(tx: Transaction) -> Letter | None:
        target = await tx.one(queries.TARGET, key=webhook)
        if target is None:
            return None
        public_id, url, sealed, topics, site_id = target
        if delivery.topic != PING and delivery.topic not in orjson.loads(topics):
            return None
        told = await _told(tx, delivery, site_id)
        if told is None:
            return None
        try:
            secret = sealer.open(sealed, place_of_secret(public_id))
        except Unopenable:
            raise Undeliverable("its secret was sealed with another key; make the webhook anew") from None
        body: State = {
            "id": delivery.event_id,
            "topic": delivery.topic,
            "at": iso(delivery.created_at),
            **told,
        }
        return Letter(public_id, url, secret, orjson.dumps(body))

    return await db.read(read)


async def do_finish(db: Database, delivery: Taken, *, status: int | None, remark: str | None, now_ms: int) -> None:
    """Mark as done."""
    await db.write(
        lambda tx: tx.run(
            queries.FINISH, key=delivery.id, attempt=delivery.attempt, now=now_ms, answer=status, remark=remark
        )
    )


async def do_postpone(
    db: Database, delivery: Taken, *, status: int | None, problem: str, chance: int, is_final: bool, now_ms: int
) -> bool:
    """Try again later, or give up after the last attempt or where it is ``is_final``. Returns whether it was given up.

    Args:
        db: the store.
        delivery: that was not taken.
        status: the answer's, if one came.
        problem: a sentence for administrators, without a secret.
        chance: a random byte, for the length of the pause.
        is_final: trying again cannot help.
        now_ms: UTC time in ms.
    """
    same: dict[str, Any] = {"key": delivery.id, "attempt": delivery.attempt, "answer": status, "remark": problem}
    if is_final or delivery.attempt >= ATTEMPTS:
        await db.write(lambda tx: tx.run(queries.BURY, now=now_ms, **same))
        return True
    due = now_ms + pause_ms(delivery.attempt, chance)
    await db.write(lambda tx: tx.run(queries.POSTPONE, new_due=due, **same))
    return False


async def do_give_back(db: Database, delivery: Taken) -> None:
    """Leave to other workers what was taken and not sent."""
    await db.write(lambda tx: tx.run(queries.GIVE_BACK, key=delivery.id, attempt=delivery.attempt))


async def _told(tx: Transaction, delivery: Taken, site_id: int | None) -> State | None:
    """What an event tells a webhook of this site (None: of all): whole states, as they are now."""
    if delivery.topic == PING:
        return {"data": {}}
    if delivery.topic in OF_THREADS:
        return await _of_thread(tx, delivery, site_id)
    if delivery.topic == "contact.changed":
        return await _contact(tx, delivery)
    return await _of_channel(tx, delivery)


async def _of_channel(tx: Transaction, delivery: Taken) -> State | None:
    row = await tx.one(queries.CHANNEL, key=delivery.channel_id)
    if row is None:
        return None
    public_id, kind, site_key, conversation_id = row
    if kind == "staff":
        beside = await tx.one(queries.PUBLIC_NAME, key=conversation_id)
        public_id = beside[0] if beside else public_id
    told: State = {"site": site_key, "conversation": public_id}
    match delivery.topic:
        case "conversation.created":
            rows = await tx.all(conversation_queries.ROWS_BY_KEY, keys=listed(tx.dialect, [delivery.channel_id or 0]))
            if not rows:
                return None
            shown = row_state(rows[0])
            return told | {"data": {name: shown[name] for name in ("visitor", "status", "created_at")}}
        case "conversation.changed":
            return told | {"data": delivery.payload}
        case _:
            seq = delivery.payload["seq"]
            found = await tx.one(message_queries.BEFORE, channel_id=delivery.channel_id, before=seq + 1, limit=1)
            return None if found is None or found[0] != seq else told | {"data": message_state(found)}


async def _of_thread(tx: Transaction, delivery: Taken, site_id: int | None) -> State | None:
    row = await tx.one(thread_queries.BY_CHANNEL, channel_id=delivery.channel_id)
    if row is None:
        return None
    thread = thread_of(row)
    # The board may have changed since: who may hear of it now counts.
    if site_id is not None and (thread.board.site_id != site_id or thread.board.rule.readers == "moderators"):
        return None
    is_removed = thread.removed_at is not None
    told: State = {"board": thread.board.slug, "thread": thread.public_id, "number": thread.number}
    if delivery.topic.startswith("thread."):
        data: State = {
            "title": "" if is_removed else thread.title,
            "kind": thread.kind,
            "state": thread.state,
            "replies": thread.replies,
            "score": thread.score,
            "accepted": thread.accepted_seq,
            "pinned": thread.pinned > 0,
            "removed": is_removed,
            "version": thread.version,
            "created_at": iso(thread.created_at),
            "activity_at": iso(thread.activity_at),
        }
        return told | {"data": data}
    seq = delivery.payload["seq"]
    found = await tx.one(message_queries.BEFORE, channel_id=delivery.channel_id, before=seq + 1, limit=1)
    if found is None or found[0] != seq:
        return None
    state = message_state(found)
    return told | {"data": state | {"body": "", "removed": True} if is_removed else state}


async def _contact(tx: Transaction, delivery: Taken) -> State | None:
    row = await tx.one(queries.CONTACT, key=delivery.outbox_id, person=delivery.payload["person"])
    if row is None:
        return None
    person, name, mail, confirmed_at, attributes, site_key = row
    data = {
        "person": person,
        "name": name,
        "mail": mail,
        "mail_is_confirmed": confirmed_at is not None,
        "attributes": orjson.loads(attributes),
    }
    return {"site": site_key, "data": data}
