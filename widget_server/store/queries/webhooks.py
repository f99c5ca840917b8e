"""Webhooks, and the deliveries that they wait for."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    cast,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    channel,
    contact,
    conversation,
    outbox,
    person,
    site,
    webhook,
    webhook_delivery,
)

_b = bindparam


def _webhooks() -> Select[Any]:
    return select(
        webhook.c.id,
        webhook.c.public_id,
        webhook.c.site_id,
        site.c.key,
        webhook.c.url,
        webhook.c.topics,
        webhook.c.is_active,
        webhook.c.created_at,
    ).select_from(webhook.outerjoin(site, site.c.id == webhook.c.site_id))


ALL = Statement(_webhooks().where(webhook.c.ended_at.is_(None)).order_by(webhook.c.id))
BY_PUBLIC_ID = Statement(_webhooks().where(webhook.c.public_id == _b("public_id"), webhook.c.ended_at.is_(None)))

INSERT = Statement(
    insert(webhook).values(
        public_id=_b("public_id"),
        site_id=_b("site_id"),
        url=_b("url"),
        secret=_b("secret"),
        topics=_b("topics"),
        is_active=1,
        made_by=_b("made_by"),
        created_at=_b("now"),
    )
)
CHANGE = Statement(
    update(webhook)
    .where(webhook.c.id == _b("key"))
    .values(url=_b("new_url"), topics=_b("new_topics"), is_active=_b("new_active"))
)
END = Statement(update(webhook).where(webhook.c.id == _b("key")).values(ended_at=_b("now"), is_active=0))

# --- from events to deliveries

HEARING = with_list(
    lambda wanted: (
        select(webhook.c.id, webhook.c.public_id, webhook.c.site_id, webhook.c.topics)
        .where(or_(wanted, webhook.c.site_id.is_(None)), webhook.c.is_active == 1, webhook.c.ended_at.is_(None))
        .order_by(webhook.c.id)
    ),
    webhook.c.site_id,
    "sites",
)

_NEW: Final[dict[str, Any]] = {
    name: _b(name)
    for name in ("webhook_id", "outbox_id", "channel_id", "event_id", "topic", "payload", "created_at", "due_at")
}
INSERT_DELIVERY = Statement(
    sqlite=sqlite.insert(webhook_delivery).values(**_NEW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(webhook_delivery).values(**_NEW).on_conflict_do_nothing(),
)

# --- delivering

_earlier = webhook_delivery.alias("earlier")


def _waits(of: FromClause) -> ColumnElement[bool]:
    return and_(of.c.done_at.is_(None), of.c.dead_at.is_(None))


_FREE: Final = or_(webhook_delivery.c.taken_until.is_(None), webhook_delivery.c.taken_until <= _b("now"))
_IS_DUE: Final = and_(_waits(webhook_delivery), webhook_delivery.c.due_at <= _b("now"), _FREE)
_COMES_FIRST: Final = ~(
    select(_earlier.c.id)
    .where(
        _earlier.c.webhook_id == webhook_delivery.c.webhook_id,
        _earlier.c.channel_id == webhook_delivery.c.channel_id,
        _earlier.c.id < webhook_delivery.c.id,
        _waits(_earlier),
    )
    .exists()
)
"""Of a channel's events only the first may go: what is not of a channel waits for nobody."""

_IS_ON: Final = select(webhook.c.id).where(webhook.c.id == _b("webhook"), webhook.c.is_active == 1).exists()

READY = Statement(
    select(webhook_delivery.c.webhook_id)
    .select_from(webhook_delivery.join(webhook, webhook.c.id == webhook_delivery.c.webhook_id))
    .where(_IS_DUE, webhook.c.is_active == 1)
    .distinct()
)

TAKE = Statement(
    update(webhook_delivery)
    .where(
        webhook_delivery.c.id.in_(
            select(webhook_delivery.c.id)
            .where(webhook_delivery.c.webhook_id == _b("webhook"), _IS_DUE, _COMES_FIRST, _IS_ON)
            .limit(cast(_b("most"), BigInteger))
        ),
        # Another node may have taken it while this one waited for the row.
        _IS_DUE,
    )
    .values(taken_until=_b("until"), attempts=webhook_delivery.c.attempts + 1)
    .returning(
        webhook_delivery.c.id,
        webhook_delivery.c.event_id,
        webhook_delivery.c.topic,
        webhook_delivery.c.payload,
        webhook_delivery.c.channel_id,
        webhook_delivery.c.created_at,
        webhook_delivery.c.attempts,
        webhook_delivery.c.outbox_id,
    )
)

