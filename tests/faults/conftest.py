"""A stage for faults: one installation, its server as a process, and clients that keep coming back."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.clients.fallback import FallbackClient
from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN, Installation, make_installation
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.clients.truth import TruthFile, read_truth
from tests.faults.checker import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


class Stage:
    """Clients of one installation, and the truth about what they did.

    Args:
        installation: whose clients they are.
        truth: where they write down what they do.
    """

    def __init__(self, installation: Installation, truth: TruthFile, truth_path: Path, exits: AsyncExitStack) -> None:
        self.installation = installation
        self._truth = truth
        self._truth_path = truth_path
        self._exits = exits
        self.clients: list[SocketClient] = []
        self._without_sockets: list[FallbackClient] = []

    async def visitor(self, base: str, state: ClientState | None = None) -> SocketClient:
        """A visitor who is connected to ``http://host:port``."""
        return await self._enter(f"{base}/ws/{SITE_KEY}", SITE_ORIGIN, state or ClientState("visitor"))

    async def agent(self, base: str) -> SocketClient:
        """The agent, connected."""
        return await self._enter(f"{base}/ws/console", OWN_ORIGIN, ClientState("agent"))

    async def visitor_without_socket(self, base: str) -> FallbackClient:
        """A visitor whose network lets no WebSocket through."""
        session = await self._exits.enter_async_context(aiohttp.ClientSession())
        client = FallbackClient(session, base, SITE_KEY, SITE_ORIGIN, ClientState("visitor"), truth=self._truth)
        self._without_sockets.append(await self._exits.enter_async_context(client))
        return client

    async def _enter(self, url: str, origin: str, state: ClientState) -> SocketClient:
        headers = {"Cookie": self.installation.cookie} if state.role == "agent" else None
        session = await self._exits.enter_async_context(aiohttp.ClientSession(headers=headers))
        client = SocketClient(session, url, origin, state, truth=self._truth)
        self.clients.append(await self._exits.enter_async_context(client))
        return client

    def verdict(self) -> Verdict:
        """Compare the store with the truth and with every client; what a client found wrong is a failure at once."""
        states = [client.state for client in (*self.clients, *self._without_sockets)]
        violations = [violation for state in states for violation in state.violations]
        assert violations == []
        database = self.installation.data_dir / "widget.db"
        return judge(database, read_truth(self._truth_path), states)


@pytest.fixture
async def installation(tmp_path: Path) -> Installation:
    """A data directory of this test's own, with a site and an agent."""
    return await make_installation(tmp_path / "data")


@asynccontextmanager
async def stage_on(installation: Installation, truth_path: Path) -> AsyncGenerator[Stage]:
    """A stage whose clients leave at the end."""
    with TruthFile(truth_path) as truth:
        async with AsyncExitStack() as exits:
            yield Stage(installation, truth, truth_path, exits)


@pytest.fixture
async def stage(installation: Installation, tmp_path: Path) -> AsyncGenerator[Stage]:
    """Clients of the installation; they leave when the test ends."""
    async with stage_on(installation, tmp_path / "truth.jsonl") as made:
        yield made
