"""Taking posts away and bringing them back: by their authors, or by the moderators of the board (S0.19, S4.09).

The text leaves the post at once, a tombstone keeps its place, and the answers below it stay readable. Who removed it
decides who may bring it back: an author what they removed themselves, for a day; moderators everything.

The post that opens a thread: a moderator's removal takes the whole thread off its board, an author's only while nobody
has answered. Else the answers stay, under the tombstone, because they are not the author's to remove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import BoardVerb, record
from widget_server.actions.changes import (
    StoredPost,
    Text,
    access_post,
    change_text,
    publish,
    restated,
)
from widget_server.actions.rendering import keep_rendering, source_of
from widget_server.actions.silences import check_not_silenced
from widget_server.actions.thread_heads import next_version
from widget_server.actions.threads import BODY_CHARS, Thread, access_thread, hold_thread, take_off
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.text import check_line
from widget_server.store.queries import posts as q
from widget_server.store.queries.batch import CHANGE_MESSAGE
from widget_server.store.queries.relocations import RECOUNT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.engine import Engine
    from widget_server.actions.rendering import Source
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_REASON_CHARS: Final = 200
UNDO_MS: Final = 86_400_000
"""How long an author may bring back what they removed."""


class Removal(NamedTuple):
    """What became of a post."""

    thread: Thread
    """As it is now."""
    is_whole: bool
    """Whether the thread went with it, or came back."""


def can_remove(actor: Actor, thread: Thread, author_id: int) -> bool:
    """Whether ``actor`` may take away a post that ``author_id`` wrote: its author, and who moderates the board."""
    return (actor.person_id != 0 and actor.person_id == author_id) or can_moderate(actor, thread.board.id)


def takes_thread(thread: Thread, seq: int, *, is_own: bool) -> bool:
    """Whether the whole thread goes with this post."""
    return seq == 1 and (not is_own or thread.replies == 0)


def check_restore(
    actor: Actor, thread: Thread, author_id: int, removed_by: int | None, removed_at: int, now_ms: int
) -> None:
    """See that ``actor`` may bring a removed post back.

    Raises:
        Refused: ``not_allowed``.
        Unacceptable: ``undo_over`` for an author who comes too late.
    """
    if can_moderate(actor, thread.board.id):
        return
    if actor.person_id == 0 or not actor.person_id == author_id == removed_by:
        raise Refused("not_allowed")
    if now_ms - removed_at > UNDO_MS:
        raise Unacceptable("undo_over")


def check_removal_reason(text: str) -> str:
    """Return why a post is removed, for the log. Raises ``Unacceptable``."""
    return check_line(text, max_chars=_REASON_CHARS)


class ToRemove(NamedTuple):
    """What is asked before a post is taken away."""

    thread: Thread
    seq: int
    is_own: bool
    """Whether it is its author who asks."""
    takes_thread: bool
    """Whether the whole thread would go with it."""


async def read_to_remove(tx: Transaction, actor: Actor, number: int, seq: int) -> ToRemove:
    """Return what becomes of a post that is removed, for whoever may do it.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    thread = await access_thread(tx, actor, number)
    post = await access_post(tx, thread, seq)
    if not can_remove(actor, thread, post.author_id):
        raise Refused("not_allowed")
    is_own = post.author_id == actor.person_id
    return ToRemove(thread, seq, is_own, takes_thread(thread, seq, is_own=is_own))


async def do_remove_post(engine: Engine, actor: Actor, number: int, seq: int, *, reason: str = "") -> Removal:
    """Take a post away. Harmless to repeat.

    What its author has deleted becomes removed: then only a moderator brings it back.

    Args:
        engine: the works.
        actor: its author, or a moderator of the board.
        number: the thread's.
        seq: the post's place.
        reason: a moderator's, for the log.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> Removal:
        rights = await rights_now(tx, actor)
        thread = await hold_thread(tx, rights, number)
        is_whole = await put_removal(tx, committed, rights, thread, seq, reason, now)
        return Removal(await access_thread(tx, rights, number), is_whole)

    removal: Removal = await engine.committer.run(work)
    return removal


async def put_removal(
    tx: Transaction, committed: Committed, actor: Actor, thread: Thread, seq: int, reason: str, now: int
) -> bool:
    """Take a post of a held thread away (:func:`do_remove_post`), by who may now; whether the thread went with it.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    post = await access_post(tx, thread, seq)
    if not can_remove(actor, thread, post.author_id):
        raise Refused("not_allowed")
    is_own = post.author_id == actor.person_id
    if post.removed_at is not None:
        if not is_own and post.removed_by == post.author_id:
            await _take_over(tx, committed, thread, post, actor.person_id)
            await _record(tx, actor, thread, "post.removed", seq, reason, now)
        return False
    is_whole = takes_thread(thread, seq, is_own=is_own)
    version = await next_version(tx, thread.channel_id)
    state = await change_text(tx, post, Text("", now, actor.person_id), actor.person_id, version, now)
    if is_whole and thread.removed_at is None:
        await take_off(tx, thread, now, actor.person_id)
    elif thread.accepted_seq == seq:
        await tx.run(q.SET_ACCEPTED, key=thread.channel_id, new_accepted=None)
    await tx.run(RECOUNT, key=thread.channel_id)
    if not is_own:
        await _record(tx, actor, thread, "post.removed", seq, reason, now)
    await publish(tx, committed, thread, version, [state], with_head=True)
    return is_whole


