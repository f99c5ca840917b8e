"""Posts that wait for a moderator: who sees them, and what becomes of them (S46).

They stand in a table of their own under the key of the form that sent them, and with it they are sent, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import record
from widget_server.actions.boards import access_board, access_boards
from widget_server.actions.conduct import account_of, tell
from widget_server.actions.held_files import files_named
from widget_server.actions.polls import NewPoll
from widget_server.actions.posts import Answer, Reply, access_parent, check_reply, digest_of, put_reply
from widget_server.actions.rendering import source_of
from widget_server.actions.reports import PAGE, scope_of
from widget_server.actions.silences import check_not_silenced
from widget_server.actions.threads import (
    BODY_CHARS,
    Names,
    Opening,
    Thread,
    access_thread,
    author_of,
    hold_thread,
    put_thread,
    thread_of,
)
from widget_server.core.boards import can_begin, can_moderate
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.text import preview
from widget_server.store.locks import lock_channels
from widget_server.store.queries import forwards as forward_queries
from widget_server.store.queries import reviews as q
from widget_server.store.queries import threads as thread_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.rendering import Source
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import Committed

OWN_MAX: Final = 50
SENT: Final = "sent"
REFUSED: Final = "refused"


_CALLED_CHARS: Final = 60


class HeldPost(NamedTuple):
    """A post that waits, or waited."""

    public_id: str
    kind: str
    payload: Mapping[str, Any]
    why: str
    """``first``, ``links``, or ``word:`` with the phrase."""
    created_at: int
    author_public_id: str
    author_name: str | None
    board_id: int
    board_slug: str
    board_name: str
    number: int | None
    """Of the thread that it answers."""
    thread_title: str | None
    verdict: str | None

    @property
    def title(self) -> str:
        """What it is called: its own title, or that of the thread that it answers."""
        return str(self.payload.get("title") or self.thread_title or "")

    @property
    def file_names(self) -> list[str]:
        """The files that it will carry, by their public ids."""
        return list(self.payload.get("files", ()))

    @property
    def body(self) -> str:
        """Its source."""
        return str(self.payload.get("body", ""))


def _held_of(row: Row) -> HeldPost:
    return HeldPost._make([*row[:2], orjson.loads(row[2]), *row[3:]])


async def list_held(tx: Transaction, actor: Actor, page: int) -> list[HeldPost]:
    """Return what waits on the actor's boards, the oldest first: one more than a page where others follow."""
    scope = {name: value for name, value in scope_of(tx, actor).items() if name in {"every_board", "boards"}}
    rows = await tx.all(q.HELD, limit=PAGE + 1, skipped=(page - 1) * PAGE, **scope)
    return [_held_of(row) for row in rows]


async def list_own(db: Database, actor: Actor) -> list[HeldPost]:
    """Return what ``actor`` wrote that waits or was decided on, the newest first.

    Where it waits on a board that they may not read (any more), neither the board nor the thread is named.
    """

    async def read(tx: Transaction) -> list[HeldPost]:
        readable = {board.id for board in await access_boards(tx, actor)}
        held = [_held_of(row) for row in await tx.all(q.OWN, author_id=actor.person_id, limit=OWN_MAX)]
        return [
            each if each.board_id in readable else each._replace(board_slug="", board_name="", thread_title=None)
            for each in held
        ]

    return await db.read(read)


class Outcome(NamedTuple):
    """What became of a held post; another moderator may have been first."""

    verdict: str
    path: str | None
    """Where it stands now, where this call has sent it."""


class _Row(NamedTuple):
    board_id: int
    channel_id: int | None
    author_id: int
    client_id: str
    kind: str
    payload: str
    verdict: str | None


async def do_approve(engine: Engine, actor: Actor, public_id: str) -> Outcome:
    """Send a held post, as its author, under the key that it has. Of two who approve at once one sends it.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for one of another's board.
        Unacceptable: ``author_may_not`` where its author was banned or silenced meanwhile, lost the right or is gone;
            ``thread_locked``, ``removed`` for the thread that it answers.
    """
    now = engine.clock.now_ms()
    name = engine.clock.uuid()
    row = await engine.database.read(lambda tx: tx.one(q.READ, public_id=public_id))
    if row is None:
        raise Refused("not_found")
    source = await source_of(engine, str(orjson.loads(row[0])["body"]), BODY_CHARS, required=False)
    channel_id: int | None = row[1]

    async def work(tx: Transaction, committed: Committed) -> Outcome:
        # The thread before the post that waits for it: in the order in which moving a thread takes them.
        if channel_id is not None:
            await lock_channels(tx, [channel_id])
        held = await _access(tx, actor, public_id)
        if held.verdict is not None:
            return Outcome(held.verdict, None)
        author = await _access_author(tx, engine, held, now)
        if held.kind == "thread":
            thread, seq = await _send_thread(tx, committed, author, held, source, Names(name, held.client_id), now)
        else:
            thread, seq = await _send_reply(tx, committed, author, held, source, now)
        await _decide(tx, actor, held, public_id, SENT, now)
        await tell(
            tx, committed, author, "held_sent", {"title": thread.title}, now, channel_id=thread.channel_id, seq=seq
        )
        return Outcome(SENT, f"{thread.path}#post-{seq}")

    outcome: Outcome = await engine.committer.run(work)
    return outcome


