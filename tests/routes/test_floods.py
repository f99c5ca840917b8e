"""Who sends more than a person could: told to wait, then sent away, and nobody else notices (S38)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSServerHandshakeError

from tests.patience import PATIENCE_SECONDS
from tests.serving import SHOP, begin, origin_of, serving
from widget_server.protocol.codes import CloseCode
from widget_server.web import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.serving import Served


async def test_s38_a_socket_that_floods_is_sent_away_with_a_hint(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend, limit_frames_connection="20/minute") as served:
        url = f"{served.base}/ws/{SHOP}"
        async with (
            served.visitor() as bystander,
            served.http.ws_connect(url, headers={"Origin": origin_of(SHOP)}) as flood,
        ):
            channel = await begin(bystander)
            await flood.send_str('{"t":"hello","v":1}')
            for _ in range(1_000):
                await flood.send_str('{"t":"ping"}')
            async for _ in flood:
                """What was answered before the end."""
            assert flood.close_code == CloseCode.BUSY
            assert (await bystander.deliver("Still here", channel))["seq"] == 2


async def test_s40_all_addresses_of_one_network_share_its_sockets(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend, sockets_per_address=1, trusted_proxies=1) as served:

        def headers(address: str) -> dict[str, str]:
            return {"Origin": origin_of(SHOP), "X-Forwarded-For": address}

        url = f"{served.base}/ws/{SHOP}"
        async with served.http.ws_connect(url, headers=headers("2001:db8::1")):
            with pytest.raises(WSServerHandshakeError) as refused:
                await served.http.ws_connect(url, headers=headers("2001:db8::2"))
            assert refused.value.status == 503
            async with served.http.ws_connect(url, headers=headers("2001:db8:0:1::1")):
                """Another network has sockets of its own."""


@pytest.mark.parametrize("path", ["/stream/shop", "/frames/shop", "/sign-in"])
async def test_s40_a_body_that_does_not_arrive_is_given_up(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    head = {"Host": "chat.test", "Origin": origin_of(SHOP), "Content-Length": "100"}
    head["Content-Type"] = "application/x-www-form-urlencoded" if path == "/sign-in" else "application/json"
    head["Authorization"] = f"Bearer {served.clock.token()}"
    port = int(served.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", "{"]
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert b" 400 " in await reader.readline()
    writer.close()


async def test_s38_frames_are_counted_over_all_posts_of_one_visitor(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend, limit_frames_connection="5/minute") as served:
        headers = {"Origin": origin_of(SHOP), "Authorization": f"Bearer {served.clock.token()}"}
        kinds: list[str] = []
        for _ in range(3):
            body = {"frames": [{"t": "ping"}, {"t": "ping"}]}
            async with served.http.post(f"{served.base}/frames/{SHOP}", json=body, headers=headers) as answer:
                kinds += [frame["t"] for frame in (await answer.json())["frames"]]
        assert kinds == ["pong"] * 5 + ["error"]
