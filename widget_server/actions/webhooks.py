"""Webhooks: addresses that are told what happens in a site's conversations. Who makes one manages and answers for it.

Of what is to be told only its place is kept until it leaves: a message that was removed meanwhile is told without its
text (S46), and nothing of it stays behind. A secret signs what is sent; it is shown once, and kept sealed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions import audit, outbox
from widget_server.core import ids
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import is_site_key, is_uuid, uuid7
from widget_server.core.permissions import (
    ALL_SITES,
    Permission,
    answered_sites,
    can_answer,
    can_manage,
    managed_sites,
    may,
)
from widget_server.core.scopes import Scope
from widget_server.store.lists import listed
from widget_server.store.queries import sites as site_queries
from widget_server.store.queries import webhooks as queries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from widget_server.actions.outbox import Entry, Expand
    from widget_server.actions.sealing import Sealer
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction

TOPICS: Final[dict[str, Scope]] = {
    "conversation.created": Scope.CONVERSATIONS_READ,
    "conversation.changed": Scope.CONVERSATIONS_READ,
    "message.created": Scope.MESSAGES_READ,
    "message.edited": Scope.MESSAGES_READ,
    "message.removed": Scope.MESSAGES_READ,
    "contact.changed": Scope.CONVERSATIONS_READ,
    "note.created": Scope.NOTES_READ,
    "thread.created": Scope.THREADS_READ,
    "thread.changed": Scope.THREADS_READ,
    "post.created": Scope.POSTS_READ,
    "post.edited": Scope.POSTS_READ,
    "post.removed": Scope.POSTS_READ,
}
"""What can be asked for, and the scope that a program needs to ask for it."""
OF_THREADS: Final = frozenset(topic for topic in TOPICS if topic.startswith(("thread.", "post.")))
"""What happens on boards: a site's webhook hears of those that are tied to it, and not of those that are for moderators
alone; one of every site hears of all, and so whoever makes it moderates everything."""
PING: Final = "webhook.ping"
PREFIX: Final = "whsec_"
MAX_WEBHOOKS: Final = 20
"""Of one site."""
DELIVERIES_PAGE: Final = 50
_LAST: Final = 2**62


class Webhook(NamedTuple):
    """One address that is told."""

    id: int
    public_id: str
    site_id: int | None
    """None: of every site."""
    site_key: str | None
    url: str
    topics: tuple[str, ...]
    is_active: bool
    created_at: int


class Delivery(NamedTuple):
    """An event on its way to a webhook, or there."""

    id: int
    event_id: str
    topic: str
    created_at: int
    due_at: int
    attempts: int
    status: int | None
    """The last answer's HTTP status."""
    problem: str | None
    done_at: int | None
    dead_at: int | None

    @property
    def state(self) -> str:
        """``done``, ``dead`` (given up) or ``waiting``."""
        if self.done_at is not None:
            return "done"
        return "dead" if self.dead_at is not None else "waiting"


def _webhook(row: Row) -> Webhook:
    key, public_id, site_id, site_key, url, topics, is_active, created_at = row
    return Webhook(key, public_id, site_id, site_key, url, tuple(orjson.loads(topics)), bool(is_active), created_at)


def place_of_secret(public_id: str) -> str:
    """Where a webhook's secret is sealed for."""
    return f"secret of webhook {public_id}"


def new_secret(random: bytes) -> str:
    """Return a fresh secret from exactly 32 random bytes."""
    return PREFIX + ids.token(random)


def check_topics(words: Collection[str], allowed: Collection[str] = tuple(TOPICS)) -> tuple[str, ...]:
    """Return the topics that were asked for, each once and in order.

    Raises:
        Unacceptable: ``bad_choice`` for none at all, or one that is not ``allowed``.
    """
    chosen = tuple(topic for topic in TOPICS if topic in set(words))
    if not chosen or len(chosen) != len(set(words)) or not set(chosen) <= set(allowed):
        raise Unacceptable("bad_choice")
    return chosen


def _may(actor: Actor, site_id: int | None) -> bool:
    """Whether ``actor`` may have a site's events sent somewhere: they manage it, and could read them."""
    if site_id is None:
        return managed_sites(actor).every and answered_sites(actor).every
    return can_manage(actor, site_id) and can_answer(actor, site_id)


