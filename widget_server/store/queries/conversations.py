"""Reading conversations: heads, rows of lists, what changed since a stamp."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    true,
    tuple_,
    update,
)

from widget_server.core.conversation import Status
from widget_server.core.counts import COUNTED_MAX
from widget_server.core.text import preview
from widget_server.core.times import iso
from widget_server.store.lists import listed_sites, with_list
from widget_server.store.queries.persons import of_face, of_member
from widget_server.store.records import State
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, contact, conversation, membership, message, person, site

_b = bindparam
_visitor = person.alias("visitor")
_face = person.alias("face")
_member = person.alias("member")
_assignee = person.alias("assignee")
_staff = channel.alias("staff")
_last = message.alias("last")
_one = conversation.alias("one")
_seen = message.alias("seen")
_WAITING = (Status.OPEN, Status.PENDING, Status.SNOOZED)

_UNREAD = (
    select(func.count())
    .select_from(
        select(_seen.c.seq)
        .where(
            _seen.c.channel_id == conversation.c.channel_id,
            _seen.c.seq > conversation.c.agents_seen,
            _seen.c.side == "visitor",
        )
        .correlate(conversation)
        .limit(COUNTED_MAX)
        .subquery()
    )
    .scalar_subquery()
)


_IS_FACE = and_(_face.c.id == _visitor.c.merged_into, _face.c.kind == "visitor")
_SHOWN_ID = func.coalesce(_face.c.public_id, _visitor.c.public_id)
_SHOWN_NAME = func.coalesce(_face.c.name, _visitor.c.name)
"""Visitors who are one are one to the staff of their site."""


def _rows() -> Select[Any]:
    return select(
        channel.c.public_id,
        _staff.c.public_id,
        site.c.key,
        _SHOWN_ID,
        _SHOWN_NAME,
        channel.c.version,
        channel.c.last_seq,
        _UNREAD,
        conversation.c.status,
        _assignee.c.public_id,
        _assignee.c.name,
        _assignee.c.picture,
        conversation.c.snoozed_until,
        _last.c.body,
        _last.c.side,
        channel.c.created_at,
        conversation.c.activity_at,
        conversation.c.stamp,
        conversation.c.channel_id,
        conversation.c.site_id,
    ).select_from(
        conversation.join(channel, channel.c.id == conversation.c.channel_id)
        .join(_staff, _staff.c.id == conversation.c.staff_id)
        .join(site, site.c.id == conversation.c.site_id)
        .join(_visitor, _visitor.c.id == conversation.c.visitor_id)
        .outerjoin(_face, _IS_FACE)
        .outerjoin(_assignee, _assignee.c.id == conversation.c.assignee_id)
        .outerjoin(_last, and_(_last.c.channel_id == conversation.c.channel_id, _last.c.seq == channel.c.last_seq))
    )


def _newest(status: str, site_id: ColumnElement[int], *conditions: ColumnElement[bool]) -> Select[Any]:
    """Of one site: the end of an index, and no more of it, however much lies before."""
    return (
        select(_one.c.channel_id, _one.c.activity_at)
        .where(
            _one.c.site_id == site_id,
            _one.c.status == literal_column(f"'{status}'"),
            tuple_(_one.c.activity_at, _one.c.channel_id) < tuple_(_b("at"), _b("key")),
            *conditions,
        )
        .order_by(_one.c.activity_at.desc(), _one.c.channel_id.desc())
        .limit(_b("limit"))
    )


def _view(status: str, *conditions: ColumnElement[bool]) -> Statement:
    """The newest of each site, and of those the newest: each database has its own words for "of each"."""
    on_sqlite, on_postgresql = listed_sites("sqlite"), listed_sites("postgresql")
    newest = _newest(status, on_sqlite.c.value, *conditions).correlate(on_sqlite)
    of_each = _newest(status, on_postgresql.c.value, *conditions).correlate(on_postgresql).lateral("of_each")
    found = conversation.alias("found")
    of_sites = on_sqlite.join(found, found.c.channel_id.in_(newest.with_only_columns(_one.c.channel_id)))
    return Statement(
        sqlite=select(found.c.channel_id)
        .select_from(of_sites)
        .order_by(found.c.activity_at.desc(), found.c.channel_id.desc())
        .limit(_b("limit")),
        postgresql=select(of_each.c.channel_id)
        .select_from(on_postgresql.join(of_each, true()))
        .order_by(of_each.c.activity_at.desc(), of_each.c.channel_id.desc())
        .limit(_b("limit")),
    )


_WHOSE: dict[str, tuple[ColumnElement[bool], ...]] = {
    "all": (),
    "mine": (_one.c.assignee_id == _b("me"),),
    "unassigned": (_one.c.assignee_id.is_(None),),
}
VIEWS = {(who, status): _view(status, *conditions) for who, conditions in _WHOSE.items() for status in Status}
"""Keys of a page of a view, newest activity first, behind (``at``, ``key``); over the ``sites`` one has a right to.

