"""Sending, changing and reading messages, and the receipts of who has seen them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from widget_server.actions.access import Access, access_channel
from widget_server.actions.actors import Actor, Member, Reader
from widget_server.actions.engine import Engine
from widget_server.core import ids
from widget_server.core.errors import ProductError, Refused
from widget_server.core.permissions import Permission, may
from widget_server.protocol import encode
from widget_server.protocol import frames as f
from widget_server.protocol.effects import Sent
from widget_server.store.database import Transaction
from widget_server.store.queries import messages as q
from widget_server.store.queries.messages import message_state
from widget_server.store.records import Author, ChangeMessage, RaiseMarks, SendMessage, State

_END: Final = 2**53

Answer = Callable[[Sent | ProductError], None]
"""Takes the outcome on the loop, after the commit."""


def author_of(actor: Actor | Member, access: Access) -> Author:
    """The person as whom the actor writes.

    On the visitor's side that is the visitor who began the conversation, on whichever device and by whichever way they
    come now: so a message that is sent again is known again, and a site never learns who else they are.

    :raises Refused: ``not_found`` for a visitor of whom nothing is stored.
    """
    if actor.author is None:
        raise Refused("not_found")
    visitor = access.visitor
    return actor.author if visitor is None or visitor.id == actor.author.id else visitor


def digest_of(frame: f.Send) -> str:
    """What a repeat under the same client id must have in common with what was first sent."""
    if frame.parent is None and frame.after_seq is None and not frame.files:
        return ids.digest(frame.body)
    files = f"{' '.join(frame.files)}\x00" if frame.files else ""
    return ids.digest(f"{files}{frame.parent}\x00{frame.after_seq}\x00{frame.body}")


def kind_of(frame: f.Send) -> str:
    """Of which kind a message is: one that is nothing but files is a ``file``."""
    return "text" if frame.body else "file"


def do_send(engine: Engine, actor: Actor | Member, access: Access, frame: f.Send, answer: Answer) -> None:
    """Append the message; ``frame.body`` has been checked by the session.

    :raises Refused: ``not_allowed`` for a thread: its posts come by pages and programs, which look at its board; and
        for whoever may not write in a room.
    :raises ProductError: when the queue cannot take it; otherwise ``answer`` gets the outcome.
    """
    _check_talk(access)
    engine.committer.submit(
        SendMessage(
            access.channel_id,
            author_of(actor, access),
            access.side,
            frame.client_id,
            digest_of(frame),
            kind_of(frame),
            frame.body,
            frame.parent,
            frame.after_seq if access.kind == "staff" else None,
            engine.clock.now_ms(),
            answer,
            frame.files,
            actor.author.id if actor.author is not None else 0,
            _is_ruled(actor, access),
        )
    )


def _is_ruled(actor: Actor | Member, access: Access) -> bool:
    """Whether the rules for what members write are asked: in rooms, and not of who moderates everything."""
    return access.kind == "room" and not (isinstance(actor, Reader) and may(actor.rights, Permission.MODERATE))


def do_edit(engine: Engine, actor: Actor, access: Access, frame: f.Edit, answer: Answer) -> None:
    """Give one's own message a new text; the earlier one is kept for staff."""
    _change(engine, actor, access, frame.seq, frame.revision, frame.body, answer)


def do_remove(engine: Engine, actor: Actor, access: Access, frame: f.Remove, answer: Answer) -> None:
    """Take one's own message away: a tombstone stays, the text leaves the row at once."""
    _change(engine, actor, access, frame.seq, 0, None, answer)


def _check_talk(access: Access) -> None:
    if access.kind == "thread" or not access.may_write:
        raise Refused("not_allowed")


def _change(
    engine: Engine, actor: Actor, access: Access, seq: int, revision: int, body: str | None, answer: Answer
) -> None:
    _check_talk(access)
    now = engine.clock.now_ms()
    engine.committer.submit(
        ChangeMessage(
            access.channel_id,
            author_of(actor, access),
            access.side,
            seq,
            revision,
            body,
            now - engine.policy.edit_ms,
            engine.policy.edit_minutes,
            now,
            answer,
            _is_ruled(actor, access),
        )
    )


def do_receipt(engine: Engine, actor: Actor | Member, access: Access, frame: f.Receipt) -> None:
    """Raise this side's watermarks.

    Not answered; refused silently when the queue is full, the client repeats it on resume.
    """
    if access.kind == "staff" or (access.kind == "thread" and actor.author is None):
        return
    person_id = author_of(actor, access).id if access.side in {"agent", "member"} else 0
    engine.committer.submit(RaiseMarks(access.channel_id, access.side, person_id, frame.delivered, frame.seen))


async def history(engine: Engine, actor: Actor, frame: f.History) -> bytes:
    """The answer to ``history``.

    :raises Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> bytes:
        door = await access_channel(tx, actor, frame.channel)
        if door.access.kind == "thread":
            raise Refused("not_allowed")
        rows = await tx.all(q.BEFORE, channel_id=door.access.channel_id, before=frame.before, limit=frame.limit + 1)
        page = encode.fitting([message_state(row) for row in reversed(rows[: frame.limit])])
        more = len(rows) > len(page)
        return encode.dumps({"t": "page", "ref": frame.ref, "channel": frame.channel, "messages": page, "more": more})

    return await engine.database.read(read)


class Page(NamedTuple):
    """Messages as ``frames.Message`` in order of ``seq``, and whether there are others in the direction asked for."""

    messages: list[State]
    more: bool


async def list_messages(
    engine: Engine, actor: Actor, public_id: str, *, after: int | None, before: int | None, limit: int, notes: bool
) -> Page:
    """Return messages of a conversation: the first ones behind ``after``, else the last ones before ``before``.

    :param notes: those of the staff channel beside it instead.
    :raises Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> Page:
        access = await access_beside(tx, actor, public_id, notes=notes)
        return await page_of(tx, access.channel_id, after=after, before=before, limit=limit)

    return await engine.database.read(read)


async def page_of(tx: Transaction, channel_id: int, *, after: int | None, before: int | None, limit: int) -> Page:
    """As :func:`list_messages`, of a channel whose door was passed."""
    if after is not None:
        rows = await tx.all(q.AFTER, channel_id=channel_id, after=after, limit=limit + 1)
        found = [message_state(row) for row in rows[:limit]]
        if before is not None:
            return Page([each for each in found if each["seq"] < before], len(rows) > limit)
        return Page(found, len(rows) > limit)
    rows = await tx.all(q.BEFORE, channel_id=channel_id, before=before or _END, limit=limit + 1)
    return Page([message_state(row) for row in reversed(rows[:limit])], len(rows) > limit)


async def access_beside(tx: Transaction, actor: Actor, public_id: str, *, notes: bool) -> Access:
    """The conversation with this public name, or (``notes``) the staff channel beside it.

    :raises Refused: ``not_found``, also for a channel of another kind.
    """
    access = (await access_channel(tx, actor, public_id)).access
    if access.kind != "conversation":
        raise Refused("not_found")
    if not notes:
        return access
    return (await access_channel(tx, actor, access.staff or "")).access


async def outcome_of(act: Callable[[Answer], None]) -> Sent:
    """Wait for what comes of sending, editing or removing.

    :raises ProductError: what was refused.
    """
    future: asyncio.Future[Sent | ProductError] = asyncio.get_running_loop().create_future()

    def answer(outcome: Sent | ProductError) -> None:
        if not future.done():
            future.set_result(outcome)

    act(answer)
    outcome = await future
    if isinstance(outcome, ProductError):
        raise outcome
    return outcome