async def do_refuse(engine: Engine, actor: Actor, public_id: str, reason: str) -> Outcome:
    """Refuse a held post, and tell its author why. Harmless to repeat.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for one of another's board.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> Outcome:
        held = await _access(tx, actor, public_id)
        if held.verdict is not None:
            return Outcome(held.verdict, None)
        await _decide(tx, actor, held, public_id, REFUSED, now)
        author = await account_of(tx, held.author_id)
        if author is not None:
            told = {"title": await _called(tx, orjson.loads(held.payload)), "text": reason}
            await tell(tx, committed, author, "held_refused", told, now)
        return Outcome(REFUSED, None)

    outcome: Outcome = await engine.committer.run(work)
    return outcome


async def _called(tx: Transaction, payload: Mapping[str, Any]) -> str:
    """Return what a post that waits is called: its title, else how it begins, else the files that it is made of."""
    said = str(payload.get("title") or payload.get("body") or "")
    if not said:
        files = await files_named(tx, payload.get("files", ()))
        said = ", ".join(file.name for file in files.values())
    return preview(said, _CALLED_CHARS)


async def _access(tx: Transaction, actor: Actor, public_id: str) -> _Row:
    row = await tx.one(q.TO_DECIDE, public_id=public_id)
    if row is None:
        raise Refused("not_found")
    held = _Row(*row)
    if not can_moderate(await rights_now(tx, actor), held.board_id):
        raise Refused("not_allowed")
    return held


async def _access_author(tx: Transaction, engine: Engine, held: _Row, now: int) -> Account:
    """Return who wrote it, if they may still write there."""
    author = await account_of(tx, held.author_id)
    ban = engine.bans.find(person_id=held.author_id, token_hash=None, address="", now_ms=now)
    if author is None or ban is not None:
        raise Unacceptable("author_may_not")
    try:
        await check_not_silenced(tx, author.person_id, held.board_id, now)
    except Refused:
        raise Unacceptable("author_may_not") from None
    return author


async def _send_thread(
    tx: Transaction, committed: Committed, author: Account, held: _Row, source: Source, names: Names, now: int
) -> tuple[Thread, int]:
    row = await tx.one(q.BOARD, key=held.board_id)
    try:
        board = await access_board(tx, author.actor, row[0] if row else "")
    except Refused:
        raise Unacceptable("author_may_not") from None
    if not can_begin(author.actor, board.rule):
        raise Unacceptable("author_may_not")
    payload = orjson.loads(held.payload)
    poll = None if payload["poll"] is None else NewPoll(**payload["poll"])
    opening = Opening(
        payload["title"], payload["kind"], source, tuple(payload["tags"]), poll, tuple(payload.get("files", ()))
    )
    number = await put_thread(tx, committed, author_of(author), board, opening, names, now)
    return await access_thread(tx, author.actor, number), 1


async def _send_reply(
    tx: Transaction, committed: Committed, author: Account, held: _Row, source: Source, now: int
) -> tuple[Thread, int]:
    payload = orjson.loads(held.payload)
    channel_id, parent, files = held.channel_id, int(payload["parent"]), tuple(payload.get("files", ()))
    moved = await tx.one(forward_queries.OF_POST, channel_id=channel_id, seq=parent)
    row = await (
        tx.one(thread_queries.BY_CHANNEL, channel_id=channel_id)
        if moved is None
        else tx.one(thread_queries.BY_NUMBER, number=moved[0])
    )
    if row is None:
        raise Refused("not_found")
    thread = thread_of(row)
    if moved is not None:
        parent = moved[1]
        thread = await hold_thread(tx, author.actor, thread.number)
    try:
        check_reply(author.actor, thread)
    except Refused:
        raise Unacceptable("author_may_not") from None
    try:
        above = await access_parent(tx, thread, parent)
    except Unacceptable:
        # What it answers was taken away while it waited: it answers the thread.
        parent, above = 1, await access_parent(tx, thread, 1)
    # A repeat of the form names what it named when it was sent.
    sent = digest_of(Reply(int(payload["parent"]), source, files))
    answer = Answer(source, parent, above, held.client_id, sent, files)
    seq = await put_reply(tx, committed, author_of(author), thread, answer, now)
    return thread, seq


async def _decide(tx: Transaction, actor: Actor, held: _Row, public_id: str, verdict: str, now: int) -> None:
    await tx.run(q.DECIDE_HELD, held=public_id, now=now, by=actor.person_id, new_verdict=verdict)
    await record(
        tx,
        actor.person_id,
        "post.approved" if verdict == SENT else "post.refused",
        "post",
        public_id,
        details={"kind": held.kind},
        board_id=held.board_id,
        now_ms=now,
    )