async def _take_over(tx: Transaction, committed: Committed, thread: Thread, post: StoredPost, by: int) -> None:
    """Make what its author deleted removed by ``by``, with the thread where that went with it."""
    version = await next_version(tx, thread.channel_id)
    await tx.run(
        CHANGE_MESSAGE,
        key=post.no,
        new_body=post.body,
        new_revision=post.revision,
        new_version=version,
        new_removed_at=post.removed_at,
        new_removed_by=by,
    )
    if post.seq == 1 and thread.removed_by == post.author_id:
        await take_off(tx, thread, thread.removed_at, by)
    await publish(tx, committed, thread, version, [restated(post, version)], with_head=True)


async def do_restore_post(engine: Engine, actor: Actor, number: int, seq: int) -> Removal:
    """Bring a removed post back, with the text that it had. Restoring what is there changes nothing.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for what somebody else removed; ``silenced``, ``silenced_until``.
        Unacceptable: ``undo_over``; ``removed`` where its text is kept no longer.
    """
    now = engine.clock.now_ms()

    async def text_of(tx: Transaction) -> str | None:
        thread = await access_thread(tx, actor, number)
        post = await access_post(tx, thread, seq)
        if post.removed_at is None:
            return None
        check_restore(actor, thread, post.author_id, post.removed_by, post.removed_at, now)
        return await kept_text(tx, post)

    source = await source_again(engine, text_of)

    async def work(tx: Transaction, committed: Committed) -> Removal:
        rights = await rights_now(tx, actor)
        thread = await hold_thread(tx, rights, number)
        post = await access_post(tx, thread, seq)
        if post.removed_at is None or source is None:
            return Removal(thread, is_whole=False)
        check_restore(rights, thread, post.author_id, post.removed_by, post.removed_at, now)
        if not can_moderate(rights, thread.board.id):
            await check_not_silenced(tx, actor.person_id, thread.board.id, now)
        is_whole = went_together(thread, post)
        await put_back(tx, committed, actor, thread, post, source, now)
        if post.author_id != actor.person_id:
            await _record(tx, actor, thread, "post.restored", seq, "", now)
        return Removal(await access_thread(tx, rights, number), is_whole)

    removal: Removal = await engine.committer.run(work)
    return removal


def went_together(thread: Thread, post: StoredPost) -> bool:
    """Whether the thread and its first post were taken away by one deed, and so come back by one.

    What its author had deleted before a moderator removed the thread is not the moderator's to bring back with it.
    """
    is_first = post.seq == 1 and not post.is_tombstone and post.removed_at is not None
    return is_first and (post.removed_at, post.removed_by) == (thread.removed_at, thread.removed_by)


async def source_again(engine: Engine, text: Callable[[Transaction], Awaitable[str | None]]) -> Source | None:
    """Return what a removed post will look like, read and rendered before the transaction that brings it back."""
    body = await engine.database.read(text)
    return None if body is None else await source_of(engine, body, BODY_CHARS, required=False)


async def put_back(
    tx: Transaction, committed: Committed, actor: Actor, thread: Thread, post: StoredPost, source: Source, now: int
) -> None:
    """Give a removed post its text again, and its thread back to the board where they :func:`went_together`.

    Who may is checked by the caller, who holds the thread.

    Raises:
        Unacceptable: ``removed`` where the text is kept no longer; ``edit_conflict`` where it is not ``source``.
    """
    if await kept_text(tx, post) != source.body:
        raise Unacceptable("edit_conflict")
    version = await next_version(tx, thread.channel_id)
    state = await change_text(tx, post, Text(source.body), actor.person_id, version, now)
    if not source.body and "files" not in state:
        # It was nothing but files, which its author has deleted with it.
        raise Unacceptable("removed")
    await keep_rendering(tx, thread.channel_id, post.seq, source)
    if went_together(thread, post):
        await take_off(tx, thread, None, None)
    await tx.run(RECOUNT, key=thread.channel_id)
    await publish(tx, committed, thread, version, [state], with_head=True)


async def kept_text(tx: Transaction, post: StoredPost) -> str:
    """Return the text that a removal took out of the post.

    Raises:
        Unacceptable: ``removed`` where it is kept no longer.
    """
    row = await tx.one(q.REVISION, no=post.no, revision=post.revision - 1)
    if row is None or row[0] is None:
        raise Unacceptable("removed")
    return str(row[0])


async def _record(
    tx: Transaction, actor: Actor, thread: Thread, verb: BoardVerb, seq: int, reason: str, now: int
) -> None:
    details = {"seq": seq, "number": thread.number} | ({"reason": reason} if reason else {})
    await record(
        tx,
        actor.person_id,
        verb,
        "thread",
        thread.public_id,
        details=details,
        board_id=thread.board.id,
        now_ms=now,
    )
