"""S4.16: two installations under two paths of one host, one below the other, behind a real nginx and in a real browser.

To the outer one nginx passes the path as it came; for the inner one it strips it.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from demo_site.shop import make_app
from tests.browser.conftest import SITE_KEY
from tests.browser.console_desk import PASSWORD, AgentPage
from tests.browser.widget_shop import Shop, VisitorPage, bound_socket, chromium
from tests.clients.state import now_ms
from tests.engines.nginx import Nginx
from widget_server.actions.agents import do_create_agent
from widget_server.actions.passwords import Passwords
from widget_server.actions.sites import do_create_site
from widget_server.app import create_app
from widget_server.settings import Settings
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext

OUTER, INNER = "/apps/chat", "/apps/chat/second"
MAIL = "ada@example.com"


class Installation(NamedTuple):
    """One of the two, and the shop that embeds its widget."""

    base: str
    prefix: str
    shop: Shop


class Host:
    """One host with both. What browsers ask of it is noted.

    Args:
        nginx: stands in front.
        browser: everybody's.
        stack: what ends with the test.
    """

    def __init__(self, nginx: Nginx, browser: Browser, stack: AsyncExitStack) -> None:
        self._origin = f"http://localhost:{nginx.port}"
        self._netloc = f"localhost:{nginx.port}"
        self._browser = browser
        self._stack = stack
        self.asked: list[str] = []
        """The paths of all requests and sockets."""

    async def install(self, folder: Path, empty_store: Path, prefix: str, port_socket: Any) -> Installation:
        """Serve an installation under ``prefix``; it listens on ``port_socket``."""
        stack, base = self._stack, self._origin + prefix
        shop_socket = bound_socket()
        stack.callback(shop_socket.close)
        shop_url = f"http://127.0.0.1:{shop_socket.getsockname()[1]}"
        settings = Settings(
            mode="testing", data_dir=folder, public_url=base, internal_port=0, port=0, trusted_proxies=1
        )
        settings.data_dir.mkdir()
        shutil.copyfile(empty_store, settings.database_path)
        database, passwords = SQLiteDatabase(settings.database_path), Passwords(memory_kib=8, passes=1)
        app = create_app(settings, database=database, passwords=passwords)
        server = TestServer(app, host="127.0.0.1", socket_factory=lambda *_: port_socket)
        await server.start_server()
        stack.push_async_callback(server.close)
        facts: dict[str, Any] = {"now_ms": now_ms(), "random": secrets.token_bytes}
        # The same key on purpose: two servers on one host must not mix up what their widgets keep.
        await do_create_site(database, name=prefix, allowed_origins=[shop_url], key=SITE_KEY, **facts)
        await do_create_agent(database, passwords, mail=MAIL, name=f"Ada at {prefix}", password=PASSWORD, **facts)
        shop = Shop(shop_url, base, base, SITE_KEY, database, self._browser, stack)
        pages = make_app(base, SITE_KEY)
        pages.router.add_get("/bare", shop.send_bare_page)
        runner = web.AppRunner(pages)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, shop_socket).start()
        return Installation(base, prefix, shop)

    async def context(self) -> BrowserContext:
        """Somebody's browser."""
        context = await self._browser.new_context(viewport={"width": 1440, "height": 860})
        self._stack.push_async_callback(context.close)
        self.note(context)
        return context

    def note(self, context: BrowserContext) -> None:
        """Note what a browser asks for."""
        context.on("request", lambda request: self._note(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(socket.url)))

    def asked_beyond(self, prefix: str) -> list[str]:
        """The paths that were asked for and do not lie under ``prefix``."""
        return [path for path in self.asked if not f"{path}/".startswith(f"{prefix}/")]

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.netloc == self._netloc:
            self.asked.append(parts.path)


class Stage(NamedTuple):
    """What the tests stand on."""

    host: Host
    outer: Installation
    inner: Installation


def _nginx(port: int, outer: int, inner: int) -> str:
    return f"""
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    server {{
        listen 127.0.0.1:{port};
        listen [::1]:{port};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_buffering off;
        location {OUTER} {{ proxy_pass http://127.0.0.1:{outer}; }}
        location {INNER}/ {{ proxy_pass http://127.0.0.1:{inner}/; }}
    }}"""


@pytest.fixture
async def stage(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path) -> AsyncGenerator[Stage]:
    plain = request.node.get_closest_marker("plain_browser") is not None
    async with AsyncExitStack() as stack:
        sockets = [bound_socket(), bound_socket()]
        for held in sockets:
            stack.callback(held.close)
        ports = [held.getsockname()[1] for held in sockets]
        nginx = Nginx(lambda port: _nginx(port, *ports))
        browser = await stack.enter_async_context(chromium(plain=plain))
        host = Host(nginx, browser, stack)
        outer = await host.install(tmp_path / "outer", empty_store, OUTER, sockets[0])
        inner = await host.install(tmp_path / "inner", empty_store, INNER, sockets[1])
        await asyncio.to_thread(nginx.__enter__)
        stack.callback(nginx.close)
        yield Stage(host, outer, inner)
        assert [*outer.shop.complaints, *inner.shop.complaints] == []


