"""A whole installation as it runs in earnest: every node a ``widget-server serve`` of its own, with its engines.

For tests and for scripts: nothing here knows pytest. The engines stay with whoever started them; the nodes, and what
stands in front of them and between them and their engines, end with the block.
"""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from tests.clients.installation import make_installation
from tests.clients.server import ServerProcess
from tests.deploy.shipped_nginx import ShippedNginx
from tests.patience import START_SECONDS
from tests.proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.clients.installation import Installation
    from tests.engines.backends import Backend

_ASK_AGAIN_SECONDS = 0.05
_LAST_LINES = 40


async def lay_out(backend: Backend, data_dir: Path) -> Installation:
    """An installation with a site and an agent, on this backend."""
    await asyncio.to_thread(backend.lay_out, data_dir)
    return await make_installation(data_dir, backend.settings(data_dir).get("database_url"))


class Cluster:
    """The nodes of an installation. Use as an async context manager: all are ready after its beginning.

    Args:
        installation: what is served; :func:`lay_out` makes one.
        backend: on what it stands, which says how many nodes there are.
        front: put the nginx that is shipped before them. Else visitors come to the first node, agents to the last.
        lines: lay a line that can be cut between the first node and each of its engines.
        settings: fields of `Settings` that shall be otherwise.
    """

    def __init__(
        self,
        installation: Installation,
        backend: Backend,
        *,
        front: bool = False,
        lines: bool = False,
        **settings: str | float,
    ) -> None:
        self.installation = installation
        self.backend = backend
        self.nodes: list[ServerProcess] = []
        self.front: ShippedNginx | None = None
        self.database_line: TcpProxy | None = None
        self.broker_line: TcpProxy | None = None
        self._has_front = front
        self._has_lines = lines
        self._settings = settings
        self._exits = AsyncExitStack()
        self._http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            self._http = await exits.enter_async_context(aiohttp.ClientSession())
            for number in range(self.backend.nodes):
                server = await self._server(number, exits)
                self.nodes.append(await exits.enter_async_context(server))
            if self._has_front:
                self.front = ShippedNginx([node.port for node in self.nodes])
                await asyncio.to_thread(self.front.__enter__)
                exits.callback(self.front.close)
            await self.ready()
            self._exits = exits.pop_all()
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            for line in self.last_words():
                error.add_note(line)
        await self._exits.aclose()

    async def _server(self, number: int, exits: AsyncExitStack) -> ServerProcess:
        """The node, with the addresses that it is told of its engines."""
        installation = self.installation
        backend = self.backend.settings(installation.data_dir)
        settings = dict(self._settings)
        if self._has_front:
            settings.setdefault("trusted_proxies", 1)
        if "broker_url" in backend:
            settings["broker_url"] = backend["broker_url"]
        if number:
            other = installation.data_dir.with_name(f"{installation.data_dir.name}-{number + 1}")
            return ServerProcess(installation._replace(data_dir=other), **settings)
        if self._has_lines and installation.database_url is not None:
            self.database_line, url = await _line_to(installation.database_url, exits)
            installation = installation._replace(database_url=url)
        if self._has_lines and "broker_url" in backend:
            self.broker_line, settings["broker_url"] = await _line_to(backend["broker_url"], exits)
        return ServerProcess(installation, **settings)

    @property
    def for_visitors(self) -> str:
        """Where visitors come in."""
        return self.front.base if self.front is not None else self.nodes[0].base

    @property
    def for_agents(self) -> str:
        """Where agents come in."""
        return self.front.base if self.front is not None else self.nodes[-1].base

    async def health(self, node: ServerProcess) -> tuple[int, dict[str, Any]]:
        """The status and the body of a node's ``/readyz``; (0, {}) where nobody answers."""
        try:
            async with self._http.get(f"{node.base}/readyz") as response:
                return response.status, json.loads(await response.read())
        except (aiohttp.ClientError, OSError):
            return 0, {}

    async def ready(self, nodes: Sequence[ServerProcess] | None = None, status: str = "ready") -> None:
        """Wait until every node, or each of ``nodes``, says this of itself.

        Raises:
            TimeoutError: one did not.
        """
        async with asyncio.timeout(START_SECONDS):
            for node in self.nodes if nodes is None else nodes:
                while (await self.health(node))[1].get("status") != status:  # noqa: ASYNC110 - nobody tells it
                    await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def kill(self, *numbers: int) -> None:
        """``kill -9`` of these nodes, of all where none is named."""
        nodes = self._named(numbers)
        for node in nodes:
            node.signal(signal.SIGKILL)
        for node in nodes:
            await node.ended()

    async def start(self, *numbers: int) -> None:
        """Start these nodes again, all where none is named; each keeps its port."""
        await asyncio.gather(*(node.start() for node in self._named(numbers)))

    async def replace(self, number: int) -> int:
        """Stop a node as a supervisor does, and start its successor; the exit status of the old one."""
        node = self.nodes[number]
        node.signal(signal.SIGTERM)
        status = await node.ended()
        await node.start()
        await self.ready([node])
        return status

    def _named(self, numbers: Sequence[int]) -> list[ServerProcess]:
        return [self.nodes[number] for number in numbers] if numbers else list(self.nodes)

    def last_words(self) -> Iterator[str]:
        """What the nodes and nginx logged last, for a failure's report."""
        for number, node in enumerate(self.nodes):
            told = [line for line in node.log if line.get("level") != "info"]
            yield from (f"node {number + 1}: {json.dumps(line)[:1000]}" for line in told[-_LAST_LINES:])
        if self.front is not None:
            yield from (f"nginx: {line}" for line in self.front.log.splitlines()[-_LAST_LINES:])


async def _line_to(url: str, exits: AsyncExitStack) -> tuple[TcpProxy, str]:
    """A proxy before the engine at ``url``, and the address through it."""
    parts = urlsplit(url)
    assert parts.port is not None
    proxy = await exits.enter_async_context(TcpProxy(parts.port))
    user = f"{parts.username}@" if parts.username else ""
    return proxy, urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{proxy.port}"))
