"""People who talk to nodes over real sockets, and keep coming back."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

import aiohttp

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState

if TYPE_CHECKING:
    from tests.clients.installation import Installation


class People:
    """Visitors and the agent of an installation; all leave at the end of the ``async with``.

    Args:
        installation: whose they are.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def visitor(self, base: str) -> SocketClient:
        """A visitor who is connected to ``http://host:port``."""
        return await self._enter(f"{base}/ws/{SITE_KEY}", SITE_ORIGIN, ClientState("visitor"))

    async def agent(self, base: str) -> SocketClient:
        """The agent, connected."""
        return await self._enter(f"{base}/ws/console", OWN_ORIGIN, ClientState("agent"))

    async def _enter(self, url: str, origin: str, state: ClientState) -> SocketClient:
        headers = {"Cookie": self._installation.cookie} if state.role == "agent" else None
        session = await self._exits.enter_async_context(aiohttp.ClientSession(headers=headers))
        return await self._exits.enter_async_context(SocketClient(session, url, origin, state))
