"""What moderators do with a thread: pin, lock, move, remove, and all of it back again (S47)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import BoardVerb, record
from widget_server.actions.boards import access_board
from widget_server.actions.changes import access_post
from widget_server.actions.removals import kept_text, put_back, source_again, went_together
from widget_server.actions.thread_heads import tell_head, tell_read_again
from widget_server.actions.threads import Thread, access_thread, hold_thread, take_off
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Permission, may
from widget_server.core.times import check_days
from widget_server.store.queries import boards as board_queries
from widget_server.store.queries import forwards as forward_queries
from widget_server.store.queries import moderation as q
from widget_server.store.queries import relocations as relocation_queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

Pin = Literal["board", "everywhere"]
_PINNED: Final[dict[Pin | None, int]] = {None: 0, "board": 1, "everywhere": 2}
"""As ``thread.pinned`` says it."""
_EVERYWHERE: Final = 2
PIN_DAYS_MAX: Final = 3660
_DAY_MS: Final = 86_400_000


def check_pin_days(text: str) -> int | None:
    """Return after how many days a pin ends by itself; None is never.

    Raises:
        Unacceptable: ``bad_choice`` for anything but a number of them.
    """
    return check_days(text, PIN_DAYS_MAX)


async def hold_moderated(tx: Transaction, actor: Actor, number: int) -> tuple[Actor, Thread]:
    """Return the rights that hold now, and a thread whose channel is held, for whoever moderates its board.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    rights = await rights_now(tx, actor)
    thread = await hold_thread(tx, rights, number)
    if not can_moderate(rights, thread.board.id):
        raise Refused("not_allowed")
    return rights, thread


async def access_moderated(tx: Transaction, actor: Actor, number: int) -> Thread:
    """Return a thread for whoever moderates its board.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    thread = await access_thread(tx, actor, number)
    if not can_moderate(actor, thread.board.id):
        raise Refused("not_allowed")
    return thread


async def do_pin(engine: Engine, actor: Actor, number: int, where: Pin | None, *, days: int | None = None) -> Thread:
    """Let a thread stand above the others of its board or of the front page, for so many days; None: no longer.

    Raises:
        Refused: ``not_found``, ``not_allowed``: everywhere is for those who moderate everything.
    """
    now = engine.clock.now_ms()
    until = None if days is None or where is None else now + days * _DAY_MS

    async def change(tx: Transaction, rights: Actor, thread: Thread, committed: Committed) -> dict[str, Any] | None:
        if _EVERYWHERE in {_PINNED[where], thread.pinned} and not may(rights, Permission.MODERATE):
            raise Refused("not_allowed")
        if (thread.pinned, thread.pinned_until) == (_PINNED[where], until):
            return None
        await tx.run(q.PIN, key=thread.channel_id, new_pinned=_PINNED[where], new_until=until)
        await tell_head(tx, thread.channel_id, committed)
        return {"where": where, "days": days} if where else {}

    return await _do_change(engine, actor, number, "thread.pinned" if where else "thread.unpinned", change, now)


async def do_lock(engine: Engine, actor: Actor, number: int, *, locked: bool) -> Thread:
    """Let nobody answer in a thread any more, or everybody again. Harmless to repeat.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``thread_merged`` for one that is gone into another.
    """
    state = "locked" if locked else "open"

    async def change(tx: Transaction, _: Actor, thread: Thread, committed: Committed) -> dict[str, Any] | None:
        if thread.state == state:
            return None
        await _check_not_merged(tx, thread)
        await tx.run(q.SET_STATE, key=thread.channel_id, new_state=state)
        await tell_head(tx, thread.channel_id, committed)
        return {}

    verb: BoardVerb = "thread.locked" if locked else "thread.unlocked"
    return await _do_change(engine, actor, number, verb, change, engine.clock.now_ms())


async def do_move(engine: Engine, actor: Actor, number: int, slug: str) -> Thread:
    """Move a thread to another board; both are the moderator's. It keeps its number, so old addresses lead to it.

    Raises:
        Refused: ``not_found``, also for the board; ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def change(tx: Transaction, rights: Actor, thread: Thread, committed: Committed) -> dict[str, Any] | None:
        board = await access_board(tx, rights, slug)
        if not can_moderate(rights, board.id):
            raise Refused("not_allowed")
        if board.id == thread.board.id:
            return None
        await tx.run(q.SET_BOARD, key=thread.channel_id, new_board=board.id)
        if thread.removed_at is None:
            # In one order, so that two threads that change places do not wait for one another.
            for key, change in sorted([(thread.board.id, -1), (board.id, 1)]):
                await _count(tx, key, change)
        await tx.run(relocation_queries.FOLLOW_REPORTS, channel_id=thread.channel_id, new_board=board.id)
        await tx.run(relocation_queries.FOLLOW_HELD, channel_id=thread.channel_id, new_board=board.id)
        # Whoever may not read the other board is shut out: everybody comes through the door again.
        await tell_read_again(tx, thread.channel_id, committed)
        told = {"title": thread.title, "from": thread.board.slug, "to": board.slug}
        # Each of the two boards has it in its own log; the one it comes to is told beside the caller's.
        await record(
            tx, actor.person_id, "thread.arrived", "thread", thread.public_id,
            details=told | {"number": number}, board_id=board.id, now_ms=now,
        )  # fmt: skip
        return told

    return await _do_change(engine, actor, number, "thread.moved", change, now)


