"""What is removed because it is old, in batches that nobody has to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, select, update

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    file,
    held_post,
    identity,
    link,
    message,
    notice,
    outbox,
    person,
    report,
    revision,
    session,
    sign_in,
    webhook_delivery,
)

if TYPE_CHECKING:
    from sqlalchemy import Column

_b = bindparam
_BATCH = 500


def _outgoing(ended: Column[Any]) -> Statement:
    has_deliveries = select(webhook_delivery.c.id).where(webhook_delivery.c.outbox_id == outbox.c.id).exists()
    old = select(outbox.c.id).where(ended < _b("before"), ~has_deliveries).order_by(ended).limit(_BATCH)
    return Statement(delete(outbox).where(outbox.c.id.in_(old)))


DONE = _outgoing(outbox.c.done_at)
DEAD = _outgoing(outbox.c.dead_at)

LINKS = Statement(
    delete(link).where(
        link.c.id.in_(
            select(link.c.id).where(link.c.expires_at < _b("over_before")).order_by(link.c.expires_at).limit(_BATCH)
        )
    )
)
"""By the index of ``expires_at``: one that was used or ended earlier waits for that time too."""

_OLDEST_SIGN_INS = select(sign_in.c.id).order_by(sign_in.c.id).limit(_BATCH).subquery()
SIGN_INS = Statement(
    delete(sign_in).where(sign_in.c.id.in_(select(_OLDEST_SIGN_INS.c.id)), sign_in.c.at < _b("over_before"))
)
"""Keys rise with time: the first ones are the oldest, and no others are looked at."""

_OLDEST_SESSIONS = select(session.c.id).order_by(session.c.id).limit(_BATCH).subquery()
SESSIONS = Statement(
    delete(session).where(session.c.id.in_(select(_OLDEST_SESSIONS.c.id)), session.c.expires_at < _b("over_before"))
)

_IS_UNCONFIRMED = (
    identity.c.kind == "mail",
    identity.c.scope == 0,
    identity.c.confirmed_at.is_(None),
    identity.c.ended_at.is_(None),
)
UNCONFIRMED = Statement(
    select(link.c.person_id)
    .where(
        link.c.expires_at < _b("over_before"),
        link.c.purpose == "confirm",
        link.c.used_at.is_(None),
        link.c.ended_at.is_(None),
        select(identity.c.id).where(identity.c.person_id == link.c.person_id, *_IS_UNCONFIRMED).exists(),
    )
    .order_by(link.c.id)
    .limit(_BATCH)
)
"""People whose last confirmation link is long over."""

RELEASE_NAME = Statement(
    update(person)
    .where(person.c.id == _b("key"))
    .values(folded_name=None, name=None, deleted_at=_b("now"), stamp=_b("new_stamp"))
)
RELEASE_ADDRESS = Statement(delete(identity).where(identity.c.person_id == _b("key"), *_IS_UNCONFIRMED))


class Old(NamedTuple):
    """Rows of one kind that are too old: found beside the writer, which no search shall hold up, and then removed."""

    find: Statement
    """The keys of a bounded number of them, where their time is before ``over_before``."""
    remove: Statement
    """Those with these ``keys``, if they are still too old."""


def _old(key: Column[Any], time: Column[Any]) -> Old:
    is_old = time < _b("over_before")
    return Old(
        Statement(select(key).where(is_old).limit(_BATCH)),
        with_list(lambda wanted: delete(key.table).where(wanted, is_old), key, "keys"),
    )


_IS_OF_REMOVED = (
    select(message.c.no).where(message.c.no == revision.c.message_no, message.c.removed_at < _b("over_before")).exists()
)
REMOVED_TEXTS: Final = Old(
    Statement(select(revision.c.message_no).where(_IS_OF_REMOVED).limit(_BATCH)),
    with_list(lambda wanted: delete(revision).where(wanted, _IS_OF_REMOVED), revision.c.message_no, "keys"),
)
"""All texts that a removed message ever had."""
_CARRIED_BY_REMOVED = (
    select(message.c.no).where(message.c.no == file.c.message_no, message.c.removed_at < _b("over_before")).exists()
)
REMOVED_FILES: Final = Old(
    Statement(select(file.c.id).where(file.c.message_no.is_not(None), _CARRIED_BY_REMOVED).limit(_BATCH)),
    with_list(
        lambda wanted: update(file).where(wanted, _CARRIED_BY_REMOVED).values(state="removed", message_no=None),
        file.c.id,
        "keys",
    ),
)
"""Files of messages that nobody brings back any more; a worker removes their bytes."""
HELD_POSTS: Final = _old(held_post.c.id, held_post.c.decided_at)
REPORTS: Final = _old(report.c.id, report.c.decided_at)
NOTICES: Final = _old(notice.c.id, notice.c.seen_at)
