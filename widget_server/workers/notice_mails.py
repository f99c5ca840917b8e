"""Telling people beside the page: watchers in steps, mails at once unless they were seen, digests, unsubscribing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from widget_server.actions import notice_mails, notices
from widget_server.actions.mailing import Mail
from widget_server.actions.notice_mails import DIGESTS, LETTER, SHOWN, access_letter, do_begin_digests, do_take
from widget_server.actions.room_notices import do_tell_rooms
from widget_server.actions.unsubscribing import unsubscribe_code
from widget_server.actions.watchers import do_tell_some
from widget_server.store.database import StoreUnavailable
from widget_server.workers.outbox import Needless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.engine import Engine
    from widget_server.actions.outbox import Entry
    from widget_server.actions.sealing import Sealer
    from widget_server.workers.mail import Post
    from widget_server.workers.outbox import Handler

log = logging.getLogger(__name__)

EVERY_S: Final = 30.0


class NoticeMails:
    """One node's; several share the work by the store.

    Args:
        engine: the store and the clock.
        post: sends.
        sealer: signs the addresses that end mails.
        base: our public address, without a slash at the end.
    """

    def __init__(self, engine: Engine, post: Post, sealer: Sealer, base: str) -> None:
        self._engine = engine
        self._post = post
        self._sealer = sealer
        self._base = base

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What it carries out of the outbox, by topic."""
        return {notices.WATCHERS: self.tell_watchers, notices.MAIL: self.take, notice_mails.LETTER: self.send}

    async def tell_watchers(self, entry: Entry) -> None:
        """Tell some of those who watch."""
        await do_tell_some(self._engine, entry)

    async def take(self, entry: Entry) -> None:
        """Have a letter sent about what was not seen within the delay.

        Raises:
            Needless: it was seen, or told otherwise.
        """
        if self._post.is_silent:
            raise Needless("Mail is switched off.")
        if not await do_take(self._engine, entry):
            raise Needless("It was seen, mailed already, or is not wanted by mail.")

    async def send(self, entry: Entry) -> None:
        """Send a letter of what its person may read now.

        Raises:
            Impossible: it can never be sent.
            Later: the server does not take it now.
            Needless: nothing of it is left to say.
        """
        letter = await access_letter(self._engine.database, entry)
        if letter is None:
            raise Needless("It was seen meanwhile, or may not be read any more.")
        account, items = letter.account, letter.items
        code = unsubscribe_code(self._sealer, account.public_id, letter.topic)
        await self._post.carry(
            Mail.NOTICES,
            to=account.written,
            language=account.language,
            facts={
                "told": [item.facts for item in items[:SHOWN]],
                "count": len(items),
                "more": max(0, len(items) - SHOWN),
                "digest": letter.is_digest,
            },
            unsubscribe=f"{self._base}/unsubscribe?code={code}",
        )
        log.info("Sent a mail of notices.", extra={"entry": entry.id, "notices": len(items), "topic": LETTER})

    async def run(self) -> None:
        """Begin digests that are due and tell of what is said in rooms, until cancelled."""
        while True:
            try:
                await do_tell_rooms(self._engine)
                while not self._post.is_silent and await self.beat() >= DIGESTS:
                    pass
            except StoreUnavailable as error:
                log.warning("What people are to be told could not be read.", extra={"reason": str(error)})
            except Exception:
                log.exception("People could not be told.")
            await asyncio.sleep(EVERY_S)

    async def beat(self) -> int:
        """Begin with some digests that are due; return how many people were looked at."""
        return await do_begin_digests(self._engine)
