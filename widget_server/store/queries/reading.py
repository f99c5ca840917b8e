"""Reading one page of a thread: three statements for a guest, and one for what is a member's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text, bindparam, case, cast, func, literal_column, null, select, union_all

from widget_server.core.tree import FULL_PATH
from widget_server.store.lists import is_listed
from widget_server.store.queries.boards import BOARD_COLUMNS
from widget_server.store.queries.threads import THREAD_COLUMNS, THREAD_FROM
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    bookmark,
    forward,
    ignored,
    message,
    person,
    poll,
    poll_vote,
    reaction,
    reader,
    rendering,
    role,
    role_grant,
    tag,
    thread,
    thread_tag,
    vote,
    watching,
)

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, Select
    from sqlalchemy.sql.functions import Function
    from sqlalchemy.sql.selectable import CompoundSelect

_b = bindparam

POLL_COLUMNS = (poll.c.question, poll.c.options, poll.c.choices, poll.c.closes_at, poll.c.tally)
"""In the order of ``actions.reading.Poll``; all are empty where there is none."""


def _thread(together: Function[Any]) -> Select[Any]:
    tags = (
        select(together)
        .select_from(thread_tag.join(tag, tag.c.id == thread_tag.c.tag_id))
        .where(thread_tag.c.channel_id == thread.c.channel_id)
        .scalar_subquery()
    )
    return (
        select(*THREAD_COLUMNS, *BOARD_COLUMNS, *POLL_COLUMNS, tags)
        .select_from(THREAD_FROM.outerjoin(poll, poll.c.channel_id == thread.c.channel_id))
        .where(thread.c.number == _b("number"))
    )


THREAD = Statement(
    sqlite=_thread(func.group_concat(tag.c.name, "\n")), postgresql=_thread(func.string_agg(tag.c.name, "\n"))
)
"""A thread with its board, its poll and its tags, one in a line."""

_there = thread.alias("there")
_deeper = message.alias("deeper")


def _moved(to: ColumnElement[Any]) -> ScalarSelect[Any]:
    # Only asked for where a tombstone stands: a join would look for every post.
    return (
        select(to)
        .select_from(forward.join(_there, _there.c.channel_id == forward.c.to_channel_id))
        .where(forward.c.channel_id == message.c.channel_id, forward.c.seq == message.c.seq)
        .scalar_subquery()
    )


POST_COLUMNS = (
    message.c.seq,
    message.c.no,
    message.c.kind,
    message.c.created_at,
    message.c.revision,
    message.c.removed_at,
    message.c.removed_by,
    message.c.parent,
    message.c.branch,
    message.c.path,
    message.c.score,
    message.c.tally,
    message.c.author_id,
    person.c.public_id,
    person.c.name,
    person.c.picture,
    rendering.c.html,
    case((rendering.c.html.is_(None), message.c.body)),
    case((message.c.removed_at.is_not(None), _moved(_there.c.number))),
    case((message.c.removed_at.is_not(None), _moved(forward.c.to_seq))),
    message.c.files,
    case(
        (
            func.length(message.c.path) >= FULL_PATH,
            select(func.count())
            .select_from(_deeper)
            .where(_deeper.c.channel_id == message.c.channel_id, _deeper.c.branch == message.c.seq)
            .scalar_subquery(),
        )
    ),
)
"""In the order of ``actions.reading.Post``. The rendering is there where it is of this revision and this renderer, else
the source. A post that was moved names where it went, one at the deepest level how many continue under it."""

_FROM = message.join(person, person.c.id == message.c.author_id).outerjoin(
    rendering,
    (rendering.c.message_no == message.c.no)
    & (rendering.c.revision == message.c.revision)
    & (rendering.c.renderer == _b("renderer")),
)


def _posts(*found: Select[Any]) -> Statement:
    # The places first, from an index alone: only what is shown is looked up.
    return Statement(select(*POST_COLUMNS).select_from(_FROM).where(message.c.no.in_(union_all(*found))))


_HERE = message.c.channel_id == _b("channel_id")
_BESIDE = select(message.c.no).where(_HERE, message.c.seq.in_([_b("head"), _b("beside")]))

LINEAR = _posts(select(message.c.no).where(_HERE, message.c.seq >= _b("first"), message.c.seq <= _b("last")), _BESIDE)
"""A page of posts by number: a page keeps its posts for good. In no order, with the posts ``head`` and ``beside``."""

_PAGE_OF_TREE = (
    select(message.c.no)
    .where(_HERE, message.c.branch == _b("branch"), message.c.path > "")
    .order_by(message.c.path)
    .limit(_b("limit"))
    .offset(_b("skipped"))
    .subquery()
)
NESTED = _posts(select(_PAGE_OF_TREE.c.no), _BESIDE)
"""A page of one branch, as the tree is read. In no order, with the posts ``head`` and ``beside``."""

_GRANTED = (role_grant.c.person_id, role_grant.c.role, role_grant.c.site_id, role_grant.c.board_id, role.c.permissions)
_GRANTS_FROM = role_grant.outerjoin(role, role.c.key == role_grant.c.role)


def _grants(dialect: str) -> ColumnElement[bool]:
    return role_grant.c.ended_at.is_(None) & is_listed(dialect, role_grant.c.person_id, "people")


def _granted(dialect: str) -> Select[Any]:
    return select(*_GRANTED).select_from(_GRANTS_FROM).where(_grants(dialect))


GRANTS = Statement(sqlite=_granted("sqlite"), postgresql=_granted("postgresql"))
"""The rights of these people."""


def _own(dialect: str) -> CompoundSelect[Any]:
    """One row for each fact: its kind, a number, and what belongs to it."""
    me: BindParameter[int] = _b("person_id")
    nothing, no_text = cast(null(), BigInteger()), cast(null(), Text())

    def fact(kind: str, number: Any, text: Any = no_text, value: Any = nothing) -> Select[Any]:
        return select(literal_column(f"'{kind}'"), number, text, value, nothing, nothing)

    return union_all(
        fact("seen", reader.c.seen_seq).where(reader.c.channel_id == _b("channel_id"), reader.c.person_id == me),
        fact("bookmark", bookmark.c.seq).where(bookmark.c.person_id == me, bookmark.c.channel_id == _b("channel_id")),
        fact("ignored", ignored.c.ignored_id).where(
            ignored.c.person_id == me, is_listed(dialect, ignored.c.ignored_id, "people")
        ),
        fact("vote", vote.c.message_no, no_text, vote.c.value).where(
            vote.c.person_id == me, is_listed(dialect, vote.c.message_no, "posts")
        ),
        fact("reaction", reaction.c.message_no, reaction.c.emoji).where(
            reaction.c.person_id == me, is_listed(dialect, reaction.c.message_no, "posts")
        ),
        fact("choice", poll_vote.c.option).where(
            poll_vote.c.channel_id == _b("channel_id"), poll_vote.c.person_id == me
        ),
        fact("watching", watching.c.object_id, watching.c.level).where(
            watching.c.person_id == me, watching.c.kind == "thread", watching.c.object_id == _b("channel_id")
        ),
        select(literal_column("'grant'"), *_GRANTED).select_from(_GRANTS_FROM).where(_grants(dialect)),
    )


OWN = Statement(sqlite=_own("sqlite"), postgresql=_own("postgresql"))
"""What is a member's own on a page (their place, bookmarks, votes, whom they ignore), and the rights of its authors."""

PLACE = Statement(
    select(message.c.branch, message.c.path).where(message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq"))
)
BEFORE = Statement(
    select(func.count())
    .select_from(message)
    .where(
        message.c.channel_id == _b("channel_id"),
        message.c.branch == _b("branch"),
        message.c.path > "",
        message.c.path < _b("path"),
    )
)
"""How many posts of a branch are read before the place ``path``."""

SEEN = Statement(
    select(reader.c.seen_seq).where(reader.c.channel_id == _b("channel_id"), reader.c.person_id == _b("person_id"))
)