async def _sign_in(context: BrowserContext, installation: Installation) -> AgentPage:
    agent = AgentPage(await context.new_page(), installation.base)
    await agent.page.goto(f"{installation.base}/sign-in")
    await agent.sign_in(MAIL)
    await expect(agent.page).to_have_url(f"{installation.base}/console")
    return agent


async def _visit(host: Host, shop: Shop) -> VisitorPage:
    context = await shop.context()
    host.note(context)
    return await shop.page(context)


@pytest.mark.parametrize("which", ["outer", "inner"])
async def test_s4_16_a_whole_chat_goes_on_under_the_path(stage: Stage, which: str) -> None:
    installation: Installation = getattr(stage, which)
    visitor = await _visit(stage.host, installation.shop)
    await visitor.open()
    await visitor.says("Hello")
    agent = await _sign_in(await stage.host.context(), installation)
    await agent.rows.first.get_by_role("link").click()
    await expect(agent.log).to_contain_text("Hello")
    await agent.says("What can I do for you?")
    await visitor.shows("Hello", "What can I do for you?")
    await agent.page.reload()
    await expect(agent.log).to_contain_text("What can I do for you?")
    await visitor.page.reload()
    await visitor.open()
    await visitor.shows("Hello", "What can I do for you?")
    await visitor.says("Nothing, thank you")
    await expect(agent.log).to_contain_text("Nothing, thank you")
    await expect(visitor.state("Seen")).to_be_visible()
    # The settings' pages, and the way out.
    await agent.page.goto(f"{installation.base}/console#/sites")
    await agent.page.get_by_role("link", name=installation.prefix).first.click()
    tag = f'<script async src="{installation.base}/widget/{SITE_KEY}.js"></script>'
    await expect(agent.page.get_by_role("textbox", name="Script tag")).to_have_value(tag)
    assert stage.host.asked_beyond(installation.prefix) == []
    assert {f"{installation.prefix}/ws/console", f"{installation.prefix}/ws/{SITE_KEY}"} <= set(stage.host.asked)


async def test_s4_16_without_sockets_and_in_a_frame_it_goes_on_under_the_path(stage: Stage) -> None:
    context = await stage.outer.shop.context()
    stage.host.note(context)
    await context.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } }")
    visitor = await stage.outer.shop.bare_page(context, 'data-isolation="iframe" data-language="de"')
    await visitor.launcher.click()
    frame = visitor.page.frame_locator("support-chat iframe")
    box = frame.get_by_role("textbox")
    await box.fill("Hello")
    await box.press("Enter")
    agents = await stage.host.context()
    await agents.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } }")
    agent = await _sign_in(agents, stage.outer)
    await agent.rows.first.get_by_role("link").click()
    await expect(agent.log).to_contain_text("Hello")
    await agent.says("Hello to you")
    await expect(frame.get_by_text("Hello to you")).to_be_visible()
    assert stage.host.asked_beyond(OUTER) == []
    fallback = {f"{OUTER}/{kind}/{who}" for kind in ("stream", "frames") for who in ("console", SITE_KEY)}
    assert fallback <= set(stage.host.asked)


# Playwright's Chromium lets frames of another site keep nothing; people's let them.
@pytest.mark.plain_browser
async def test_s4_16_two_installations_on_one_host_know_nothing_of_each_other(stage: Stage) -> None:
    context = await stage.host.context()
    outer, inner = await _sign_in(context, stage.outer), await _sign_in(context, stage.inner)
    for agent, prefix in ((outer, OUTER), (inner, INNER)):
        await agent.page.goto(f"{agent.base}/console#/profile")
        await agent.page.reload()
        await expect(agent.page.get_by_label("Name")).to_have_value(f"Ada at {prefix}")
    # Two framed panels with one key keep what they keep on this one host.
    visitors = [
        await installation.shop.bare_page(context, 'data-isolation="iframe"')
        for installation in (stage.outer, stage.inner)
    ]
    for visitor, text in zip(visitors, ("To the outer", "To the inner"), strict=True):
        await visitor.launcher.click()
        box = visitor.page.frame_locator("support-chat iframe").get_by_role("textbox")
        await box.fill(text)
        await box.press("Enter")
    for agent, text, other in ((outer, "To the outer", "To the inner"), (inner, "To the inner", "To the outer")):
        await agent.page.goto(f"{agent.base}/console#/")
        await expect(agent.rows).to_have_count(1)
        await expect(agent.rows).to_contain_text(text)
        await expect(agent.rows).not_to_contain_text(other)
    # Who signs out of one goes on in the other.
    await inner.page.get_by_role("button", name="Ada at").click()
    await inner.page.get_by_role("menuitem", name="Sign out").click()
    await expect(inner.page.get_by_label("Password")).to_be_visible()
    assert inner.page.url.startswith(f"{stage.inner.base}/sign-in?")
    await outer.page.reload()
    await expect(outer.rows).to_have_count(1)
    await inner.sign_in(MAIL)
    await expect(inner.page).to_have_url(f"{stage.inner.base}/console#/")
