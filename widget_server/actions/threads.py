"""Threads: the doors to them, and beginning one. A thread is the face of a channel whose messages are its posts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from widget_server.actions.beginnings import check_unused
from widget_server.actions.boards import KnownBoard, access_board, board_of
from widget_server.actions.drafts import drop_draft, new_thread
from widget_server.actions.hearing import tell_thread
from widget_server.actions.holds import Held, Waiting, check_may_post, check_present, hold, known_hold
from widget_server.actions.notice_choices import follow_own
from widget_server.actions.notices import Place, tell_of_post, tell_watchers
from widget_server.actions.polls import NewPoll, put_poll
from widget_server.actions.reading_marks import keep_place
from widget_server.actions.rendering import keep_rendering
from widget_server.actions.tags import put_tags
from widget_server.core import ids
from widget_server.core.boards import can_begin, can_moderate, can_read, can_reply
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ranking import hot
from widget_server.core.slugs import slug_of, thread_path
from widget_server.core.text import check_line
from widget_server.core.tree import ROOT
from widget_server.store.batch import apply
from widget_server.store.installation import hold_value
from widget_server.store.locks import lock_channels
from widget_server.store.queries import boards as board_queries
from widget_server.store.queries import threads as q
from widget_server.store.records import Author, SendMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.rendering import Source
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Committed

TITLE_CHARS: Final = 200
BODY_CHARS: Final = 40_000
PAGE: Final = 20
"""Posts on a page, and threads in a list."""

Kind = Literal["discussion", "question"]
NUMBERS: Final = "thread_number"
"""Whoever begins a thread holds it, so that numbers are given out one after the other."""


class Thread(NamedTuple):
    """A thread as it is shown."""

    channel_id: int
    public_id: str
    state: str
    first_seq: int
    last_seq: int
    version: int
    title: str
    number: int
    """Its place in addresses."""
    author_id: int
    kind: Kind
    replies: int
    score: int
    accepted_seq: int | None
    pinned: int
    pinned_until: int | None
    created_at: int
    activity_at: int
    removed_at: int | None
    removed_by: int | None
    board: KnownBoard

    @property
    def words(self) -> str:
        """What people read of its address."""
        return slug_of(self.title)

    @property
    def path(self) -> str:
        """Its address: under its board, by its number; the words are for people (S4.04)."""
        return thread_path(self.board.slug, self.number, self.title)


_FACTS: Final = len(q.THREAD_COLUMNS)


def thread_of(row: Row) -> Thread:
    """Return the thread of a row of ``THREAD_COLUMNS`` with its ``BOARD_COLUMNS``."""
    return Thread._make([*row[:_FACTS], board_of(row[_FACTS:])])


async def access_thread(tx: Transaction, actor: Actor, number: int) -> Thread:
    """Return a thread that ``actor`` may read.

    Raises:
        Refused: ``not_found``, also for one that is there for others; a removed one is there for moderators.
    """
    return _checked(await tx.one(q.BY_NUMBER, number=number), actor)


async def access_thread_channel(tx: Transaction, actor: Actor, public_id: str) -> Thread:
    """As :func:`access_thread`, by the public name of its channel."""
    return _checked(await tx.one(q.BY_PUBLIC_ID, public_id=public_id), actor)


async def hold_thread(tx: Transaction, actor: Actor, number: int) -> Thread:
    """As :func:`access_thread`, once this transaction holds the thread's channel: nobody changes it meanwhile."""
    await lock_channels(tx, [(await access_thread(tx, actor, number)).channel_id])
    return await access_thread(tx, actor, number)


def _checked(row: Row | None, actor: Actor) -> Thread:
    thread = None if row is None else thread_of(row)
    if thread is None or not can_see(actor, thread):
        raise Refused("not_found")
    return thread


def can_see(actor: Actor, thread: Thread) -> bool:
    """Whether ``actor`` may read the thread: who may read its board.

    A removed one only its moderators, and its author if they removed it themselves: they may bring it back.
    """
    if not can_read(actor, thread.board.rule):
        return False
    if thread.removed_at is None or can_moderate(actor, thread.board.id):
        return True
    return actor.person_id != 0 and actor.person_id == thread.author_id == thread.removed_by


async def take_off(tx: Transaction, thread: Thread, at: int | None, by: int | None) -> None:
    """Take a thread off its board, or (``at`` is None) put it back there; who may is checked by the caller."""
    await tx.run(q.SET_REMOVED, key=thread.channel_id, new_at=at, new_by=by)
    if (thread.removed_at is None) != (at is None):
        await tx.run(board_queries.COUNT_THREADS, key=thread.board.id, change=1 if at is None else -1)


def can_write(actor: Actor, thread: Thread) -> bool:
    """Whether ``actor`` may answer in the thread as it is now."""
    return thread.state == "open" and thread.removed_at is None and can_reply(actor, thread.board.rule)


def check_title(title: str) -> str:
    """Return a thread's title. Raises ``Unacceptable``."""
    return check_line(title, TITLE_CHARS, required=True)


class Opening(NamedTuple):
    """What a thread begins with, checked; ``source`` is its first post, rendered."""

    title: str
    kind: Kind
    source: Source
    tags: Sequence[str] = ()
    poll: NewPoll | None = None
    files: tuple[str, ...] = ()
    """Public ids of what its first post carries."""

    @property
    def text(self) -> str:
        """All the words of it, for the rules."""
        polled = () if self.poll is None else (self.poll.question, *self.poll.options)
        return "\n".join((self.title, self.source.body, *self.tags, *polled))

    @property
    def payload(self) -> dict[str, Any]:
        """All of it but what it looks like, as it is kept while it waits for a moderator."""
        poll = None if self.poll is None else self.poll._asdict()
        files = {"files": list(self.files)} if self.files else {}
        return {
            "title": self.title,
            "kind": self.kind,
            "body": self.source.body,
            "tags": list(self.tags),
            "poll": poll,
        } | files


