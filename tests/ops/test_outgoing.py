"""S31, S32: requests to addresses that people gave reach the public internet, or what is listed, and nothing else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from widget_server.core.errors import Unacceptable
from widget_server.ops import outgoing as module
from widget_server.ops.outgoing import MAX_ANSWER_BYTES, NotReachable, Outgoing, is_public, networks_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

LOCAL = "127.0.0.0/8, ::1/128"


@asynccontextmanager
async def going_out(allowed: str = "") -> AsyncGenerator[Outgoing]:
    outgoing = Outgoing(networks_of(allowed))
    await outgoing.start()
    try:
        yield outgoing
    finally:
        await outgoing.close()


@asynccontextmanager
async def sink(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncGenerator[BaseTestServer]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield server


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_s31_the_public_internet_is_reached(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.88.99.1",
        "198.18.0.1", "203.0.113.5", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "fe80::1", "fec0::1",
        "fc00::1", "fd00:ec2::254", "ff02::1", "100::1",
    ],
)  # fmt: skip
def test_s31_no_address_of_somebodys_inside_is(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/", "example.com", "",
        "http:///path", "https://user:secret@example.com/", "https://user@example.com/", "https://example.com/#part",
        "https://example.com:22/", "https://example.com:99999/", "http://127.0.0.1/", "http://[::1]/",
        "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data", "https://exa mple.com/",
        "https://example.com/\r\nHost: other", "https://exämple.com/", "https://example.com/" + "a" * 1000,
    ],
)  # fmt: skip
def test_s31_only_plain_web_addresses_are_taken(url: str) -> None:
    with pytest.raises(Unacceptable, match="bad_url"):
        Outgoing().check_url(url)


def test_s31_an_address_of_the_web_is_taken_as_it_is() -> None:
    assert Outgoing().check_url("https://hooks.example.com:8443/a?b=c") == "https://hooks.example.com:8443/a?b=c"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "127.1"])
async def test_s31_what_leads_inside_is_not_connected_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    async with sink(answer) as server, going_out() as outgoing:
        monkeypatch.setattr(module, "PORTS", frozenset({server.port}))
        with pytest.raises(NotReachable, match="may not be reached"):
            await outgoing.send("POST", f"http://{host}:{server.port}/", headers={}, body=b"x")
    assert reached == []


async def test_s31_a_listed_network_is_reached_by_name_too() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert "Cookie" not in request.headers
        return web.Response(text=(await request.read()).decode(), headers={"Set-Cookie": "a=b"})

    async with sink(answer) as server, going_out(LOCAL) as outgoing:
        for host in ("127.0.0.1", "localhost"):
            found = await outgoing.send("POST", f"http://{host}:{server.port}/", headers={}, body=b"x")
            assert (found.status, found.body) == (200, b"x")


async def test_s31_no_redirect_is_followed() -> None:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/inside"})

    async with sink(answer) as server, going_out(LOCAL) as outgoing:
        found = await outgoing.send("POST", f"http://127.0.0.1:{server.port}/first", headers={}, body=b"x")
    assert (found.status, paths) == (307, ["/first"])


async def test_s32_of_an_answer_no_more_is_read_than_fits() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            return response

    async with sink(answer) as server, going_out(LOCAL) as outgoing:
        found = await outgoing.send("GET", f"http://127.0.0.1:{server.port}/", headers={})
    assert len(found.body) == MAX_ANSWER_BYTES


async def test_s32_who_answers_too_slowly_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 0.05)
    leave = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await leave.wait()
        return web.Response()

    async with sink(answer) as server, going_out(LOCAL) as outgoing:
        with pytest.raises(NotReachable, match="no answer within"):
            await outgoing.send("GET", f"http://127.0.0.1:{server.port}/", headers={})
        leave.set()


async def test_s31_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="direct")

    async with sink(answer) as server, going_out(LOCAL) as outgoing:
        found = await outgoing.send("GET", f"http://127.0.0.1:{server.port}/", headers={})
    assert found.body == b"direct"