async def do_remove_thread(engine: Engine, actor: Actor, number: int) -> Thread:
    """Take a thread away from everybody but its moderators. Harmless to repeat.

    What its author has deleted becomes removed: then only a moderator brings it back.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def change(tx: Transaction, _: Actor, thread: Thread, committed: Committed) -> dict[str, Any] | None:
        if thread.removed_at is not None and thread.removed_by != thread.author_id:
            return None
        await take_off(tx, thread, now, actor.person_id)
        await tell_read_again(tx, thread.channel_id, committed)
        return {}

    return await _do_change(engine, actor, number, "thread.removed", change, now)


async def do_restore_thread(engine: Engine, actor: Actor, number: int) -> Thread:
    """Bring a removed thread back, with its first post where one deed took both. Harmless to repeat.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``thread_merged`` for one that is gone into another; ``removed`` where the text of a first post
            that went with it is kept no longer; ``edit_conflict`` where that has changed meanwhile.
    """
    now = engine.clock.now_ms()

    async def text_of(tx: Transaction) -> str | None:
        thread = await access_thread(tx, actor, number)
        first = await access_post(tx, thread, 1)
        return await kept_text(tx, first) if went_together(thread, first) else None

    source = await source_again(engine, text_of)

    async def change(tx: Transaction, _: Actor, thread: Thread, committed: Committed) -> dict[str, Any] | None:
        if thread.removed_at is None:
            return None
        await _check_not_merged(tx, thread)
        first = await access_post(tx, thread, 1)
        if not went_together(thread, first):
            await take_off(tx, thread, None, None)
            await tell_head(tx, thread.channel_id, committed)
        elif source is None:
            raise Unacceptable("edit_conflict")
        else:
            await put_back(tx, committed, actor, thread, first, source, now)
        return {}

    return await _do_change(engine, actor, number, "thread.restored", change, now)


async def _do_change(
    engine: Engine,
    actor: Actor,
    number: int,
    verb: BoardVerb,
    change: Callable[[Transaction, Actor, Thread, Committed], Awaitable[dict[str, Any] | None]],
    now: int,
) -> Thread:
    """Run ``change`` on the thread, held; what the log says of it comes back, or None where nothing has changed."""

    async def work(tx: Transaction, committed: Committed) -> Thread:
        rights, thread = await hold_moderated(tx, actor, number)
        told = await change(tx, rights, thread, committed)
        if told is not None:
            await record_deed(tx, actor, verb, thread, told, now)
        return await access_thread(tx, rights, number)

    changed: Thread = await engine.committer.run(work)
    return changed


async def record_deed(
    tx: Transaction, actor: Actor, verb: BoardVerb, thread: Thread, details: dict[str, Any], now_ms: int
) -> None:
    """Write what was done with a thread into the log, of its board too."""
    await record(
        tx,
        actor.person_id,
        verb,
        "thread",
        thread.public_id,
        details={"number": thread.number, "title": thread.title} | details,
        board_id=thread.board.id,
        now_ms=now_ms,
    )


async def _count(tx: Transaction, board_id: int, change: int) -> None:
    await tx.run(board_queries.COUNT_THREADS, key=board_id, change=change)


async def _check_not_merged(tx: Transaction, thread: Thread) -> None:
    if await tx.one(forward_queries.OF_POST, channel_id=thread.channel_id, seq=1) is not None:
        raise Unacceptable("thread_merged")