def author_of(account: Account) -> Author:
    """Return an account as the author of what it writes."""
    return Author(account.person_id, account.public_id, account.name, account.picture)


class Names(NamedTuple):
    """By what a thread that is made is known: its public id, and the key of the form (a UUIDv7) that made it."""

    public_id: str
    client_id: str


async def do_begin_thread(
    engine: Engine, account: Account, slug: str, opening: Opening, client_id: str
) -> Thread | Held:
    """Begin a thread. Harmless to repeat with the same ``client_id`` (a UUIDv7 that the form carries).

    Raises:
        Refused: ``not_found`` for the board, ``not_allowed``; what :func:`check_may_post` refuses.
        Unacceptable: ``conflict`` where something else was sent under this id.
    """
    now = engine.clock.now_ms()
    names = Names(engine.clock.uuid(), client_id)
    actor = account.actor
    waiting = Waiting("thread", client_id, None, opening.payload)

    async def work(tx: Transaction, committed: Committed) -> Thread | Held:
        board = await access_board(tx, actor, slug)
        begun = await tx.one(q.BEGUN, creator_id=actor.person_id, client_id=client_id)
        if begun is not None:
            if begun[1] != _digest_of(opening):
                raise Unacceptable("conflict")
            return await access_thread(tx, actor, begun[0])
        if (held := await known_hold(tx, account, board, waiting)) is not None:
            return held
        if not can_begin(actor, board.rule):
            raise Refused("not_allowed")
        await check_unused(tx, actor.person_id, client_id)
        await check_present(tx, actor.person_id)
        why = await check_may_post(tx, account, board, opening.text, now)
        await drop_draft(tx, actor.person_id, new_thread(board.slug))
        if why:
            return await hold(tx, account, board, waiting, why, names.public_id, now)
        number = await put_thread(tx, committed, author_of(account), board, opening, names, now)
        return await access_thread(tx, actor, number)

    outcome: Thread | Held = await engine.committer.run(work)
    return outcome


async def put_thread(
    tx: Transaction,
    committed: Committed,
    author: Author,
    board: KnownBoard,
    opening: Opening,
    names: Names,
    now_ms: int,
) -> int:
    """Make a thread with its first post, and return its number; who may is checked by the caller."""
    await hold_value(tx, NUMBERS)
    row = await tx.one(q.NEXT_NUMBER)
    number = int(row[0]) if row else 1
    stamp = await tx.stamp()
    made = await tx.one(
        q.INSERT_CHANNEL,
        public_id=names.public_id,
        creator_id=author.id,
        client_id=names.client_id,
        title=opening.title,
        created_at=now_ms,
        stamp=stamp,
    )
    channel_id = made[0] if made else 0
    await tx.run(
        q.INSERT,
        channel_id=channel_id,
        number=number,
        board_id=board.id,
        author_id=author.id,
        kind=opening.kind,
        hot=hot(0, now_ms),
        created_at=now_ms,
    )
    await tx.run(board_queries.COUNT_THREADS, key=board.id, change=1)
    post = NewPost(channel_id, opening.source, names.client_id, None, _digest_of(opening), opening.files)
    await put_post(tx, committed, author, post, now_ms)
    await tx.run(q.SET_PLACE, key=channel_id, at_seq=1, new_branch=ROOT.branch, new_path=ROOT.path)
    if opening.tags:
        await put_tags(tx, channel_id, opening.tags)
    if opening.poll is not None:
        await put_poll(tx, channel_id, opening.poll, now_ms)
    committed.news.add((board.public_id, number))
    place = Place(channel_id, number, 1, board.rule, author.id)
    await tell_of_post(tx, committed, place, opening.source.body, now_ms)
    await tell_watchers(tx, committed, place, now_ms)
    return number


def _digest_of(opening: Opening) -> str:
    """What a repeat of the form must have in common with what was first sent."""
    return ids.digest(orjson.dumps(opening.payload).decode())


class NewPost(NamedTuple):
    """A post that is written."""

    channel_id: int
    source: Source
    client_id: str
    parent: int | None
    digest: str
    """What a repeat under the same ``client_id`` must have in common with it."""
    files: tuple[str, ...] = ()


async def put_post(tx: Transaction, committed: Committed, author: Author, post: NewPost, now_ms: int) -> int:
    """Append a post to its channel, with what it looks like, and return its ``seq``; who may is checked by the caller.

    Raises:
        ProductError: what the channel's log refuses: ``channel_closed``, ``conflict``, ``no_such_file``.
    """
    op = SendMessage(
        post.channel_id,
        author,
        "member",
        post.client_id,
        post.digest,
        "text",
        post.source.body,
        post.parent,
        None,
        now_ms,
        lambda _: None,
        post.files,
        author.id,
    )
    ((_, outcome),) = await apply(tx, [op], committed)
    if isinstance(outcome, Exception):
        raise outcome
    await keep_rendering(tx, post.channel_id, outcome.seq, post.source)
    if outcome.seq == 1:
        await tell_thread(tx, committed, post.channel_id, "thread.created")
    await tell_thread(tx, committed, post.channel_id, "post.created", outcome.seq)
    await keep_place(tx, author.id, post.channel_id, outcome.seq)
    await follow_own(tx, author.id, post.channel_id, now_ms)
    return int(outcome.seq)