def _check_may_hear(actor: Actor, site_id: int | None, topics: Collection[str]) -> None:
    if site_id is None and not OF_THREADS.isdisjoint(topics) and not may(actor, Permission.MODERATE):
        raise Unacceptable("bad_choice")


async def list_webhooks(db: Database, actor: Actor) -> list[Webhook]:
    """Return the webhooks that ``actor`` may change, oldest first."""
    found = [_webhook(row) for row in await db.read(lambda tx: tx.all(queries.ALL))]
    return [each for each in found if _may(actor, each.site_id)]


async def access_webhook(db: Database, actor: Actor, public_id: str) -> Webhook:
    """Return a webhook that ``actor`` may change.

    Raises:
        Refused: ``not_found``.
    """
    return await db.read(lambda tx: _find(tx, actor, public_id))


async def _find(tx: Transaction, actor: Actor, public_id: str) -> Webhook:
    row = await tx.one(queries.BY_PUBLIC_ID, public_id=public_id) if is_uuid(public_id) else None
    if row is None or not _may(actor, row[2]):
        raise Refused("not_found")
    return _webhook(row)


async def do_create_webhook(
    db: Database,
    sealer: Sealer,
    actor: Actor,
    *,
    site_key: str | None,
    url: str,
    topics: tuple[str, ...],
    secret: str,
    now_ms: int,
    random: Callable[[int], bytes],
) -> Webhook:
    """Add a webhook: it hears of everything that is committed from now on.

    Args:
        db: the store.
        sealer: keeps the secret.
        actor: who adds it.
        site_key: whose events; None: those of every site.
        url: where to, checked by :meth:`ops.outgoing.Outgoing.check_url`.
        topics: of :func:`check_topics`.
        secret: of :func:`new_secret`.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Raises:
        Refused: ``not_found`` for a site that ``actor`` does not manage.
        Unacceptable: ``bad_value`` where the site has too many; ``bad_choice`` for what happens on all boards, where
            ``actor`` does not moderate everything.
    """
    public_id = uuid7(now_ms, random(10))
    sealed = sealer.seal(secret, place_of_secret(public_id))

    async def write(tx: Transaction) -> Webhook:
        site_id = None if site_key is None else await _site(tx, site_key)
        if not _may(actor, site_id):
            raise Refused("not_found")
        if sum(row[2] == site_id for row in await tx.all(queries.ALL)) >= MAX_WEBHOOKS:
            raise Unacceptable("bad_value", field="site")
        _check_may_hear(actor, site_id, topics)
        await tx.run(
            queries.INSERT,
            public_id=public_id,
            site_id=site_id,
            url=url,
            secret=sealed,
            topics=orjson.dumps(topics).decode(),
            made_by=actor.person_id,
            now=now_ms,
        )
        await _note(tx, actor, "webhook.made", public_id, site_id, now_ms, topics=list(topics))
        return await _find(tx, actor, public_id)

    return await db.write(write)


async def do_change_webhook(
    db: Database,
    actor: Actor,
    public_id: str,
    *,
    url: str | None = None,
    topics: tuple[str, ...] | None = None,
    is_active: bool | None = None,
    readable: Collection[str] = tuple(TOPICS),
    now_ms: int,
) -> Webhook:
    """Change what is given. A webhook that is switched off keeps what already waits for it.

    Args:
        db: the store.
        actor: who changes it.
        public_id: the webhook's.
        url: where to, checked by :meth:`ops.outgoing.Outgoing.check_url`.
        topics: of :func:`check_topics`.
        is_active: whether it hears of what happens from now on.
        readable: the topics of which whoever changes it may choose who is told.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``not_found``.
        Unacceptable: ``bad_choice`` for another address, where it hears of what is not ``readable``; as
            :func:`do_create_webhook`.
    """

    async def write(tx: Transaction) -> Webhook:
        before = await _find(tx, actor, public_id)
        after = before._replace(
            url=url or before.url,
            topics=topics or before.topics,
            is_active=before.is_active if is_active is None else is_active,
        )
        if after.url != before.url and not set(after.topics) <= set(readable):
            raise Unacceptable("bad_choice")
        if (after.url, after.topics) != (before.url, before.topics):
            _check_may_hear(actor, before.site_id, after.topics)
        await tx.run(
            queries.CHANGE,
            key=before.id,
            new_url=after.url,
            new_topics=orjson.dumps(after.topics).decode(),
            new_active=int(after.is_active),
        )
        changed = [name for name in ("url", "topics", "is_active") if getattr(after, name) != getattr(before, name)]
        await _note(tx, actor, "webhook.changed", public_id, before.site_id, now_ms, fields=changed)
        return after

    return await db.write(write)


