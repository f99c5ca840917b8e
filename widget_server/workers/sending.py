"""The outbox of one node at work: who carries what out, started and stopped together."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.mailing import TOPIC
from widget_server.actions.push_lines import TOPIC as PUSH
from widget_server.actions.retention import do_empty_rooms
from widget_server.settings import OperatorError
from widget_server.workers.answers import Answers
from widget_server.workers.chat_mails import ChatMails
from widget_server.workers.letters import BadAddress, Letters, Sender
from widget_server.workers.mail import KeptMails, Post, Smtp
from widget_server.workers.notice_mails import NoticeMails
from widget_server.workers.outbox import Outbox
from widget_server.workers.push import Pushes
from widget_server.workers.retention import Retention
from widget_server.workers.trouble import Troubles
from widget_server.workers.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.community import CommunityReader
    from widget_server.actions.engine import Engine
    from widget_server.actions.outbox import Expand
    from widget_server.actions.push_lines import Signer
    from widget_server.actions.sealing import Sealer
    from widget_server.core.reply_addresses import ReplyAddresses
    from widget_server.ops.outgoing import Outgoing
    from widget_server.settings import Settings
    from widget_server.workers.letters import Texts
    from widget_server.workers.outbox import Handler


class WayOut(NamedTuple):
    """How push services are reached, and who they are told that it is."""

    outgoing: Outgoing
    signer: Signer


class Sending:
    """Runs between :meth:`start` and :meth:`stop`.

    Args:
        settings: where mails go.
        engine: the store and the clock.
        community: what the installation is called.
        texts: the languages of mails.
        base: our public address, without a slash at the end: every link begins with it.
        reply_addresses: where visitors answer a mail.
        sealer: signs the addresses that end mails.
        way_out: to push services.
        handlers: of other topics than mail.
        expand: what becomes of topics without a handler: the events.

    Raises:
        OperatorError: the sender's address is none.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        community: CommunityReader,
        texts: Texts,
        base: str,
        reply_addresses: ReplyAddresses,
        sealer: Sealer,
        way_out: WayOut,
        *,
        handlers: Mapping[str, Handler] | None = None,
        expand: Expand | None = None,
    ) -> None:
        self.kept = KeptMails() if settings.mail_url is None and settings.mode == "development" else None
        """The mails of development, which are shown and not sent."""
        carrier = self.kept if settings.mail_url is None else Smtp(settings.mail_url)
        try:
            letters = Letters(texts, Sender(base, settings.mail_from, settings.mail_subject_prefix))
        except BadAddress:
            raise OperatorError("WIDGET_MAIL_FROM: write one address, with or without a name before it") from None
        self._workshop = Workshop("mail")
        answers = Answers(engine.database, reply_addresses, base, settings.reply_days)
        post = Post(engine.database, engine.clock, community, letters, carrier, self._workshop, answers)
        self.notices = NoticeMails(engine, post, sealer, base)
        pushes = Pushes(engine.database, engine.clock, sealer, way_out.signer, way_out.outgoing, letters)
        known = {TOPIC: post.send, PUSH: pushes.send, **self.notices.handlers, **(handlers or {})}
        self.outbox = Outbox(engine.database, engine.clock, known, expand)
        self._retention = Retention(engine.database, engine.clock, partial(do_empty_rooms, engine))
        # Where nothing is sent, nothing is told: neither does it pile up until something is.
        self._chat_mails = None if carrier is None else ChatMails(engine)
        self._troubles: Troubles | None = None
        if settings.in_earnest and settings.administrator_mail and settings.mail_url is not None:
            self._troubles = Troubles(engine.database, engine.clock, settings.administrator_mail)
        self._tasks: list[asyncio.Task[None]] = []
        engine.on_outgoing = self.outbox.hint

    async def start(self) -> None:
        """Begin to work."""
        works = (self.outbox, self.notices, self._retention, self._troubles, self._chat_mails)
        self._tasks = [
            asyncio.create_task(work.run(), name=type(work).__name__.lower()) for work in works if work is not None
        ]

    async def stop(self) -> None:
        """End, before the store is closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._workshop.close()
