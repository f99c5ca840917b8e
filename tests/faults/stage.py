"""A stage for faults: one installation, its nodes as processes, and clients that keep coming back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from tests.clients.fallback import FallbackClient
from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN
from tests.clients.socket import SocketClient
from tests.clients.truth import TruthFile, read_truth
from tests.cluster import Cluster, lay_out
from tests.faults.checker import Verdict, judge, violations
from tests.faults.record import figures, record
from tests.faults.times import TimedState, Times

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from pathlib import Path

    from tests.clients.installation import Installation
    from tests.engines.backends import Backend


class Stage:
    """Clients of one installation, and the truth about what they did.

    Args:
        installation: whose clients they are.
        backend: on what it stands.
        truth_path: where they write down what they do.
    """

    def __init__(self, installation: Installation, backend: Backend, truth_path: Path, exits: AsyncExitStack) -> None:
        self.installation = installation
        self.backend = backend
        self.clients: list[SocketClient] = []
        self.times = Times()
        self._truth = exits.enter_context(TruthFile(truth_path))
        self._truth_path = truth_path
        self._exits = exits
        self._states: list[TimedState] = []

    def serve(self, *, front: bool = False, lines: bool = False, **settings: str | float) -> Cluster:
        """The installation's nodes, for an ``async with``; see :class:`tests.cluster.Cluster`."""
        return Cluster(self.installation, self.backend, front=front, lines=lines, **settings)

    async def visitor(self, base: str, token: str | None = None) -> SocketClient:
        """A visitor who is connected to ``http://host:port``."""
        return await self._enter(f"{base}/ws/{SITE_KEY}", SITE_ORIGIN, TimedState("visitor", self.times, token))

    async def agent(self, base: str) -> SocketClient:
        """The agent, connected."""
        return await self._enter(f"{base}/ws/console", OWN_ORIGIN, TimedState("agent", self.times))

    async def visitor_without_socket(self, base: str) -> FallbackClient:
        """A visitor whose network lets no WebSocket through."""
        session = await self._exits.enter_async_context(aiohttp.ClientSession())
        state = TimedState("visitor", self.times)
        self._states.append(state)
        client = FallbackClient(session, base, SITE_KEY, SITE_ORIGIN, state, truth=self._truth)
        return await self._exits.enter_async_context(client)

    async def _enter(self, url: str, origin: str, state: TimedState) -> SocketClient:
        self._states.append(state)
        headers = {"Cookie": self.installation.cookie} if state.role == "agent" else None
        session = await self._exits.enter_async_context(aiohttp.ClientSession(headers=headers))
        client = SocketClient(session, url, origin, state, truth=self._truth)
        self.clients.append(await self._exits.enter_async_context(client))
        return client

    def verdict(self) -> Verdict:
        """Compare the store with the truth and with every client; what a client found wrong is a failure at once."""
        assert violations(self._states) == []
        return judge(self.installation, read_truth(self._truth_path), self._states)

    async def conclude(self, case: str, recovered: Iterable[float], **facts: float) -> Verdict:
        """Keep the run's line, and see that nothing was lost, doubled, torn or late for ever.

        Args:
            case: what broke.
            recovered: how long it took until things went again, ms.
            facts: more of the run.
        """
        deeds = await asyncio.to_thread(read_truth, self._truth_path)
        verdict = await asyncio.to_thread(judge, self.installation, deeds, self._states)
        record(
            case,
            verdict,
            backend=self.backend.kind,
            nodes=self.backend.nodes,
            clients=len(self._states),
            **facts,
            **figures(self.times, list(recovered)),
            gaps_seen=sum(channel.holes_met for state in self._states for channel in state.channels.values()),
            closes=sum(len(client.closes) for client in self.clients),
        )
        assert violations(self._states) == []
        assert verdict.clean, verdict
        assert verdict.sent == verdict.acked == verdict.stored, verdict
        return verdict


@asynccontextmanager
async def staged(backend: Backend, folder: Path) -> AsyncGenerator[Stage]:
    """A stage with an installation of its own; its clients leave at the end.

    Args:
        backend: on what it stands.
        folder: where its files go.
    """
    installation = await lay_out(backend, folder / "data")
    async with AsyncExitStack() as exits:
        yield Stage(installation, backend, folder / "truth.jsonl", exits)
