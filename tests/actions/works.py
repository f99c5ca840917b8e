"""An engine without sockets: actions are called as a connection calls them."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from tests.clients.state import fresh_id
from widget_server.actions.access import access_channel
from widget_server.actions.actors import Actor, Agent, Visitor
from widget_server.actions.agents import do_create_agent
from widget_server.actions.engine import Clock, Engine, Policy
from widget_server.actions.messages import do_edit, do_receipt, do_remove, do_send
from widget_server.actions.passwords import Passwords
from widget_server.actions.resume import refill, resume
from widget_server.actions.sites import Site, do_create_site
from widget_server.actions.visitors import do_start
from widget_server.core.ids import token_hash
from widget_server.core.permissions import Role
from widget_server.hub.bus import MemoryBus
from widget_server.hub.switchboard import Switchboard
from widget_server.protocol import frames as f
from widget_server.protocol.effects import Sent
from widget_server.store.committer import Committer
from widget_server.store.records import Author, ChannelEvent, Committed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from widget_server.store.database import Database
    from widget_server.store.records import State

NOW = 1_795_000_000_000


class StillClock(Clock):
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def now_ms(self) -> int:
        return self.now

    def monotonic_ms(self) -> int:
        return self.now


class Works:
    """The engine, and short ways to what tests do with it."""

    def __init__(self, database: Database) -> None:
        self.clock = StillClock()
        self.published: list[Committed] = []
        switchboard = Switchboard(lambda channel, version: refill(database, channel, version), hole_s=0)
        committer = Committer(database, self._sink, fatal=lambda _: None)
        self.engine = Engine(
            database, committer, switchboard, MemoryBus(switchboard), self.clock, Policy(4000, 15), "epoch-1"
        )
        self.site: Site

    def _sink(self, committed: Committed) -> None:
        self.published.append(committed)
        self.engine.sink(committed)

    async def new_site(self, key: str) -> Site:
        return await do_create_site(
            self.engine.database, name="Shop", allowed_origins=[], key=key, now_ms=NOW, random=secrets.token_bytes
        )

    async def new_agent(self, name: str = "Grace", site: str | None = None, role: Role | None = Role.AGENT) -> Agent:
        passwords = Passwords(memory_kib=8, passes=1)
        try:
            made = await do_create_agent(
                self.engine.database,
                passwords,
                mail=f"{name}@example.com",
                name=name,
                role=role,
                site_key=site,
                now_ms=NOW,
                random=secrets.token_bytes,
            )
        finally:
            passwords.close()
        found = made.agent
        return Agent(Author(found.person_id, found.public_id, found.name), found.actor, 0)

    def visitor(self, site: Site | None = None) -> Visitor:
        """Somebody of whom nothing is stored."""
        where = site or self.site
        return Visitor(where.id, where.key, token_hash(fresh_id()), "Firefox")

    async def start(self, visitor: Visitor, body: str = "Hello", start: str | None = None, **more: Any) -> Sent:
        """A visitor's first message of a conversation."""
        frame = f.Send(t="send", ref=1, client_id=fresh_id(), start=start or fresh_id(), body=body, **more)
        return await self.sent(lambda answer: do_start(self.engine, visitor, frame, answer))

    async def send(self, actor: Actor, channel: str, body: str = "text", **more: Any) -> Sent:
        """A message into a channel that there is."""
        frame = f.Send(t="send", ref=1, client_id=fresh_id(), channel=channel, body=body, **more)
        access = await self.access(actor, channel)
        return await self.sent(lambda answer: do_send(self.engine, actor, access, frame, answer))

    async def edit(self, actor: Actor, channel: str, seq: int, revision: int, body: str) -> Sent:
        frame = f.Edit(t="edit", ref=1, channel=channel, seq=seq, revision=revision, body=body)
        access = await self.access(actor, channel)
        return await self.sent(lambda answer: do_edit(self.engine, actor, access, frame, answer))

    async def remove(self, actor: Actor, channel: str, seq: int) -> Sent:
        frame = f.Remove(t="remove", ref=1, channel=channel, seq=seq)
        access = await self.access(actor, channel)
        return await self.sent(lambda answer: do_remove(self.engine, actor, access, frame, answer))

    async def receipt(self, actor: Actor, channel: str, delivered: int, seen: int) -> None:
        frame = f.Receipt(t="receipt", channel=channel, epoch="epoch-1", delivered=delivered, seen=seen)
        do_receipt(self.engine, actor, await self.access(actor, channel), frame)
        await self.engine.committer.drained()

    async def access(self, actor: Actor, channel: str) -> Any:
        return (await self.engine.database.read(lambda tx: access_channel(tx, actor, channel))).access

    async def staff_of(self, agent: Agent, channel: str) -> str:
        """The staff channel's name."""
        return str((await self.access(agent, channel)).staff)

    async def sent(self, act: Callable[[Callable[[Any], None]], None]) -> Sent:
        """The outcome of an action; a refusal is raised."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        act(future.set_result)
        outcome = await future
        if not isinstance(outcome, Sent):
            raise outcome
        return outcome

    async def resume(self, actor: Actor, channel: str, position: f.Position | None = None) -> list[State]:
        """The frames of a resume."""
        engine = self.engine
        found = await engine.database.read(lambda tx: resume(tx, actor, engine.epoch, channel, position))
        return [orjson.loads(data) for data in found.opened.frames]

    def events(self, channel: str) -> list[ChannelEvent]:
        """What was published of a channel."""
        return [event for committed in self.published for event in committed.events if event.channel == channel]


@asynccontextmanager
async def at_work(database: Database) -> AsyncGenerator[Works]:
    """An engine whose committer runs, and a site."""
    async with beside(database) as works:
        works.site = await works.new_site("shop")
        yield works


@asynccontextmanager
async def beside(database: Database) -> AsyncGenerator[Works]:
    """One more engine on a store that has a site already: another node's."""
    works = Works(database)
    works.engine.committer.start()
    try:
        yield works
    finally:
        await works.engine.committer.stop()
