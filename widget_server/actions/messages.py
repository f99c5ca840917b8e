"""Sending, changing and reading messages, and the receipts of who has seen them."""

from __future__ import annotations

from collections.abc import Callable

from widget_server.actions.access import Access, access_channel
from widget_server.actions.actors import Actor
from widget_server.actions.engine import Engine
from widget_server.core import ids
from widget_server.core.errors import ProductError, Refused
from widget_server.protocol import encode
from widget_server.protocol import frames as f
from widget_server.protocol.effects import Sent
from widget_server.store.database import Transaction
from widget_server.store.queries import messages as q
from widget_server.store.queries.messages import message_state
from widget_server.store.records import Author, ChangeMessage, RaiseMarks, SendMessage

Answer = Callable[[Sent | ProductError], None]
"""Takes the outcome on the loop, after the commit."""


def author_of(actor: Actor) -> Author:
    """The person as whom the actor writes.

    :raises Refused: ``not_found`` for a visitor of whom nothing is stored.
    """
    if actor.author is None:
        raise Refused("not_found")
    return actor.author


def digest_of(frame: f.Send) -> str:
    """What a repeat under the same client id must have in common with what was first sent."""
    if frame.parent is None and frame.after_seq is None:
        return ids.digest(frame.body)
    return ids.digest(f"{frame.parent}\x00{frame.after_seq}\x00{frame.body}")


def do_send(engine: Engine, actor: Actor, access: Access, frame: f.Send, answer: Answer) -> None:
    """Append the message; ``frame.body`` has been checked by the session.

    :raises ProductError: when the queue cannot take it; otherwise ``answer`` gets the outcome.
    """
    engine.committer.submit(
        SendMessage(
            access.channel_id,
            author_of(actor),
            access.side,
            frame.client_id,
            digest_of(frame),
            "text",
            frame.body,
            frame.parent,
            frame.after_seq if access.kind == "staff" else None,
            engine.clock.now_ms(),
            answer,
        )
    )


def do_edit(engine: Engine, actor: Actor, access: Access, frame: f.Edit, answer: Answer) -> None:
    """Give one's own message a new text; the earlier one is kept for staff."""
    _change(engine, actor, access, frame.seq, frame.revision, frame.body, answer)


def do_remove(engine: Engine, actor: Actor, access: Access, frame: f.Remove, answer: Answer) -> None:
    """Take one's own message away: a tombstone stays, the text leaves the row at once."""
    _change(engine, actor, access, frame.seq, 0, None, answer)


def _change(
    engine: Engine, actor: Actor, access: Access, seq: int, revision: int, body: str | None, answer: Answer
) -> None:
    now = engine.clock.now_ms()
    engine.committer.submit(
        ChangeMessage(
            access.channel_id,
            author_of(actor),
            seq,
            revision,
            body,
            now - engine.policy.edit_ms,
            engine.policy.edit_minutes,
            now,
            answer,
        )
    )


def do_receipt(engine: Engine, actor: Actor, access: Access, frame: f.Receipt) -> None:
    """Raise this side's watermarks.

    Not answered; refused silently when the queue is full, the client repeats it on resume.
    """
    if access.kind != "conversation":
        return
    person_id = author_of(actor).id if access.side == "agent" else 0
    engine.committer.submit(RaiseMarks(access.channel_id, access.side, person_id, frame.delivered, frame.seen))


async def history(engine: Engine, actor: Actor, frame: f.History) -> bytes:
    """The answer to ``history``.

    :raises Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> bytes:
        door = await access_channel(tx, actor, frame.channel)
        rows = await tx.all(q.BEFORE, channel_id=door.access.channel_id, before=frame.before, limit=frame.limit + 1)
        page = encode.fitting([message_state(row) for row in reversed(rows[: frame.limit])])
        more = len(rows) > len(page)
        return encode.dumps({"t": "page", "ref": frame.ref, "channel": frame.channel, "messages": page, "more": more})

    return await engine.database.read(read)
