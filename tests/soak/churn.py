"""The lives of visitors and agents: nobody stays, and nobody does the same thing twice in a row."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    import aiohttp

_RECENT = 200
"""Conversations that agents choose from."""
_VIEW = {"status": "open", "who": "all"}
_PATIENCE_SECONDS = 60.0


@dataclass
class Deeds:
    """What was done so far."""

    acked: int = 0
    visitors: int = 0
    visits: int = 0
    cuts: int = 0
    tabs: int = 0
    opened: int = 0
    """Conversations that agents opened, and closed again."""


class Churn:
    """Visitors and agents of one installation who come and go until `stop`.

    Args:
        visitors_http: the session visitors connect with.
        agents_http: the session agents connect with; it carries the cookie.
        base: ``http://host:port`` of the server.
        chance: every choice is drawn from it.
        pause: mean seconds between two deeds of one person.
    """

    def __init__(
        self,
        visitors_http: aiohttp.ClientSession,
        agents_http: aiohttp.ClientSession,
        base: str,
        chance: random.Random,
        *,
        pause: float,
    ) -> None:
        self._visitors_http = visitors_http
        self._agents_http = agents_http
        self._base = base
        self._chance = chance
        self.pause = pause
        self.deeds = Deeds()
        self.violations: list[str] = []
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._stopping = asyncio.Event()

    async def run(self, visitors: int, agents: int) -> None:
        """Let so many visitors and agents live side by side until `stop`, then let all of them leave.

        Raises:
            BaseExceptionGroup: what went wrong in a life: a wait that never ended, a refusal.
        """
        async with asyncio.TaskGroup() as lives:
            for _ in range(visitors):
                lives.create_task(self._again_and_again(self._visitor))
            for _ in range(agents):
                lives.create_task(self._again_and_again(self._agent))

    async def visit_once(self) -> None:
        """One visitor comes, writes and leaves."""
        async with self._visitor_client(ClientState("visitor")) as client:
            await self._write(client)

    def stop(self) -> None:
        """Ask everybody to leave."""
        self._stopping.set()

    async def _again_and_again(self, life: Callable[[], Awaitable[None]]) -> None:
        await self._wait()
        while not self._stopping.is_set():
            await life()

    async def _wait(self) -> None:
        """Do nothing for a while, or until everybody is to leave."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._chance.expovariate(1 / self.pause))

    # --- visitors

    async def _visitor(self) -> None:
        """One browser, from its first visit to the day when its storage is emptied."""
        state = ClientState("visitor")
        self.deeds.visitors += 1
        for _ in range(self._chance.randint(1, 4)):
            await self._visit(state)
            await self._wait()
        self._count(state)

    async def _visit(self, state: ClientState) -> None:
        self.deeds.visits += 1
        async with self._visitor_client(state) as client:
            deeds = [self._write, self._write, self._type, self._read, self._lose_the_line, self._open_a_tab]
            await self._write(client)
            for deed in self._chance.choices(deeds, k=self._chance.randint(1, 8)):
                if self._stopping.is_set():
                    break
                await self._wait()
                await deed(client)
            if self._chance.random() < 0.3:
                client.cut()

    def _visitor_client(self, state: ClientState) -> SocketClient:
        return SocketClient(self._visitors_http, f"{self._base}/ws/{SITE_KEY}", SITE_ORIGIN, state)

    async def _write(self, client: SocketClient) -> None:
        await client.deliver(self._words())
        self.deeds.acked += 1
        name = _conversation(client)
        channel = client.state.channels[name]
        await client.until(lambda: channel.is_settled, _PATIENCE_SECONDS)
        if name not in self._recent:
            self._recent.append(name)

    async def _type(self, client: SocketClient) -> None:
        for on in (True, False):
            await client.say({"t": "typing", "channel": _conversation(client), "on": on})

    async def _read(self, client: SocketClient) -> None:
        await client.say(client.state.receipt(_conversation(client), seen=True))

    async def _lose_the_line(self, client: SocketClient) -> None:
        self.deeds.cuts += 1
        lines = client.welcomes
        client.cut()
        await client.until(lambda: client.welcomes > lines, _PATIENCE_SECONDS)

    async def _open_a_tab(self, client: SocketClient) -> None:
        """A second line of the same browser that reads along and writes once."""
        self.deeds.tabs += 1
        state = ClientState("visitor", client.state.token)
        async with self._visitor_client(state) as tab:
            name = _conversation(client)
            await tab.show(name)
            await tab.deliver(self._words(), name)
            self.deeds.acked += 1
        self._count(state)

    # --- agents

    async def _agent(self) -> None:
        """One console, from its page being opened to its being closed."""
        state = ClientState("agent")
        async with SocketClient(self._agents_http, f"{self._base}/ws/console", OWN_ORIGIN, state) as client:
            await client.ask({"t": "inbox", "ref": state.ref(), "view": _VIEW})
            for _ in range(self._chance.randint(5, 20)):
                await self._wait()
                if self._stopping.is_set():
                    break
                if self._recent:
                    await self._serve(client, self._chance.choice(self._recent))
        self._count(state)

    async def _serve(self, client: SocketClient, name: str) -> None:
        self.deeds.opened += 1
        state = client.state
        channel = await client.show(name)
        assert channel.staff is not None
        await client.show(channel.staff)
        await client.say({"t": "typing", "channel": name, "on": True})
        await self._wait()
        await client.deliver(self._words(), name)
        await client.deliver(self._words(), channel.staff)
        self.deeds.acked += 2
        await client.say(state.receipt(name, seen=True))
        if self._chance.random() < 0.3:
            status = self._chance.choice(["open", "pending", "resolved"])
            await client.ask({"t": "status", "ref": state.ref(), "channel": name, "status": status})
        if self._chance.random() < 0.1:
            await self._lose_the_line(client)
        for closed in (channel.staff, name):
            await client.say({"t": "close", "channel": closed})
            self.violations.extend(state.channels.pop(closed).violations)

    def _words(self) -> str:
        return "word " * self._chance.randint(1, 40)

    def _count(self, state: ClientState) -> None:
        """A life has ended: what a correct server never does must not have been seen in it."""
        self.violations.extend(state.violations)


def _conversation(client: SocketClient) -> str:
    """The name of the visitor's conversation."""
    name = client.state.channel_of_start
    assert name is not None
    return name