By who and status. The status stands in the statement itself, for the index of what is resolved covers nothing else.
"""

CHANGED_ROWS = with_list(
    lambda wanted: (
        _rows().where(wanted, conversation.c.stamp >= _b("cursor")).order_by(conversation.c.stamp).limit(_b("limit"))
    ),
    # Not a column: the stamp leads to a few rows, the site to all that it ever had.
    conversation.c.site_id + 0,
    "sites",
)

ALL_CHANGED_ROWS = Statement(
    _rows().where(conversation.c.stamp >= _b("cursor")).order_by(conversation.c.stamp).limit(_b("limit"))
)

ROWS_BY_KEY = with_list(lambda wanted: _rows().where(wanted), conversation.c.channel_id, "keys")

COUNTS = with_list(
    lambda wanted: (
        select(conversation.c.status, _assignee.c.public_id, func.count())
        .select_from(conversation.outerjoin(_assignee, _assignee.c.id == conversation.c.assignee_id))
        .where(wanted, conversation.c.status.in_([literal_column(f"'{status}'") for status in _WAITING]))
        .group_by(conversation.c.status, _assignee.c.public_id)
    ),
    conversation.c.site_id,
    "sites",
)

SEARCH = with_list(
    lambda wanted: (
        select(message.c.channel_id, func.max(message.c.seq))
        .select_from(message.join(conversation, conversation.c.channel_id == message.c.channel_id))
        .where(wanted, message.c.body.ilike(_b("pattern"), escape="\\"), message.c.removed_at.is_(None))
        .group_by(message.c.channel_id)
        .order_by(func.max(message.c.no).desc())
        .limit(_b("limit"))
    ),
    conversation.c.site_id,
    "sites",
)
"""A plain scan: good for an installation's thousands of conversations, and the same frame serves an index."""

SITE_IDS = Statement(select(site.c.id))

