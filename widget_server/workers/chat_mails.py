"""The worker that looks, every second, whether a mail about a conversation is due.

Every node has one. What two of them find at once is told by one: see :mod:`widget_server.actions.chat_mails`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from widget_server.actions.chat_mails import Place, do_plan, do_tell_agents, do_tell_visitor, list_due
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0


class ChatMails:
    """One node's; it runs until it is cancelled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._place: Place | None = None

    async def run(self) -> None:
        """Look every second; what fails is logged, and looked at again."""
        while True:
            try:
                await self.beat()
            except StoreUnavailable as error:
                log.warning("Mails about chats could not be looked after.", extra={"reason": str(error)})
            except Exception:
                log.exception("Looking after mails about chats failed.")
            await asyncio.sleep(EVERY_S)

    async def beat(self) -> None:
        """Plan for what was touched, and tell what is due."""
        engine = self._engine
        db, now = engine.database, engine.clock.now_ms()
        self._place = await do_plan(db, self._place, now_ms=now)
        missed, answers = await list_due(db, now_ms=now)
        online = engine.presence.in_console() if missed else []
        wrote = 0
        for channel_id in missed:
            wrote += await do_tell_agents(db, channel_id, online, now_ms=now)
        for channel_id in answers:
            wrote += await do_tell_visitor(db, channel_id, now_ms=now)
        if wrote:
            engine.on_outgoing()
