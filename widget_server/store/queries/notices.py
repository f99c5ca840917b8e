"""What members are told."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, insert, literal_column, or_, select, update

from widget_server.store.lists import is_listed, with_list
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    board,
    channel,
    ignored,
    membership,
    message,
    notice,
    person,
    room,
    room_invitation,
    thread,
)

_b = bindparam

INSERT = Statement(
    insert(notice)
    .values(
        person_id=_b("person_id"),
        kind=_b("kind"),
        actor_id=_b("actor_id"),
        channel_id=_b("channel_id"),
        seq=_b("seq"),
        details=_b("details"),
        created_at=_b("created_at"),
        stamp=_b("stamp"),
    )
    .returning(notice.c.id)
)

_told = func.coalesce(person.c.merged_into, person.c.id)
_HAS_ACCOUNT = or_(person.c.kind == "member", person.c.kind == "agent") & person.c.deleted_at.is_(None)

NAMED = with_list(
    lambda wanted: select(_told, person.c.folded_name, person.c.public_id).where(wanted, _HAS_ACCOUNT),
    person.c.folded_name,
    "names",
)

AUTHORS = with_list(
    lambda wanted: (
        select(_told, message.c.seq)
        .select_from(message.join(person, person.c.id == message.c.author_id))
        .where(message.c.channel_id == _b("channel_id"), message.c.removed_at.is_(None), wanted, _HAS_ACCOUNT)
    ),
    message.c.seq,
    "seqs",
)

APART = with_list(
    lambda wanted: (
        select(ignored.c.person_id)
        .where(ignored.c.ignored_id == _b("writer_id"), wanted)
        .union(select(ignored.c.ignored_id).where(ignored.c.person_id == _b("writer_id")))
    ),
    ignored.c.person_id,
    "people",
)
"""Who ignores the writer, of some, and whom the writer ignores."""

TOLD = with_list(
    lambda wanted: select(notice.c.person_id).where(
        wanted, notice.c.channel_id == _b("channel_id"), notice.c.seq == _b("seq"), notice.c.kind != _b("other_kind")
    ),
    notice.c.person_id,
    "people",
)
"""Who of some was told of a post already."""

QUIET: Final = '{"quiet":true'
"""How the details of a notice begin that is not told in the page."""
IS_LOUD: Final = notice.c.details.not_like(literal_column(f"'{QUIET}%'"))

_FROM: Final = (
    notice.outerjoin(person, person.c.id == notice.c.actor_id)
    .outerjoin(channel, channel.c.id == notice.c.channel_id)
    .outerjoin(thread, thread.c.channel_id == notice.c.channel_id)
    .outerjoin(board, board.c.id == thread.c.board_id)
    .outerjoin(room, room.c.channel_id == notice.c.channel_id)
)
_COLUMNS: Final = (
    notice.c.id,
    notice.c.kind,
    notice.c.seq,
    notice.c.details,
    notice.c.created_at,
    notice.c.seen_at,
    person.c.public_id,
    person.c.name,
    person.c.picture,
    case((room.c.channel_id.is_(None), channel.c.title), else_=room.c.name),
    thread.c.number,
    board.c.name,
    case((room.c.channel_id.is_not(None), channel.c.public_id)),
)
"""In the order of ``actions.notices.Notice``."""


def _is_open(dialect: str) -> ColumnElement[bool]:
    """Whether the person of a notice may read what it is about: on ``boards``, or in a room that is open to them."""
    is_in = select(membership.c.person_id).where(
        membership.c.channel_id == notice.c.channel_id,
        membership.c.person_id == notice.c.person_id,
        membership.c.left_at.is_(None),
    )
    is_asked = select(room_invitation.c.person_id).where(
        room_invitation.c.channel_id == notice.c.channel_id, room_invitation.c.person_id == notice.c.person_id
    )
    return or_(
        notice.c.channel_id.is_(None),
        and_(is_listed(dialect, thread.c.board_id, "boards"), thread.c.removed_at.is_(None)),
        and_(room.c.channel_id.is_not(None), room.c.removed_at.is_(None), or_(is_in.exists(), is_asked.exists())),
    )


def _list(dialect: str, *more: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .select_from(_FROM)
        .where(notice.c.person_id == _b("person_id"), IS_LOUD, _is_open(dialect), *more)
        .order_by(case((notice.c.seen_at.is_(None), 0), else_=1), notice.c.id.desc())
        .limit(_b("limit"))
        .offset(_b("skipped"))
    )


LIST = Statement(sqlite=_list("sqlite"), postgresql=_list("postgresql"))
"""Those not seen yet first; of threads only those on ``boards``."""
LIST_UNSEEN = Statement(
    sqlite=_list("sqlite", notice.c.seen_at.is_(None)), postgresql=_list("postgresql", notice.c.seen_at.is_(None))
)


def _before(dialect: str, *more: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .select_from(_FROM)
        .where(notice.c.person_id == _b("person_id"), notice.c.id < _b("before"), IS_LOUD, _is_open(dialect), *more)
        .order_by(notice.c.id.desc())
        .limit(_b("limit"))
    )


BEFORE = Statement(sqlite=_before("sqlite"), postgresql=_before("postgresql"))
"""The newest first, whether they were seen or not; of threads only those on ``boards``."""
BEFORE_UNSEEN = Statement(
    sqlite=_before("sqlite", notice.c.seen_at.is_(None)), postgresql=_before("postgresql", notice.c.seen_at.is_(None))
)


def _to_mail(dialect: str) -> Select[Any]:
    ignores = select(ignored.c.person_id).where(
        ignored.c.person_id == notice.c.person_id, ignored.c.ignored_id == notice.c.actor_id
    )
    return (
        select(*_COLUMNS, SAID)
        .select_from(
            _FROM.outerjoin(
                message,
                and_(
                    message.c.channel_id == notice.c.channel_id,
                    message.c.seq == notice.c.seq,
                    message.c.removed_at.is_(None),
                ),
            )
        )
        .where(
            is_listed(dialect, notice.c.id, "notices"),
            notice.c.person_id == _b("person_id"),
            or_(notice.c.seen_at.is_(None), ~IS_LOUD),
            # A post that was removed meanwhile is told no more.
            or_(notice.c.actor_id.is_(None), notice.c.seq.is_(None), message.c.no.is_not(None)),
            ~ignores.exists(),
            _is_open(dialect),
        )
        .order_by(notice.c.id)
    )


TO_MAIL = Statement(sqlite=_to_mail("sqlite"), postgresql=_to_mail("postgresql"))
"""Of some notices those that their person has not seen and may read now, with what is written there."""

_UNTOLD: Final = (notice.c.seen_at.is_(None), notice.c.mailed_at.is_(None))
_STATE: Final = (notice.c.id, notice.c.kind, notice.c.pushed_at)
WAITING_IN = Statement(
    select(*_STATE)
    .where(notice.c.person_id == _b("person_id"), notice.c.channel_id == _b("channel_id"), *_UNTOLD)
    .order_by(notice.c.id)
    .limit(_b("limit"))
)
WAITING_ONE = Statement(
    select(*_STATE).where(notice.c.person_id == _b("person_id"), notice.c.id == _b("key"), *_UNTOLD)
)
IS_UNTOLD = Statement(
    select(notice.c.id).where(
        notice.c.person_id == _b("person_id"), notice.c.id == _b("key"), notice.c.pushed_at.is_(None), *_UNTOLD
    )
)
PUSHED = Statement(update(notice).where(notice.c.id == _b("key")).values(pushed_at=_b("now")))
WAITING_SINCE = Statement(
    select(*_STATE)
    .where(notice.c.person_id == _b("person_id"), notice.c.id > _b("after"), *_UNTOLD)
    .order_by(notice.c.id)
    .limit(_b("limit"))
)
"""What somebody was neither shown nor mailed: in one place, one thing, or all since the last digest."""

MAIL = with_list(
    lambda wanted: (
        update(notice)
        .where(wanted, *_UNTOLD)
        .values(
            mailed_at=_b("now"),
            # What the page does not tell has been told with that.
            seen_at=case((IS_LOUD, notice.c.seen_at), else_=_b("now")),
        )
        .returning(notice.c.id)
    ),
    notice.c.id,
    "notices",
)
"""Take them for mailed: only one of several workers finds each."""

PLACE = Statement(
    select(thread.c.number, notice.c.seq, case((room.c.channel_id.is_not(None), channel.c.public_id)))
    .select_from(_FROM)
    .where(notice.c.id == _b("key"), notice.c.person_id == _b("person_id"))
)

SEE = Statement(
    update(notice)
    .where(notice.c.id == _b("key"), notice.c.person_id == _b("owner_id"), notice.c.seen_at.is_(None))
    .values(seen_at=_b("now"), stamp=_b("new_stamp"))
)

SEE_UNTIL = Statement(
    update(notice)
    .where(notice.c.person_id == _b("owner_id"), notice.c.seen_at.is_(None), notice.c.id <= _b("until"))
    .values(seen_at=_b("now"), stamp=_b("new_stamp"))
)


def _read(dialect: str) -> ColumnElement[bool]:
    return and_(
        notice.c.person_id == _b("owner_id"),
        notice.c.channel_id == _b("of_channel"),
        notice.c.seen_at.is_(None),
        # What moderators tell somebody is read where it stands.
        notice.c.actor_id.is_not(None),
        or_(notice.c.seq <= _b("until"), is_listed(dialect, notice.c.seq, "seqs")),
    )


def _see_read(dialect: str) -> Any:
    return update(notice).where(_read(dialect)).values(seen_at=_b("now"), stamp=_b("new_stamp"))


SEE_READ = Statement(sqlite=_see_read("sqlite"), postgresql=_see_read("postgresql"))
"""Somebody has read a place up to a post, and some posts behind it."""
HAS_UNSEEN = Statement(
    select(
        select(notice.c.id)
        .where(
            notice.c.person_id == _b("owner_id"), notice.c.channel_id == _b("of_channel"), notice.c.seen_at.is_(None)
        )
        .exists()
    )
)

PUBLIC_IDS = with_list(lambda wanted: select(person.c.public_id).where(wanted), person.c.id, "people")

UNSEEN = Statement(
    select(func.count()).select_from(
        select(notice.c.id)
        .where(notice.c.person_id == _b("owner"), notice.c.seen_at.is_(None), IS_LOUD)
        .limit(_b("limit"))
        .subquery()
    )
)
"""How many a member has not seen, up to a limit."""

NEWEST = Statement(select(func.coalesce(func.max(notice.c.id), 0)).where(notice.c.person_id == _b("person_id")))
