"""The shop and the server on two origins, visitors in Chromium, an agent as a client of the protocol."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from demo_site.shop import make_app
from tests.browser.widget_shop import Agent, Shop, bound_socket, chromium
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState, now_ms
from tests.patience import PATIENCE_SECONDS
from widget_server.actions.agents import do_create_agent
from widget_server.actions.passwords import Passwords
from widget_server.actions.sessions import do_begin_session
from widget_server.actions.sites import do_create_site
from widget_server.app import create_app
from widget_server.settings import Settings
from widget_server.store.engines import database_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.engines.backends import Backend

SITE_KEY = "shop"
_GENEROUS = "1000000/second"
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture
async def shop(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> AsyncGenerator[Shop]:
    """A shop with the widget on its pages. What its pages complain about fails the test.

    Browsers come to the first node; `agent` to the last.

    The mark `plain_browser` gives a Chromium as people have it, `server_settings` other settings of the server.
    """
    plain = request.node.get_closest_marker("plain_browser") is not None
    mark = request.node.get_closest_marker("server_settings")
    chosen = {
        "limit_frames_connection": _GENEROUS,
        "limit_messages_connection": _GENEROUS,
        "limit_messages_visitor": _GENEROUS,
        "limit_messages_address": _GENEROUS,
        "limit_pages": _GENEROUS,
    } | (mark.kwargs if mark else {})
    # Held from here on: a port that is only looked up may be somebody else's a moment later.
    server_socket, shop_socket = bound_socket(), bound_socket()
    port, shop_port = server_socket.getsockname()[1], shop_socket.getsockname()[1]
    # Two sites, as they are in life: two ports of one host would be one.
    server_url, shop_url = f"http://localhost:{port}", f"http://127.0.0.1:{shop_port}"
    backend.lay_out(tmp_path / "data")
    settings = Settings(
        mode="testing",
        port=port,
        public_url=server_url,
        internal_port=0,
        **backend.settings(tmp_path / "data"),
        **chosen,
    )
    database = database_of(settings.database_url)
    passwords = Passwords(memory_kib=8, passes=1)
    async with AsyncExitStack() as stack:
        for held in (server_socket, shop_socket):
            stack.callback(held.close)
        app = create_app(settings, database=database, passwords=passwords)
        server = TestServer(app, host="127.0.0.1", socket_factory=lambda *_: server_socket)
        await server.start_server()
        stack.push_async_callback(server.close)
        agents_url = server_url
        if backend.nodes > 1:
            elsewhere = settings.model_copy(update={"data_dir": tmp_path / "data-2"})
            other = await stack.enter_async_context(TestServer(create_app(elsewhere, passwords=passwords)))
            agents_url = str(other.make_url("")).rstrip("/")
        await do_create_site(
            database, name="Plum & Sons", allowed_origins=[shop_url], key=SITE_KEY,
            now_ms=now_ms(), random=secrets.token_bytes,
        )  # fmt: skip
        browser = await stack.enter_async_context(chromium(plain=plain))
        made = Shop(shop_url, server_url, agents_url, SITE_KEY, database, browser, stack)
        site = make_app(server_url, SITE_KEY)
        site.router.add_get("/bare", made.send_bare_page)
        pages = web.AppRunner(site)
        await pages.setup()
        stack.push_async_callback(pages.cleanup)
        await web.SockSite(pages, shop_socket).start()
        yield made
        assert made.complaints == []


@pytest.fixture
async def agent(shop: Shop) -> AsyncGenerator[Agent]:
    """An agent of the shop, called Ada, who is online and watches the inbox."""
    made = await do_create_agent(
        shop.database, Passwords(memory_kib=8, passes=1), mail="ada@example.com", name="Ada Byron",
        now_ms=now_ms(), random=secrets.token_bytes,
    )  # fmt: skip
    token = secrets.token_urlsafe(32)
    await do_begin_session(shop.database, made.agent, token, replaced=None, browser="a test", now_ms=now_ms(), days=1)
    headers = {"Cookie": f"session={token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        SocketClient(session, f"{shop.agents_server}/ws/console", shop.server, ClientState("agent")) as client,
    ):
        agent = Agent(client)
        await agent.watch()
        yield agent


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks of this folder."""
    config.addinivalue_line("markers", "server_settings(**settings): settings of the server that are not the usual")
    config.addinivalue_line("markers", "plain_browser: a Chromium without what Playwright switches off")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if "browser" in str(item.path.parent.name):
            item.add_marker(pytest.mark.browser)
