"""Whom rooms have something for that they have not seen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, literal_column, or_, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import membership, message, notice, reader, room

_b = bindparam

LIVELY = Statement(
    select(room.c.channel_id, room.c.access)
    .where(room.c.removed_at.is_(None), room.c.activity_at >= _b("since"))
    .order_by(room.c.channel_id)
    .limit(_b("limit"))
)

SAID = Statement(
    select(message.c.seq, message.c.author_id, message.c.body)
    .where(
        message.c.channel_id == _b("channel_id"),
        message.c.kind == "text",
        message.c.removed_at.is_(None),
        message.c.created_at >= _b("since"),
        message.c.created_at <= _b("until"),
    )
    .order_by(message.c.seq.desc())
    .limit(_b("limit"))
)

_SEEN = func.coalesce(reader.c.seen_seq, literal_column("0"))
_IS_OF_ROOM = or_(notice.c.kind == "message", notice.c.kind == "mention")

BEHIND = Statement(
    select(membership.c.person_id, membership.c.level, _SEEN)
    .select_from(
        membership.outerjoin(
            reader,
            (reader.c.channel_id == membership.c.channel_id) & (reader.c.person_id == membership.c.person_id),
        )
    )
    .where(
        membership.c.channel_id == _b("channel_id"),
        membership.c.left_at.is_(None),
        membership.c.level != "mute",
        _b("newest") > _SEEN,
        ~select(notice.c.id)
        .where(
            notice.c.person_id == membership.c.person_id,
            notice.c.channel_id == membership.c.channel_id,
            notice.c.seq > _SEEN,
            _IS_OF_ROOM,
        )
        .exists(),
    )
    .order_by(membership.c.person_id)
)
"""Who is in, has not seen all, and was not told since they last looked."""


def _seen() -> Any:
    has_seen = select(reader.c.seen_seq).where(
        reader.c.channel_id == notice.c.channel_id,
        reader.c.person_id == notice.c.person_id,
        reader.c.seen_seq >= notice.c.seq,
    )
    return (
        update(notice)
        .where(
            notice.c.channel_id == _b("of_channel"),
            notice.c.seen_at.is_(None),
            _IS_OF_ROOM,
            notice.c.person_id.in_(select(membership.c.person_id).where(membership.c.channel_id == _b("of_channel"))),
            has_seen.exists(),
        )
        .values(seen_at=_b("now"), stamp=_b("new_stamp"))
        .returning(notice.c.person_id)
    )


READ = Statement(_seen())
"""Whoever has looked has been told."""

SET_LEVEL = Statement(
    update(membership)
    .where(membership.c.channel_id == _b("key"), membership.c.person_id == _b("who"), membership.c.left_at.is_(None))
    .values(level=_b("new_level"), stamp=_b("new_stamp"))
)
LEVEL = Statement(
    select(membership.c.level).where(
        membership.c.channel_id == _b("key"), membership.c.person_id == _b("who"), membership.c.left_at.is_(None)
    )
)

SEE_INVITATION = Statement(
    update(notice)
    .where(
        notice.c.person_id == _b("owner_id"),
        notice.c.channel_id == _b("of_channel"),
        notice.c.kind == "invitation",
        notice.c.seen_at.is_(None),
    )
    .values(seen_at=_b("now"), stamp=_b("new_stamp"))
)
