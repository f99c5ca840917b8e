"""The proxies' samples: nginx with two nodes behind it, as it is shipped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from tests.clients.fallback import FallbackClient
from tests.clients.installation import SITE_KEY, SITE_ORIGIN
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.cluster import Cluster, lay_out
from tests.deploy.shipped_nginx import SHIPPED, ShippedNginx
from tests.engines.backends import Backend
from widget_server.settings import Settings

pytestmark = pytest.mark.only("nodes")


class Front(NamedTuple):
    """Two nodes and the proxy before them."""

    cluster: Cluster
    nginx: ShippedNginx
    http: aiohttp.ClientSession

    def visitor(self) -> SocketClient:
        return SocketClient(self.http, f"{self.nginx.base}/ws/{SITE_KEY}", SITE_ORIGIN, ClientState("visitor"))

    def fallback(self) -> FallbackClient:
        return FallbackClient(self.http, self.nginx.base, SITE_KEY, SITE_ORIGIN, ClientState("visitor"))

    @asynccontextmanager
    async def console(self) -> AsyncGenerator[SocketClient]:
        installation = self.cluster.installation
        async with aiohttp.ClientSession(headers=installation.agent_headers) as session:
            url, origin = f"{self.nginx.base}/ws/console", installation.agent_headers["Origin"]
            async with SocketClient(session, url, origin, ClientState("agent")) as console:
                yield console

    async def node_of(self, path: str) -> str:
        """The one node that answered what was asked at a path; nginx tells once the answer has ended."""

        def told() -> list[str]:
            return [line.rpartition(" ")[2] for line in self.nginx.access_log if f' {path}"' in line]

        await asyncio.to_thread(self.nginx.wait, lambda: bool(told()))
        (node,) = told()
        return node


@asynccontextmanager
async def fronted(backend: Backend, data_dir: Path, *, new_visitors: str = "1000000/second") -> AsyncGenerator[Front]:
    installation = await lay_out(backend, data_dir)
    async with (
        Cluster(installation, backend, front=True, limit_new_visitors_address=new_visitors) as cluster,
        aiohttp.ClientSession() as http,
    ):
        assert cluster.front is not None
        yield Front(cluster, cluster.front, http)


@pytest.fixture
async def front(backend: Backend, tmp_path: Path) -> AsyncGenerator[Front]:
    async with fronted(backend, tmp_path / "data") as front:
        yield front


async def test_s4_15_the_two_sides_of_a_chat_meet_on_different_nodes(front: Front) -> None:
    async with front.visitor() as visitor, front.console() as console:
        await visitor.deliver("Is anybody there?")
        name = visitor.state.channel_of_start
        assert name is not None
        await console.show(name)
        await console.deliver("I am", name)
        shown = visitor.state.channels[name].messages
        await visitor.until(lambda: [message["body"] for message in shown.values()] == ["Is anybody there?", "I am"])
    assert await front.node_of("/ws/console") != await front.node_of(f"/ws/{SITE_KEY}")

    # Where WebSockets are blocked, events come down a long answer as they happen.
    async with front.fallback() as visitor, front.console() as console:
        await visitor.deliver("By posts alone")
        name = visitor.state.channel_of_start
        assert name is not None
        await console.show(name)
        await console.deliver("And an answer", name)
        await visitor.until(lambda: len(visitor.state.channels[name].messages) == 2)


async def test_nobody_notices_that_proxy_and_nodes_are_replaced(front: Front) -> None:
    async with front.visitor() as visitor:
        await visitor.deliver("1")
        name = visitor.state.channel_of_start
        assert name is not None
        front.nginx.reload()
        replaced = asyncio.create_task(replace_all(front.cluster))
        statuses = set()
        sent = 1
        while not replaced.done():
            async with front.http.get(f"{front.nginx.base}/widget/{SITE_KEY}.js") as response:
                statuses.add(response.status)
            sent += 1
            await visitor.deliver(str(sent), name)
        assert await replaced == [0, 0]
        assert statuses == {200}
        bodies = [message["body"] for message in visitor.state.channels[name].messages.values()]
        assert bodies == [str(number) for number in range(1, sent + 1)]
        assert visitor.closes, "it was sent away at least once"


async def replace_all(cluster: Cluster) -> list[int]:
    return [await cluster.replace(number) for number in range(len(cluster.nodes))]


async def test_nobody_passes_for_another_address(backend: Backend, tmp_path: Path) -> None:
    async with fronted(backend, tmp_path / "data", new_visitors="1/hour") as front:
        # A node may let one in before the other has told it of the first; the third is refused by either.
        told = [await told_to_a_new_visitor(front, f"198.51.100.{number}") for number in range(3)]
        assert told[0] == []
        assert told[2] == ["rate_limited"]


async def told_to_a_new_visitor(front: Front, claimed: str) -> list[str]:
    """The refusals that a new visitor meets who claims to come from this address."""
    url = f"{front.nginx.base}/ws/{SITE_KEY}"
    async with (
        aiohttp.ClientSession(headers={"X-Forwarded-For": claimed}) as session,
        SocketClient(session, url, SITE_ORIGIN, ClientState("visitor")) as visitor,
    ):
        await visitor.send("Hello")
        await visitor.until(lambda: bool(visitor.state.channel_of_start or visitor.state.errors))
        return [error["name"] for error in visitor.state.errors]


def test_no_proxy_gives_up_before_the_next_heartbeat() -> None:
    longest = Settings.model_json_schema()["properties"]["heartbeat_seconds"]["maximum"]
    waits = [int(seconds) for seconds in re.findall(r"proxy_(?:read|send)_timeout (\d+)s", SHIPPED.read_text("utf-8"))]
    assert waits
    assert min(waits) >= 2 * longest
