"""The node's pulse: every second it reads what changed in the store, hub or no hub.

So a change whose hint was lost (a kill between commit and publish, another node, a broker that is down) is seen within
two seconds, a right that was taken away closes its sockets, and a snooze that has ended wakes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from widget_server.actions.actors import Reader, Visitor
from widget_server.actions.bans import load_bans
from widget_server.actions.conversations import do_wake
from widget_server.actions.engine import Engine
from widget_server.actions.line import Line
from widget_server.actions.rights import agent_rights, check_visitor, reader_rights
from widget_server.core.errors import ProductError, Refused
from widget_server.protocol.codes import CloseCode
from widget_server.store.database import StoreUnavailable
from widget_server.store.stamps import changes_since
from widget_server.workers.scopes import look_again

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
_RECHECK_EVERY = 60
"""Beats after which every connection's right is looked at again, whether or not its row changed (expiry, S07)."""


class Pulse:
    """Runs until cancelled.

    :param lines: the node's connections.
    :param leave: called once when the installation's epoch, or the database behind its address, is no longer the one
        this node serves.
    :param mark: what told the database from another one when the node started (:meth:`Database.mark`).
    """

    def __init__(
        self,
        engine: Engine,
        lines: Callable[[], Iterable[Line]],
        leave: Callable[[], None],
        mark: str | None = None,
    ) -> None:
        self._engine = engine
        self._lines = lines
        self._leave = leave
        self._mark = mark
        self._is_outdated = False
        self._cursor = 0
        self._beats = 0
        self._people: set[int] = set()
        self._hinted = asyncio.Event()

    def on_people(self, people: set[int]) -> None:
        """A hint: look at these persons' connections now."""
        self._people |= people
        self._hinted.set()

    async def run(self) -> None:
        """Beat every second; a beat that fails is logged, and the next one reads from the same cursor."""
        while True:
            await self._try(self.beat)
            ends = asyncio.get_running_loop().time() + EVERY_S
            while await self._hinted_before(ends):
                await self._try(self._follow_hint)

    async def _hinted_before(self, ends: float) -> bool:
        """Whether somebody's right is to be looked at before this time of the loop; False: it has come."""
        try:
            async with asyncio.timeout_at(ends):
                await self._hinted.wait()
        except TimeoutError:
            return False
        self._hinted.clear()
        return True

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (StoreUnavailable, ProductError) as error:
            log.warning("the store could not be followed: %s", error)
        except Exception:
            log.exception("a beat failed")

    async def beat(self) -> None:
        """One reading of the store, and what follows from it."""
        self._beats += 1
        now = self._engine.clock.monotonic_ms()
        for line in self._lines():
            line.tick(now)
        self._engine.presence.tick()
        self._engine.tell_rooms()
        if self._mark is not None and await self._engine.database.mark() not in {None, self._mark}:
            # A standby took over: what was acknowledged last may be missing, and its numbers be given out again.
            self._stop("another database answers at the address of this node's")
        switchboard = self._engine.switchboard
        changes = await changes_since(self._engine.database, self._cursor, listens=switchboard.has_listeners)
        self._cursor = changes.cursor
        if changes.epoch not in {None, self._engine.epoch}:
            self._stop("the installation was restored or moved under this node")
        for channel, version in changes.channels:
            switchboard.known_at(channel, version)
        for channel, marks in changes.marks:
            switchboard.marks(channel, marks)
        if changes.sites:
            self._engine.on_sites(changes.sites)
        self._people |= changes.people
        is_due = self._beats % _RECHECK_EVERY == 0
        if changes.concerns_bans or is_due:
            await self._read_bans()
        if changes.concerns_everybody or is_due:
            self._people.update(line.actor.author.id for line in self._lines() if line.actor.author is not None)
        if self._people:
            await self._check_rights()
        await look_again(self._engine.database, self._lines(), changes.boards, {name for name, _ in changes.channels})
        await do_wake(self._engine)

    async def _follow_hint(self) -> None:
        await self._read_bans()
        await self._check_rights()

    async def _read_bans(self) -> None:
        self._engine.bans = await load_bans(self._engine.database, self._engine.clock.now_ms())

    def _stop(self, why: str) -> None:
        if not self._is_outdated:
            self._is_outdated = True
            log.critical("%s; it stops, to be started again", why)
            self._leave()

    async def _check_rights(self) -> None:
        people, self._people = self._people, set()
        try:
            for line in self._lines():
                if line.actor.author is not None and line.actor.author.id in people:
                    await self._check_right(line)
        except BaseException:
            # The cursor has moved on: who was not looked at keeps nothing by it (S45).
            self._people |= people
            raise

    async def _check_right(self, line: Line) -> None:
        actor = line.actor
        try:
            if isinstance(actor, Visitor):
                if not await check_visitor(self._engine, actor):
                    line.end(CloseCode.RIGHTS_CHANGED)
            elif isinstance(actor, Reader):
                if await reader_rights(self._engine, actor) != actor.rights:
                    line.end(CloseCode.RIGHTS_CHANGED)
            elif await agent_rights(self._engine, actor) != actor.rights:
                line.end(CloseCode.RIGHTS_CHANGED)
        except Refused:
            line.end(CloseCode.SIGNED_OUT)
