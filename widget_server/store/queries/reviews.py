"""What waits for moderators: reports, and posts that are held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, bindparam, case, cast, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.lists import is_listed, with_list
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, conversation, held_post, message, person, report, room, thread

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

_b = bindparam


def _flag(name: str) -> ColumnElement[bool]:
    return cast(_b(name), BigInteger) == 1


def _of_boards(dialect: str, of: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(of > 0, or_(_flag("every_board"), is_listed(dialect, of, "boards")))


def _of_sites(dialect: str) -> ColumnElement[bool]:
    site = report.c.site_id
    return and_(site > 0, or_(_flag("every_site"), is_listed(dialect, site, "sites")))


_REPORTED = (
    report.c.message_no,
    message.c.seq,
    SAID,
    message.c.removed_at,
    person.c.public_id,
    person.c.name,
    report.c.board_id,
    report.c.site_id,
    channel.c.public_id,
    channel.c.title,
    thread.c.number,
    board.c.slug,
    board.c.name,
    room.c.name,
    channel.c.id,
)


def _in_rooms() -> ColumnElement[bool]:
    """Reports from rooms are for those who moderate everything: nobody else looks into rooms."""
    return and_(report.c.board_id == 0, report.c.site_id == 0, _flag("every_board"))


def _reported(dialect: str) -> Select[Any]:
    return (
        select(*_REPORTED, func.count(), func.min(report.c.created_at))
        .select_from(
            report.join(message, message.c.no == report.c.message_no)
            .join(person, person.c.id == message.c.author_id)
            .join(channel, channel.c.id == message.c.channel_id)
            .outerjoin(thread, thread.c.channel_id == channel.c.id)
            .outerjoin(board, board.c.id == report.c.board_id)
            .outerjoin(room, room.c.channel_id == channel.c.id)
        )
        .where(
            report.c.decided_at.is_(None),
            or_(_of_boards(dialect, report.c.board_id), _of_sites(dialect), _in_rooms()),
        )
        .group_by(*_REPORTED)
        .order_by(func.min(report.c.id))
        .limit(_b("limit"))
        .offset(_b("skipped"))
    )


REPORTED = Statement(sqlite=_reported("sqlite"), postgresql=_reported("postgresql"))
"""Posts and messages that were reported and not decided on, each once, the oldest report first."""

REPORTS = with_list(
    lambda wanted: (
        select(report.c.message_no, report.c.reason, report.c.details, person.c.name, report.c.created_at)
        .select_from(report.join(person, person.c.id == report.c.reporter_id))
        .where(wanted, report.c.decided_at.is_(None))
        .order_by(report.c.id)
    ),
    report.c.message_no,
    "numbers",
)


def _insert(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    names = ("public_id", "reporter_id", "message_no", "board_id", "site_id", "reason", "details", "created_at")
    return dialect_insert(report).values({name: _b(name) for name in names}).on_conflict_do_nothing()


INSERT = Statement(sqlite=_insert(sqlite.Insert), postgresql=_insert(postgresql.Insert))

OPEN_REPORTS = Statement(
    select(func.count()).where(report.c.reporter_id == _b("reporter"), report.c.decided_at.is_(None))
)

OF_MESSAGE = Statement(
    select(
        report.c.board_id,
        report.c.site_id,
        message.c.seq,
        message.c.author_id,
        channel.c.id,
        channel.c.public_id,
        thread.c.number,
        report.c.verdict,
        person.c.name,
    )
    .select_from(
        report.join(message, message.c.no == report.c.message_no)
        .join(channel, channel.c.id == message.c.channel_id)
        .outerjoin(thread, thread.c.channel_id == channel.c.id)
        .outerjoin(person, person.c.id == report.c.decided_by)
    )
    .where(report.c.message_no == _b("no"))
    .order_by(case((report.c.decided_at.is_(None), 0), else_=1), report.c.id.desc())
    .limit(1)
)
"""Where a reported message stands; of its reports one that is open, or else the last one."""

DECIDE = Statement(
    update(report)
    .where(report.c.message_no == _b("no"), report.c.decided_at.is_(None))
    .values(decided_at=_b("now"), decided_by=_b("by"), verdict=_b("new_verdict"))
    .returning(report.c.reporter_id)
)

ROOM_MESSAGE = Statement(
    select(message.c.no, message.c.author_id).where(
        message.c.channel_id == _b("channel_id"),
        message.c.seq == _b("seq"),
        message.c.kind != "system",
        message.c.removed_at.is_(None),
    )
)

AROUND = Statement(
    select(message.c.seq, person.c.name, SAID, message.c.created_at)
    .select_from(message.join(person, person.c.id == message.c.author_id))
    .where(
        message.c.channel_id == _b("channel_id"),
        message.c.seq >= _b("first"),
        message.c.seq <= _b("last"),
        message.c.kind != "system",
        message.c.removed_at.is_(None),
    )
    .order_by(message.c.seq)
)
"""What stands beside a reported message of a room."""

CHAT_MESSAGE = Statement(
    select(message.c.no, conversation.c.site_id)
    .select_from(
        message.join(channel, channel.c.id == message.c.channel_id).join(
            conversation, conversation.c.channel_id == channel.c.id
        )
    )
    .where(
        channel.c.public_id == _b("channel"),
        message.c.seq == _b("seq"),
        message.c.kind != "system",
        message.c.removed_at.is_(None),
    )
)

_HELD_COLUMNS = (
    held_post.c.public_id,
    held_post.c.kind,
    held_post.c.payload,
    held_post.c.why,
    held_post.c.created_at,
    person.c.public_id,
    person.c.name,
    board.c.id,
    board.c.slug,
    board.c.name,
    thread.c.number,
    channel.c.title,
    held_post.c.verdict,
)
_HELD = (
    select(*_HELD_COLUMNS)
    .select_from(
        held_post.join(person, person.c.id == held_post.c.author_id)
        .join(board, board.c.id == held_post.c.board_id)
        .outerjoin(thread, thread.c.channel_id == held_post.c.channel_id)
        .outerjoin(channel, channel.c.id == held_post.c.channel_id)
    )
    .limit(_b("limit"))
)


def _held(dialect: str) -> Select[Any]:
    return (
        _HELD.where(held_post.c.decided_at.is_(None), _of_boards(dialect, held_post.c.board_id))
        .order_by(held_post.c.id)
        .offset(_b("skipped"))
    )


HELD = Statement(sqlite=_held("sqlite"), postgresql=_held("postgresql"))

OWN = Statement(_HELD.where(held_post.c.author_id == _b("author_id")).order_by(held_post.c.id.desc()))

TO_DECIDE = Statement(
    select(
        held_post.c.board_id,
        held_post.c.channel_id,
        held_post.c.author_id,
        held_post.c.client_id,
        held_post.c.kind,
        held_post.c.payload,
        held_post.c.verdict,
    )
    .where(held_post.c.public_id == _b("public_id"))
    .with_for_update()
)
"""A held post, kept from others who decide: two at once have one result."""

READ = Statement(select(held_post.c.payload, held_post.c.channel_id).where(held_post.c.public_id == _b("public_id")))

DECIDE_HELD = Statement(
    update(held_post)
    .where(held_post.c.public_id == _b("held"), held_post.c.decided_at.is_(None))
    .values(decided_at=_b("now"), decided_by=_b("by"), verdict=_b("new_verdict"))
)

BOARD = Statement(select(board.c.slug).where(board.c.id == _b("key")))
