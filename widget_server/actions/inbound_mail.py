"""Answers that come by mail: into the conversation that the address opens, as a message of its visitor.

The address is the credential: whoever has the mail has it (:mod:`widget_server.core.reply_addresses`). Beside that, who
writes has to be whom we wrote to: a mail that was passed on is not answered in the visitor's name. ``From`` proves
nothing, and without the address it opens nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import orjson

from widget_server.actions.chat_mails import is_same_address, read_talks
from widget_server.core import ids
from widget_server.core.errors import Malformed, ProductError, Refused, TryLater
from widget_server.core.mail_reading import Unreadable, read_answer, recipients_of
from widget_server.core.text import check_body, without_links
from widget_server.store.batch import apply
from widget_server.store.queries import chat_mails as q
from widget_server.store.records import Author, RaiseMarks, SendMessage

if TYPE_CHECKING:
    from widget_server.actions.chat_mails import TalkRow
    from widget_server.actions.engine import Engine
    from widget_server.core.mail_reading import Answer
    from widget_server.core.reply_addresses import Reply, ReplyAddresses
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed, Side

_NAMESPACE: Final = uuid.UUID("6f7f0a3e-5d2c-5b7a-9f0e-3d1b8c2a4e61")
_NAMED: Final = 10
"""Attachments that are named."""
_CUT: Final = "[…]"
_AT_ONCE: Final = 2
HANDS: Final = 6
"""Mails on their way by HTTP at once: each is in memory as a whole before its signature can be looked at."""
_PAUSE_MS: Final = 60_000

Allow = Callable[[str], bool]
"""Counts one mail for a conversation; whether it may have another one now."""


class Letterbox:
    """What takes answers of one node.

    Args:
        engine: the node's.
        addresses: what opens a conversation.
        allow: how many may come for one.
    """

    def __init__(self, engine: Engine, addresses: ReplyAddresses, allow: Allow) -> None:
        self._engine = engine
        self._addresses = addresses
        self._allow = allow
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self.hands: Final = asyncio.Semaphore(HANDS)
        """Held while a mail is read of which nobody knows yet who sends it."""

    async def check_recipient(self, recipient: str) -> None:
        """See that an address opens a conversation now.

        Raises:
            Refused: ``not_found``, whatever is wrong with it.
            StoreUnavailable: as ever.
        """
        reply = self._addresses.read(recipient)
        await self._engine.database.read(lambda tx: self._opened(tx, reply))

    def recipient_in(self, raw: bytes) -> str:
        """Return the address of ours that a mail's own headers name; "" where there is none."""
        return next((each for each in recipients_of(raw) if self._addresses.read(each) is not None), "")

    async def do_take(self, recipient: str, raw: bytes) -> bool:
        """Put an answer into its conversation; it is committed when this returns. The same mail again is one message.

        Returns whether it was: what a program wrote is taken and thrown away, so that no two programs answer each
        other.

        Raises:
            Refused: ``not_found`` for the address, ``not_allowed`` for who writes, ``banned``.
            Unacceptable: there is nothing in it, or the conversation takes no more.
            Malformed: it cannot be read.
            TryLater: the store cannot be written, or that was a lot at once.
            StoreUnavailable: as ever.
        """
        reply = self._addresses.read(recipient)
        talk = await self._engine.database.read(lambda tx: self._opened(tx, reply))
        if not self._allow(talk.public_id):
            raise TryLater("busy", _PAUSE_MS)
        async with self._turn:
            try:
                answer = await asyncio.to_thread(read_answer, raw)
            except Unreadable:
                raise Malformed("bad_request", where="the mail") from None
        if answer.is_automatic:
            return False
        name = answer.message_id or hashlib.sha256(raw).hexdigest()
        await self._engine.committer.run(self._write(reply, answer, name))
        return True

    def _write(
        self, reply: Reply | None, answer: Answer, name: str
    ) -> Callable[[Transaction, Committed], Awaitable[None]]:
        engine = self._engine
        now = engine.clock.now_ms()
        body = body_of(answer, engine.policy.message_chars)

        async def work(tx: Transaction, result: Committed) -> None:
            talk = await self._opened(tx, reply)
            if not is_same_address(talk.address or "", answer.sender):
                raise Refused("not_allowed")
            row = await tx.one(q.WRITER, channel_id=talk.channel_id)
            if row is None:
                raise Refused("not_found")
            ban = engine.bans.find(person_id=row[5], now_ms=now) or engine.bans.find(
                person_id=talk.visitor_id, now_ms=now
            )
            if ban is not None:
                raise ban.refusal
            author = Author(row[5], row[6], row[7], row[8])
            client_id = str(uuid.uuid5(_NAMESPACE, f"{talk.channel_id} {name}"))
            # Whoever answers a mail has read it.
            seen = RaiseMarks(talk.channel_id, "visitor", 0, talk.answered_seq, talk.answered_seq)
            message = _message(talk.channel_id, author, "visitor", client_id, "text", body, None, now)
            (_, (_, outcome)) = await apply(tx, [seen, message], result)
            if isinstance(outcome, ProductError):
                raise outcome
            told = orjson.dumps({"event": "by_mail"}).decode()
            note_id = str(uuid.uuid5(_NAMESPACE, f"{client_id} note"))
            await apply(tx, [_message(row[3], author, "system", note_id, "system", told, outcome.seq, now)], result)
            result.sites.add(talk.site_id)

        return work

    async def _opened(self, tx: Transaction, reply: Reply | None) -> TalkRow:
        talks = await read_talks(tx, [reply.channel_id]) if reply is not None else []
        now = self._engine.clock.now_ms()
        if reply is None or not talks or talks[0].address is None:
            raise Refused("not_found")
        if not self._addresses.is_genuine(reply, talks[0].address, now_ms=now):
            raise Refused("not_found")
        return talks[0]


def _message(
    channel_id: int, author: Author, side: Side, client_id: str, kind: str, body: str, after_seq: int | None, now: int
) -> SendMessage:
    digest = ids.digest(body) if kind == "text" else ""
    return SendMessage(
        channel_id, author, side, client_id, digest, kind, body, None, after_seq, now, lambda _: None,
    )  # fmt: skip


def body_of(answer: Answer, max_chars: int) -> str:
    """Return an answer as a message: cut where it is too long, and with a line for what was attached.

    Raises:
        Unacceptable: ``empty_message``, ``bad_text``.
    """
    names = ", ".join(without_links(name) for name in answer.attachments[:_NAMED])
    note = f"[Attachments were left out: {names}]" if names else ""
    text = answer.text
    room = max_chars - (len(note) + 2 if note else 0)
    if len(text) > room:
        text = text[: max(0, room - len(_CUT) - 1)].rstrip() + " " + _CUT
    return check_body(f"{text}\n\n{note}".strip()[:max_chars], max_chars)
