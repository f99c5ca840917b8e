"""Posts: answering in a thread."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from widget_server.actions.drafts import drop_draft, reply_in
from widget_server.actions.holds import Held, Waiting, check_may_post, check_present, hold, known_hold
from widget_server.actions.notices import place_of, tell_of_post, tell_watchers
from widget_server.actions.threads import NewPost, Thread, access_thread, author_of, hold_thread, put_post, thread_of
from widget_server.core import ids
from widget_server.core.boards import can_reply
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.tree import ROOT, Place, place_under
from widget_server.store.queries import forwards as forward_queries
from widget_server.store.queries import posts as post_queries
from widget_server.store.queries import threads as q

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.rendering import Source
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Author, Committed


class Reply(NamedTuple):
    """An answer, checked and rendered; ``parent`` is the ``seq`` that it answers, 1 for the thread itself."""

    parent: int
    source: Source
    files: tuple[str, ...] = ()
    """Public ids of what it carries."""

    @property
    def payload(self) -> dict[str, Any]:
        """All of it but what it looks like, as it is kept while it waits for a moderator."""
        return {"parent": self.parent, "body": self.source.body} | ({"files": list(self.files)} if self.files else {})


class Replied(NamedTuple):
    """Where an answer stands."""

    thread: Thread
    seq: int


async def do_reply(engine: Engine, account: Account, number: int, reply: Reply, client_id: str) -> Replied | Held:
    """Answer in a thread. Harmless to repeat with the same ``client_id``, also once the thread is locked.

    Raises:
        Refused: ``not_found`` for the thread, ``not_allowed``; what :func:`check_may_post` refuses.
        Unacceptable: ``thread_locked``; ``no_such_post`` where ``parent`` is not one of this thread's (S4.08), or gone;
            ``conflict`` where something else was sent under this id.
    """
    now = engine.clock.now_ms()
    held_id = engine.clock.uuid()
    actor = account.actor
    payload = reply.payload

    async def work(tx: Transaction, committed: Committed) -> Replied | Held:
        thread, answered = await _hold_answered(tx, actor, number, reply.parent)
        board, waiting = thread.board, Waiting("reply", client_id, thread.channel_id, payload)
        sent = await tx.one(post_queries.SENT, client_id=client_id, author_id=actor.person_id)
        if sent is not None:
            return await _repeated(tx, actor, thread, sent, digest_of(reply))
        if (held := await known_hold(tx, account, board, waiting)) is not None:
            return held
        check_reply(actor, thread)
        await check_present(tx, actor.person_id)
        why = await check_may_post(tx, account, board, reply.source.body, now)
        parent = await access_parent(tx, thread, answered)
        await drop_draft(tx, actor.person_id, reply_in(number))
        if why:
            return await hold(tx, account, board, waiting, why, held_id, now)
        answer = Answer(reply.source, answered, parent, client_id, digest_of(reply), reply.files)
        return Replied(thread, await put_reply(tx, committed, author_of(account), thread, answer, now))

    replied: Replied | Held = await engine.committer.run(work)
    return replied


async def access_parent(tx: Transaction, thread: Thread, seq: int) -> Place:
    """Return where a post of this thread stands that can be answered.

    Raises:
        Unacceptable: ``no_such_post`` for one that is not this thread's, or gone.
    """
    row = await tx.one(q.PLACE, channel_id=thread.channel_id, seq=seq)
    if row is None or row[2] is not None:
        raise Unacceptable("no_such_post")
    return Place(row[0] or 0, row[1] or "") if seq > 1 else ROOT


async def _hold_answered(tx: Transaction, actor: Actor, number: int, parent: int) -> tuple[Thread, int]:
    """Hold the thread that an answer belongs to, and say what it answers there.

    A thread that was merged while somebody wrote, or while an answer was on its way, is answered where it went.

    Raises:
        Refused: ``not_found``.
    """
    thread = None
    with suppress(Refused):
        thread = await hold_thread(tx, actor, number)
    if thread is not None and thread.removed_at is None:
        return thread, parent
    whole = await tx.one(forward_queries.FROM_NUMBER, number=number, seq=1)
    if whole is not None:
        moved = await tx.one(forward_queries.FROM_NUMBER, number=number, seq=parent)
        into, place = moved or whole
        return await hold_thread(tx, actor, into), place
    if thread is None:
        raise Refused("not_found")
    return thread, parent


async def _repeated(tx: Transaction, actor: Actor, thread: Thread, sent: Row, digest: str) -> Replied:
    """Say where what was sent before stands by now: moderators may have put it elsewhere meanwhile."""
    channel_id, seq, known = sent
    if known != digest:
        raise Unacceptable("conflict")
    if channel_id == thread.channel_id:
        return Replied(thread, seq)
    if await tx.one(forward_queries.BETWEEN, channel_id=thread.channel_id, to_channel_id=channel_id, seq=seq) is None:
        raise Unacceptable("conflict")
    row = await tx.one(q.BY_CHANNEL, channel_id=channel_id)
    return Replied(await access_thread(tx, actor, thread_of(row).number if row else 0), seq)


class Answer(NamedTuple):
    """An answer as it is written."""

    source: Source
    parent: int
    """The ``seq`` that it answers in the thread where it comes to stand."""
    above: Place
    """Where that stands."""
    client_id: str
    digest: str
    """What a repeat must have in common with it, wherever the thread is by then: :func:`digest_of`."""
    files: tuple[str, ...] = ()


async def put_reply(
    tx: Transaction, committed: Committed, author: Author, thread: Thread, answer: Answer, now_ms: int
) -> int:
    """Write an answer into a thread that this transaction holds, and return its ``seq``; the caller checked who may."""
    post = NewPost(thread.channel_id, answer.source, answer.client_id, answer.parent, answer.digest, answer.files)
    seq = await put_post(tx, committed, author, post, now_ms)
    place = place_under(answer.above, answer.parent, seq)
    await tx.run(q.SET_PLACE, key=thread.channel_id, at_seq=seq, new_branch=place.branch, new_path=place.path)
    await tx.run(q.REPLIED, key=thread.channel_id, new_author=author.id, at=now_ms)
    committed.news.add((thread.board.public_id, thread.number))
    told = place_of(thread, seq, author.id)
    await tell_of_post(tx, committed, told, answer.source.body, now_ms, answered=answer.parent)
    await tell_watchers(tx, committed, told, now_ms)
    return seq


def digest_of(reply: Reply) -> str:
    """What a repeat of an answer must have in common with what was first sent."""
    files = f"\x00{' '.join(reply.files)}" if reply.files else ""
    return ids.digest(f"{reply.parent}\x00{reply.source.body}{files}")


def check_reply(actor: Actor, thread: Thread) -> None:
    """See that ``actor`` may answer in the thread.

    Raises:
        Refused: ``not_allowed``.
        Unacceptable: ``thread_locked``, for moderators too: they open it first; ``removed``.
    """
    if not can_reply(actor, thread.board.rule):
        raise Refused("not_allowed")
    if thread.removed_at is not None:
        raise Unacceptable("removed")
    if thread.state != "open":
        raise Unacceptable("thread_locked")
