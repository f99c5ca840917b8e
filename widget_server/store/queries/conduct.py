"""Silences, and what moderators write of members and tell them."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, or_, select, update

from widget_server.store.statement import Statement
from widget_server.store.tables import (
    audit,
    board,
    channel,
    message,
    notice,
    person,
    person_note,
    report,
    silence,
    thread,
)

_b = bindparam
_HOLDS = silence.c.ended_at.is_(None) & or_(silence.c.ends_at.is_(None), silence.c.ends_at > _b("now"))

HOLDING = Statement(
    select(silence.c.reason, silence.c.ends_at)
    .where(silence.c.person_id == _b("owner"), silence.c.board_id.in_((0, _b("board"))), _HOLDS)
    .order_by(func.coalesce(silence.c.ends_at, 2**62).desc())
    .limit(1)
)
"""The silence of a person that lasts longest, on one board or on all."""

INSERT_SILENCE = Statement(
    insert(silence)
    .values(
        person_id=_b("person_id"),
        board_id=_b("board_id"),
        reason=_b("reason"),
        made_by=_b("made_by"),
        created_at=_b("created_at"),
        ends_at=_b("ends_at"),
    )
    .returning(silence.c.id)
)

SILENCE = Statement(
    select(silence.c.person_id, silence.c.board_id, silence.c.ended_at, person.c.public_id)
    .select_from(silence.join(person, person.c.id == silence.c.person_id))
    .where(silence.c.id == _b("key"))
)

END_SILENCE = Statement(
    update(silence)
    .where(silence.c.id == _b("key"), silence.c.ended_at.is_(None))
    .values(ended_at=_b("now"), ended_by=_b("by"))
)

_maker = person.alias("maker")

SILENCES = Statement(
    select(
        silence.c.id,
        silence.c.board_id,
        board.c.name,
        silence.c.reason,
        silence.c.created_at,
        silence.c.ends_at,
        silence.c.ended_at,
        _maker.c.name,
    )
    .select_from(
        silence.outerjoin(board, board.c.id == silence.c.board_id).join(_maker, _maker.c.id == silence.c.made_by)
    )
    .where(silence.c.person_id == _b("owner"))
    .order_by(silence.c.id.desc())
    .limit(_b("limit"))
)

INSERT_NOTE = Statement(
    insert(person_note).values(
        person_id=_b("person_id"),
        author_id=_b("author_id"),
        board_id=_b("board_id"),
        kind=_b("kind"),
        body=_b("body"),
        created_at=_b("created_at"),
    )
)

NOTES = Statement(
    select(
        person_note.c.id,
        person_note.c.kind,
        person_note.c.board_id,
        board.c.name,
        person_note.c.body,
        person_note.c.created_at,
        _maker.c.name,
    )
    .select_from(
        person_note.outerjoin(board, board.c.id == person_note.c.board_id).join(
            _maker, _maker.c.id == person_note.c.author_id
        )
    )
    .where(person_note.c.person_id == _b("owner"))
    .order_by(person_note.c.id.desc())
    .limit(_b("limit"))
)

WARNINGS = Statement(
    select(notice.c.id, notice.c.details, notice.c.created_at, notice.c.seen_at)
    .where(notice.c.person_id == _b("owner"), notice.c.kind == "warning")
    .order_by(notice.c.id.desc())
    .limit(_b("limit"))
)

SEE_WARNINGS = Statement(
    update(notice)
    .where(
        notice.c.person_id == _b("owner"),
        notice.c.kind == "warning",
        notice.c.seen_at.is_(None),
        notice.c.id <= _b("newest"),
    )
    .values(seen_at=_b("now"), stamp=_b("new_stamp"))
)
"""Those that stood on the page; a newer one is read first."""

_OF_POST = message.join(thread, thread.c.channel_id == message.c.channel_id).join(
    channel, channel.c.id == message.c.channel_id
)

REMOVED_POSTS = Statement(
    select(thread.c.number, message.c.seq, channel.c.title, thread.c.board_id, message.c.removed_at)
    .select_from(_OF_POST)
    .where(
        message.c.author_id == _b("owner"),
        message.c.branch.is_not(None),
        message.c.kind == "text",
        message.c.removed_at.is_not(None),
        message.c.removed_by != message.c.author_id,
    )
    .order_by(message.c.no.desc())
    .limit(_b("limit"))
)
"""Posts of somebody that moderators took away."""

REPORTS_ABOUT = Statement(
    select(
        thread.c.number,
        message.c.seq,
        channel.c.title,
        thread.c.board_id,
        report.c.reason,
        report.c.created_at,
        report.c.verdict,
    )
    .select_from(_OF_POST.join(report, report.c.message_no == message.c.no))
    .where(message.c.author_id == _b("owner"), message.c.branch.is_not(None))
    .order_by(message.c.no.desc())
    .limit(_b("limit"))
)

BOARD_LOG = Statement(
    select(
        audit.c.id,
        audit.c.at,
        audit.c.verb,
        audit.c.object_kind,
        audit.c.object_id,
        audit.c.details,
        person.c.public_id,
        person.c.name,
    )
    .select_from(audit.outerjoin(person, person.c.id == audit.c.actor_id))
    .where(audit.c.board_id == _b("board_id"), audit.c.id < _b("before"))
    .order_by(audit.c.id.desc())
    .limit(_b("limit"))
)
