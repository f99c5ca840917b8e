"""Mails about conversations: what is to be told, and how far it was."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    channel,
    chat_mail,
    contact,
    conversation,
    message,
    notice,
    notice_choice,
    person,
    reader,
    site,
)

_b = bindparam
_visitor = person.alias("visitor")
_into = person.alias("into")
_staff = channel.alias("staff")
_m = message.alias("m")

TOUCHED = Statement(
    select(conversation.c.channel_id, conversation.c.stamp)
    .where(
        conversation.c.stamp >= _b("stamp"),
        or_(conversation.c.stamp > _b("stamp"), conversation.c.channel_id > _b("after")),
    )
    .order_by(conversation.c.stamp, conversation.c.channel_id)
    .limit(_b("limit"))
)
"""A page of what was touched. Over a page's edge one transaction may go on."""

RECENT = Statement(
    select(conversation.c.channel_id)
    .where(conversation.c.activity_at >= _b("since"), conversation.c.channel_id > _b("after"))
    .order_by(conversation.c.channel_id)
    .limit(_b("limit"))
)


def _of_side(column: ColumnElement[Any], side: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(column).where(
        _m.c.channel_id == conversation.c.channel_id,
        _m.c.side == literal_column(f"'{side}'"),
        _m.c.kind != literal_column("'system'"),
        *conditions,
    )


_THERE: Final = _m.c.removed_at.is_(None)
_answered = message.alias("answered")
_LAST_ANSWER: Final = func.coalesce(
    select(_answered.c.seq)
    .where(
        _answered.c.channel_id == conversation.c.channel_id,
        _answered.c.side == literal_column("'agent'"),
        _answered.c.kind != literal_column("'system'"),
    )
    .order_by(_answered.c.seq.desc())
    .limit(literal_column("1"))
    .correlate(conversation)
    .scalar_subquery(),
    literal_column("0"),
)
_TOLD: Final = func.coalesce(chat_mail.c.answered_seq, literal_column("0"))
_KNOWN: Final = case((conversation.c.visitor_seen > _TOLD, conversation.c.visitor_seen), else_=_TOLD)
"""Up to where the visitor has seen, or was mailed, what agents wrote."""


def _asked(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    found = _of_side(column, "visitor", _THERE, _m.c.seq > _LAST_ANSWER).order_by(_m.c.seq)
    return found.limit(literal_column("1")).correlate(conversation).scalar_subquery()


def _unseen(column: ColumnElement[Any], *, last: bool) -> ScalarSelect[Any]:
    order = _m.c.seq.desc() if last else _m.c.seq
    found = _of_side(column, "agent", _THERE, _m.c.seq > _KNOWN).order_by(order)
    return found.limit(literal_column("1")).correlate(conversation, chat_mail).scalar_subquery()


_LAST_ASKED: Final = func.coalesce(
    _of_side(_m.c.seq, "visitor")
    .order_by(_m.c.seq.desc())
    .limit(literal_column("1"))
    .correlate(conversation)
    .scalar_subquery(),
    literal_column("0"),
)

TALKS = with_list(
    lambda wanted: (
        select(
            conversation.c.channel_id,
            conversation.c.site_id,
            conversation.c.status,
            _asked(_m.c.seq),
            _asked(_m.c.created_at),
            _unseen(_m.c.seq, last=False),
            _unseen(_m.c.created_at, last=False),
            _unseen(_m.c.seq, last=True),
            _unseen(_m.c.created_at, last=True),
            func.coalesce(chat_mail.c.missed_seq, literal_column("0")),
            _TOLD,
            # What was sent before the visitor wrote again was answered.
            case((_LAST_ASKED > _TOLD, literal_column("0")), else_=func.coalesce(chat_mail.c.mails, 0)),
            chat_mail.c.refused_at,
            chat_mail.c.missed_due,
            chat_mail.c.answer_due,
            contact.c.mail,
            contact.c.mail_confirmed_at,
            contact.c.verified,
            _LAST_ASKED,
            conversation.c.assignee_id,
            site.c.settings,
            site.c.name,
            site.c.allowed_origins,
            channel.c.public_id,
            contact.c.context,
            func.coalesce(_into.c.id, _visitor.c.id),
            func.coalesce(_into.c.name, _visitor.c.name),
            _staff.c.public_id,
            channel.c.last_seq,
        )
        .select_from(
            conversation.join(channel, channel.c.id == conversation.c.channel_id)
            .join(_staff, _staff.c.id == conversation.c.staff_id)
            .join(site, site.c.id == conversation.c.site_id)
            .join(_visitor, _visitor.c.id == conversation.c.visitor_id)
            .outerjoin(_into, and_(_into.c.id == _visitor.c.merged_into, _into.c.kind == "visitor"))
            .outerjoin(chat_mail, chat_mail.c.channel_id == conversation.c.channel_id)
            .outerjoin(
                contact,
                and_(
                    contact.c.site_id == conversation.c.site_id,
                    contact.c.person_id == func.coalesce(_into.c.id, _visitor.c.id),
                ),
            )
        )
        .where(wanted)
    ),
    conversation.c.channel_id,
    "channels",
)


def _put_due(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(chat_mail).values(
        channel_id=_b("channel_id"), missed_due=_b("missed_due"), answer_due=_b("answer_due")
    )
    return row.on_conflict_do_update(
        index_elements=[chat_mail.c.channel_id],
        set_={name: row.excluded[name] for name in ("missed_due", "answer_due")},
    )


PUT_DUE = Statement(sqlite=_put_due(sqlite.Insert), postgresql=_put_due(postgresql.Insert))


def _due(column: ColumnElement[Any]) -> Statement:
    return Statement(
        select(chat_mail.c.channel_id)
        .where(column.is_not(None), column <= _b("now"))
        .order_by(column, chat_mail.c.channel_id)
        .limit(_b("limit"))
    )


MISSED_DUE, ANSWER_DUE = _due(chat_mail.c.missed_due), _due(chat_mail.c.answer_due)

HOLD = Statement(select(chat_mail.c.channel_id).where(chat_mail.c.channel_id == _b("channel_id")).with_for_update())
"""Held until the end: of two nodes one tells, and the other finds it told."""

SET_MISSED = Statement(
    update(chat_mail).where(chat_mail.c.channel_id == _b("key")).values(missed_seq=_b("seq"), missed_due=None)
)
SET_ANSWERED = Statement(
    update(chat_mail)
    .where(chat_mail.c.channel_id == _b("key"))
    .values(answered_seq=_b("seq"), mails=_b("count"), answer_due=None)
)


def _put_refused(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(chat_mail).values(channel_id=_b("channel_id"), refused_at=_b("now"))
    return row.on_conflict_do_update(
        index_elements=[chat_mail.c.channel_id], set_={"refused_at": row.excluded.refused_at, "answer_due": None}
    )


PUT_REFUSED = Statement(sqlite=_put_refused(sqlite.Insert), postgresql=_put_refused(postgresql.Insert))

HAVE_SEEN = Statement(
    select(reader.c.person_id).where(reader.c.channel_id == _b("channel_id"), reader.c.seen_seq >= _b("seq"))
)
"""Who has seen a conversation up to a message."""

SEEN = Statement(select(conversation.c.visitor_seen).where(conversation.c.channel_id == _b("channel_id")))

WRITER = Statement(
    select(
        channel.c.public_id,
        channel.c.state,
        conversation.c.site_id,
        conversation.c.staff_id,
        _staff.c.public_id,
        _visitor.c.id,
        _visitor.c.public_id,
        _visitor.c.name,
        _visitor.c.picture,
        channel.c.last_seq,
    )
    .select_from(
        conversation.join(channel, channel.c.id == conversation.c.channel_id)
        .join(_staff, _staff.c.id == conversation.c.staff_id)
        .join(_visitor, _visitor.c.id == conversation.c.visitor_id)
    )
    .where(conversation.c.channel_id == _b("channel_id"))
)
"""A conversation, and as whom its visitor writes there."""


SWITCHED_OFF = with_list(
    lambda wanted: select(notice_choice.c.person_id).where(wanted, notice_choice.c.missed_chats == literal_column("0")),
    notice_choice.c.person_id,
    "people",
)
"""Who of some wants no mails about chats that nobody answers."""


def _put_switch(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    newest = select(func.coalesce(func.max(notice.c.id), 0)).scalar_subquery()
    row = dialect_insert(notice_choice).values(
        person_id=_b("owner"), last_no=newest, changed_at=_b("now"), missed_chats=_b("new_switch")
    )
    return row.on_conflict_do_update(
        index_elements=[notice_choice.c.person_id], set_={"missed_chats": row.excluded.missed_chats}
    )


PUT_SWITCH = Statement(sqlite=_put_switch(sqlite.Insert), postgresql=_put_switch(postgresql.Insert))