async def do_end_webhook(db: Database, actor: Actor, public_id: str, now_ms: int) -> None:
    """Take a webhook away; what waits for it is given up.

    Raises:
        Refused: ``not_found``.
    """

    async def write(tx: Transaction) -> None:
        found = await _find(tx, actor, public_id)
        await tx.run(queries.END, key=found.id, now=now_ms)
        await tx.run(queries.BURY_ALL, webhook=found.id, now=now_ms, remark="the webhook was removed")
        await _note(tx, actor, "webhook.removed", public_id, found.site_id, now_ms)

    await db.write(write)


async def do_ping(db: Database, actor: Actor, public_id: str, now_ms: int) -> None:
    """Send a webhook an event that means nothing, to try it.

    Raises:
        Refused: ``not_found``.
    """

    async def write(tx: Transaction) -> None:
        found = await _find(tx, actor, public_id)
        await outbox.put(tx, PING, {"webhook": found.public_id}, now_ms=now_ms, due_ms=0, site_id=found.site_id)

    await db.write(write)


async def list_deliveries(
    db: Database, actor: Actor, public_id: str, *, before: int | None = None, limit: int = DELIVERIES_PAGE
) -> list[Delivery]:
    """Return what was sent to a webhook, the newest first: one more than ``limit`` where others follow.

    Raises:
        Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> list[Delivery]:
        found = await _find(tx, actor, public_id)
        rows = await tx.all(queries.DELIVERIES, webhook=found.id, before=before or _LAST, limit=limit + 1)
        return [Delivery(*row) for row in rows]

    return await db.read(read)


async def do_retry(db: Database, actor: Actor, public_id: str, delivery: int, now_ms: int) -> None:
    """Have a delivery tried at once, also one that was given up.

    Raises:
        Refused: ``not_found``, also where it is done or in hand.
    """

    async def write(tx: Transaction) -> None:
        found = await _find(tx, actor, public_id)
        if not await tx.run(queries.AGAIN, key=delivery, webhook=found.id, now=now_ms):
            raise Refused("not_found")

    await db.write(write)


def expand_for(epoch: str) -> Expand:
    """Return what turns events of the outbox into deliveries, one for each webhook that asked for them.

    Args:
        epoch: of the installation: after a restore the same row is another event.
    """

    async def expand(tx: Transaction, entries: Sequence[Entry]) -> None:
        sites = {entry.site_id for entry in entries if entry.site_id is not None}
        hooks = await tx.all(queries.HEARING, sites=listed(tx.dialect, sorted(sites)))
        asked = [(key, public_id, site_id, set(orjson.loads(topics))) for key, public_id, site_id, topics in hooks]
        rows = [
            {
                "webhook_id": key,
                "outbox_id": entry.id,
                "channel_id": entry.channel_id,
                "event_id": _event_id(epoch, entry.id),
                "topic": entry.topic,
                "payload": orjson.dumps(entry.payload).decode(),
                "created_at": entry.created_at,
                "due_at": 0,
            }
            for entry in entries
            for key, public_id, site_id, topics in asked
            if (entry.payload.get("webhook") == public_id if entry.topic == PING else entry.topic in topics)
            and site_id in {None, entry.site_id}
        ]
        if rows:
            await tx.many(queries.INSERT_DELIVERY, rows)

    return expand


def _event_id(epoch: str, key: int) -> str:
    return "evt_" + hashlib.blake2b(f"{epoch}.{key}".encode(), digest_size=15).hexdigest()


async def _site(tx: Transaction, key: str) -> int:
    row = await tx.one(site_queries.BY_KEY, key=key) if is_site_key(key) else None
    if row is None:
        raise Refused("not_found")
    return int(row[0])


async def _note(
    tx: Transaction, actor: Actor, verb: str, public_id: str, site_id: int | None, now_ms: int, **details: object
) -> None:
    await audit.record(
        tx,
        actor.person_id,
        verb,
        "webhook",
        public_id,
        details=details,
        site_id=site_id or ALL_SITES,
        now_ms=now_ms,
    )