BODY = Statement(select(message.c.body).where(message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq")))

OWN = Statement(
    select(
        channel.c.public_id,
        channel.c.client_id,
        channel.c.version,
        channel.c.last_seq,
        conversation.c.visitor_seen,
        conversation.c.status,
        channel.c.id,
        contact.c.mail,
        contact.c.verified,
    )
    .select_from(
        conversation.join(channel, channel.c.id == conversation.c.channel_id).outerjoin(
            contact, and_(contact.c.site_id == conversation.c.site_id, contact.c.person_id == _b("person_id"))
        )
    )
    .where(conversation.c.visitor_id.in_(of_face("person_id")))
    .order_by(conversation.c.activity_at.desc())
    .limit(20)
)

FACE_OF_CHANNEL = Statement(
    select(func.coalesce(_face.c.id, _visitor.c.id), conversation.c.site_id, channel.c.id)
    .select_from(
        channel.join(conversation, conversation.c.channel_id == channel.c.id)
        .join(_visitor, _visitor.c.id == conversation.c.visitor_id)
        .outerjoin(_face, _IS_FACE)
    )
    .where(channel.c.public_id == _b("public_id"))
)

OF_FACE = Statement(
    select(conversation.c.channel_id)
    .where(conversation.c.visitor_id.in_(of_face("face")), conversation.c.site_id == _b("site_id"))
    .order_by(conversation.c.activity_at.desc())
    .limit(51)
)

CLAIMED = Statement(
    select(_last.c.body, conversation.c.activity_at)
    .select_from(
        conversation.join(channel, channel.c.id == conversation.c.channel_id).outerjoin(
            _last, and_(_last.c.channel_id == channel.c.id, _last.c.seq == channel.c.last_seq)
        )
    )
    .where(conversation.c.visitor_id.in_(of_face("person_id")))
    .order_by(conversation.c.activity_at.desc())
    .limit(20)
)
"""What a visitor is asked about before an account gets it."""

OF_MEMBER = Statement(
    select(
        channel.c.public_id,
        site.c.name,
        channel.c.last_seq,
        conversation.c.visitor_seen,
        conversation.c.status,
        conversation.c.activity_at,
        _last.c.body,
        _last.c.side,
        channel.c.id,
    )
    .select_from(
        conversation.join(channel, channel.c.id == conversation.c.channel_id)
        .join(site, site.c.id == conversation.c.site_id)
        .outerjoin(_last, and_(_last.c.channel_id == channel.c.id, _last.c.seq == channel.c.last_seq))
    )
    .where(conversation.c.visitor_id.in_(of_member("member_id")))
    .order_by(conversation.c.activity_at.desc(), conversation.c.channel_id.desc())
    .limit(_b("limit"))
    .offset(_b("skipped"))
)
"""Every conversation of the visitors that a member is, of every site, newest activity first."""

SITE_OF = Statement(
    select(site.c.name)
    .select_from(conversation.join(site, site.c.id == conversation.c.site_id))
    .where(conversation.c.channel_id == _b("channel_id"))
)

STAFF_HEAD = Statement(
    select(
        _staff.c.id,
        _staff.c.public_id,
        _staff.c.last_seq,
        _staff.c.version,
        channel.c.public_id,
        conversation.c.status,
        conversation.c.snoozed_until,
        _assignee.c.public_id,
        _assignee.c.name,
        _assignee.c.picture,
        _SHOWN_ID,
        _SHOWN_NAME,
        contact.c.name,
        contact.c.mail,
        contact.c.attributes,
        contact.c.context,
        contact.c.verified,
        contact.c.subject,
        contact.c.mail_confirmed_at,
        _member.c.name,
    )
    .select_from(
        conversation.join(channel, channel.c.id == conversation.c.channel_id)
        .join(_staff, _staff.c.id == conversation.c.staff_id)
        .join(_visitor, _visitor.c.id == conversation.c.visitor_id)
        .outerjoin(_face, _IS_FACE)
        .outerjoin(
            _member,
            and_(
                _member.c.id == func.coalesce(_face.c.merged_into, _visitor.c.merged_into),
                _member.c.kind != "visitor",
                _member.c.deleted_at.is_(None),
            ),
        )
        .outerjoin(_assignee, _assignee.c.id == conversation.c.assignee_id)
        .outerjoin(
            contact,
            and_(
                contact.c.site_id == conversation.c.site_id,
                contact.c.person_id == func.coalesce(_face.c.id, conversation.c.visitor_id),
            ),
        )
    )
    .where(conversation.c.channel_id == _b("channel_id"))
)

STATUS = Statement(
    select(
        conversation.c.status,
        conversation.c.assignee_id,
        conversation.c.snoozed_until,
        conversation.c.staff_id,
        conversation.c.site_id,
        channel.c.public_id,
        channel.c.version,
        channel.c.last_seq,
    )
    .select_from(conversation.join(channel, channel.c.id == conversation.c.channel_id))
    .where(conversation.c.channel_id == _b("channel_id"))
)

SET_STATUS = Statement(
    update(conversation)
    .where(conversation.c.channel_id == _b("key"))
    .values(status=_b("new_status"), snoozed_until=_b("new_until"), stamp=_b("new_stamp"))
)

SET_ASSIGNEE = Statement(
    update(conversation)
    .where(conversation.c.channel_id == _b("key"))
    .values(assignee_id=_b("new_assignee"), stamp=_b("new_stamp"))
)

TOUCH = Statement(update(conversation).where(conversation.c.channel_id == _b("key")).values(stamp=_b("new_stamp")))

DUE_SNOOZES = Statement(
    select(conversation.c.channel_id)
    .where(conversation.c.snoozed_until.is_not(None), conversation.c.snoozed_until <= _b("now"))
    .limit(100)
)

INSERT_CHANNEL = Statement(
    insert(channel)
    .values(
        public_id=_b("public_id"),
        kind=_b("kind"),
        site_id=_b("site_id"),
        creator_id=_b("creator_id"),
        client_id=_b("client_id"),
        beside_id=_b("beside_id"),
        created_at=_b("created_at"),
        stamp=_b("stamp"),
    )
    .returning(channel.c.id)
)

INSERT_CONVERSATION = Statement(
    insert(conversation)
    .inline()
    .values(
        channel_id=_b("channel_id"),
        staff_id=_b("staff_id"),
        site_id=_b("site_id"),
        visitor_id=_b("visitor_id"),
        activity_at=_b("activity_at"),
        stamp=_b("stamp"),
    )
)

INSERT_MEMBERSHIP = Statement(
    insert(membership)
    .inline()
    .values(channel_id=_b("channel_id"), person_id=_b("person_id"), joined_at=_b("joined_at"), stamp=_b("stamp"))
)

CHANNEL_BY_CLIENT_ID = Statement(
    select(channel.c.id, channel.c.kind, person.c.id, person.c.public_id, person.c.name, person.c.picture)
    .select_from(channel.join(person, person.c.id == channel.c.creator_id))
    .where(channel.c.creator_id.in_(of_face("creator_id")), channel.c.client_id == _b("client_id"))
    .limit(1)
)
"""What a visitor began under this id, also before they were found to be somebody else; with who began it."""


def row_state(row: tuple[Any, ...]) -> State:
    """A row of the list as ``frames.ConversationRow``."""
    assignee = {"id": row[9], "name": row[10], "role": "agent", "picture": row[11]} if row[9] else None
    return {
        "channel": row[0],
        "staff": row[1],
        "site": row[2],
        "visitor": {"id": row[3], "name": row[4], "role": "visitor", "picture": None},
        "version": row[5],
        "last_seq": row[6],
        "unread": row[7],
        "status": row[8],
        "assignee": assignee,
        "snoozed_until": iso(row[12]) if row[12] is not None else None,
        "preview": preview(row[13] or ""),
        "preview_role": row[14] or "visitor",
        "created_at": iso(row[15]),
        "activity_at": iso(row[16]),
        "stamp": row[17],
    }


def staff_head_state(row: tuple[Any, ...]) -> State:
    """A row of ``STAFF_HEAD`` as ``frames.StaffHead``."""
    assignee = {"id": row[7], "name": row[8], "role": "agent", "picture": row[9]} if row[7] else None
    return {
        "kind": "staff",
        "beside": row[4],
        "status": row[5],
        "assignee": assignee,
        "snoozed_until": iso(row[6]) if row[6] is not None else None,
        "visitor": {"id": row[10], "name": row[11], "role": "visitor", "picture": None},
        "contact": {
            "name": row[12],
            "mail": row[13],
            "attributes": orjson.loads(row[14] or "{}"),
            **orjson.loads(row[15] or "{}"),
            "verified": orjson.loads(row[16] or "{}"),
            "subject": row[17],
            "mail_confirmed": row[18] is not None,
            "member": row[19],
        },
    }