TARGET = Statement(
    select(webhook.c.public_id, webhook.c.url, webhook.c.secret, webhook.c.topics, webhook.c.site_id).where(
        webhook.c.id == _b("key"), webhook.c.ended_at.is_(None)
    )
)
"""Also of one that was switched off after its delivery was taken: it would be lost."""

_MINE: Final = and_(
    webhook_delivery.c.id == _b("key"), _waits(webhook_delivery), webhook_delivery.c.attempts == _b("attempt")
)
FINISH = Statement(
    update(webhook_delivery)
    .where(_MINE)
    .values(done_at=_b("now"), taken_until=None, status=_b("answer"), problem=_b("remark"))
)
POSTPONE = Statement(
    update(webhook_delivery)
    .where(_MINE)
    .values(due_at=_b("new_due"), taken_until=None, status=_b("answer"), problem=_b("remark"))
)
BURY = Statement(
    update(webhook_delivery)
    .where(_MINE)
    .values(dead_at=_b("now"), taken_until=None, status=_b("answer"), problem=_b("remark"))
)
GIVE_BACK = Statement(
    update(webhook_delivery).where(_MINE).values(taken_until=None, attempts=webhook_delivery.c.attempts - 1)
)

# --- what they tell

CHANNEL = Statement(
    select(channel.c.public_id, channel.c.kind, site.c.key, conversation.c.channel_id)
    .select_from(
        channel.join(site, site.c.id == channel.c.site_id).outerjoin(
            conversation,
            or_(conversation.c.channel_id == channel.c.id, conversation.c.channel_id == channel.c.beside_id),
        )
    )
    .where(channel.c.id == _b("key"))
)
PUBLIC_NAME = Statement(select(channel.c.public_id).where(channel.c.id == _b("key")))
CONTACT = Statement(
    select(
        person.c.public_id,
        contact.c.name,
        contact.c.mail,
        contact.c.mail_confirmed_at,
        contact.c.attributes,
        site.c.key,
    )
    .select_from(
        outbox.join(contact, contact.c.site_id == outbox.c.site_id)
        .join(person, person.c.id == contact.c.person_id)
        .join(site, site.c.id == contact.c.site_id)
    )
    .where(outbox.c.id == _b("key"), contact.c.person_id == _b("person"))
)

# --- for people

DELIVERIES = Statement(
    select(
        webhook_delivery.c.id,
        webhook_delivery.c.event_id,
        webhook_delivery.c.topic,
        webhook_delivery.c.created_at,
        webhook_delivery.c.due_at,
        webhook_delivery.c.attempts,
        webhook_delivery.c.status,
        webhook_delivery.c.problem,
        webhook_delivery.c.done_at,
        webhook_delivery.c.dead_at,
    )
    .where(webhook_delivery.c.webhook_id == _b("webhook"), webhook_delivery.c.id < _b("before"))
    .order_by(webhook_delivery.c.id.desc())
    .limit(cast(_b("limit"), BigInteger))
)
AGAIN = Statement(
    update(webhook_delivery)
    .where(
        webhook_delivery.c.id == _b("key"),
        webhook_delivery.c.webhook_id == _b("webhook"),
        webhook_delivery.c.done_at.is_(None),
        _FREE,
    )
    .values(due_at=_b("now"), attempts=0, dead_at=None, taken_until=None)
)
BURY_ALL = Statement(
    update(webhook_delivery)
    .where(webhook_delivery.c.webhook_id == _b("webhook"), _waits(webhook_delivery))
    .values(dead_at=_b("now"), taken_until=None, problem=_b("remark"))
)
FORGET = Statement(
    delete(webhook_delivery).where(
        webhook_delivery.c.id.in_(
            select(webhook_delivery.c.id)
            .where(or_(webhook_delivery.c.done_at < _b("done_before"), webhook_delivery.c.dead_at < _b("dead_before")))
            .limit(500)
        )
    )
)
