"""What stands over a thread and is changed by who began it, or moderates its board: title, kind, tags, the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import BoardVerb, record
from widget_server.actions.changes import access_post
from widget_server.actions.edits import check_edit
from widget_server.actions.holds import check_may_post
from widget_server.actions.notices import place_of, tell_accepted
from widget_server.actions.tags import put_tags, read_tags
from widget_server.actions.thread_heads import tell_head
from widget_server.actions.threads import Thread, access_thread, hold_thread
from widget_server.core.errors import Refused, Unacceptable
from widget_server.store.queries import posts as q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.threads import Kind
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


class Facts(NamedTuple):
    """What stands over a thread, checked."""

    title: str
    kind: Kind
    tags: Sequence[str]


async def read_facts(tx: Transaction, actor: Actor, number: int) -> tuple[Thread, Facts]:
    """Return a thread with what stands over it, for whoever may change that.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``edit_locked``.
    """
    thread = await access_thread(tx, actor, number)
    check_edit(actor, thread, thread.author_id)
    tags = await read_tags(tx, [thread.channel_id])
    return thread, Facts(thread.title, thread.kind, tags.get(thread.channel_id, []))


async def do_change_thread(engine: Engine, account: Account, number: int, facts: Facts) -> Thread:
    """Set a thread's title, kind and tags (S0.07). A question that becomes a discussion has no accepted answer.

    Raises:
        Refused: ``not_found``, ``not_allowed``; what :func:`check_may_post` refuses.
        Unacceptable: ``edit_locked``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> Thread:
        rights = await rights_now(tx, account.actor)
        await hold_thread(tx, rights, number)
        thread, before = await read_facts(tx, rights, number)
        if (facts.title, facts.kind, sorted(facts.tags)) == (before.title, before.kind, sorted(before.tags)):
            return thread
        text = "\n".join((facts.title, *facts.tags))
        await check_may_post(tx, account, thread.board, text, now, is_edit=True)
        accepted = thread.accepted_seq if facts.kind == "question" else None
        await tx.run(q.SET_TITLE, key=thread.channel_id, new_title=facts.title)
        await tx.run(q.SET_FACTS, key=thread.channel_id, new_kind=facts.kind, new_accepted=accepted)
        await put_tags(tx, thread.channel_id, facts.tags)
        if thread.author_id != account.person_id:
            details = {"number": number, "title": facts.title, "before": before.title}
            await _record(tx, account, thread, "thread.changed", details, now)
        await tell_head(tx, thread.channel_id, committed)
        return await access_thread(tx, rights, number)

    changed: Thread = await engine.committer.run(work)
    return changed


async def do_accept(engine: Engine, account: Account, number: int, seq: int | None) -> Thread:
    """Say which reply answers a question; None: none of them. Its author is told.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for who neither asked nor moderates.
        Unacceptable: ``not_an_answer``, ``edit_locked``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> Thread:
        rights = await rights_now(tx, account.actor)
        thread = await hold_thread(tx, rights, number)
        check_edit(rights, thread, thread.author_id)
        if thread.accepted_seq == seq:
            return thread
        if seq is not None:
            await _check_answer(tx, thread, seq)
        await tx.run(q.SET_ACCEPTED, key=thread.channel_id, new_accepted=seq)
        if seq is not None:
            await tell_accepted(tx, committed, place_of(thread, seq, account.person_id), now)
        if thread.author_id != account.person_id:
            verb: BoardVerb = "thread.unanswered" if seq is None else "thread.answered"
            await _record(tx, account, thread, verb, {"number": number, "seq": seq or thread.accepted_seq}, now)
        await tell_head(tx, thread.channel_id, committed)
        return await access_thread(tx, rights, number)

    changed: Thread = await engine.committer.run(work)
    return changed


async def _check_answer(tx: Transaction, thread: Thread, seq: int) -> None:
    if thread.kind != "question" or seq == 1:
        raise Unacceptable("not_an_answer")
    try:
        post = await access_post(tx, thread, seq)
    except Refused:
        raise Unacceptable("no_such_post") from None
    if post.removed_at is not None:
        raise Unacceptable("no_such_post")


async def _record(
    tx: Transaction, account: Account, thread: Thread, verb: BoardVerb, details: dict[str, object], now: int
) -> None:
    await record(
        tx,
        account.person_id,
        verb,
        "thread",
        thread.public_id,
        details=details,
        board_id=thread.board.id,
        now_ms=now,
    )
