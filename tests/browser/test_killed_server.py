"""Two people in two browsers while the server is killed under them, again and again (G01, G02, G17)."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest
from aiohttp import web
from playwright.async_api import expect

from demo_site.shop import make_app
from tests.browser.widget_shop import VisitorPage, bound_socket, chromium
from tests.clients.installation import SITE_KEY, make_installation
from tests.clients.server import ServerProcess
from widget_server.actions.sites import do_update_site
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.store.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from playwright.async_api import Page

_OWNER = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))
_BACK_MS = 60_000
"""A client that has tried in vain comes back within half a minute."""


class Scene(NamedTuple):
    """The server's process, a visitor's page in the shop, an agent's console."""

    server: ServerProcess
    visitor: VisitorPage
    console: Page


async def _allow(data_dir: Path, origin: str) -> None:
    database = SQLiteDatabase(data_dir / "widget.db")
    await database.open()
    try:
        now = time.time_ns() // 1_000_000
        await do_update_site(database, _OWNER, SITE_KEY, {"allowed_origins": [origin]}, now_ms=now)
    finally:
        await database.close()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene]:
    installation = await make_installation(tmp_path)
    with bound_socket() as looked_up:
        port = looked_up.getsockname()[1]
    own = f"http://localhost:{port}"
    async with AsyncExitStack() as stack:
        shop_socket = stack.enter_context(bound_socket())
        shop_url = f"http://127.0.0.1:{shop_socket.getsockname()[1]}"
        await _allow(tmp_path, shop_url)
        server = ServerProcess(installation, public_url=own)
        server.port = port
        await stack.enter_async_context(server)
        pages = web.AppRunner(make_app(own, SITE_KEY))
        await pages.setup()
        stack.push_async_callback(pages.cleanup)
        await web.SockSite(pages, shop_socket).start()
        browser = await stack.enter_async_context(chromium())
        visitors, agents = await browser.new_context(), await browser.new_context()
        name, _, token = installation.cookie.partition("=")
        await agents.add_cookies([{"name": name, "value": token, "url": own}])
        page, console = await visitors.new_page(), await agents.new_page()
        await page.goto(shop_url)
        await console.goto(f"{own}/console")
        yield Scene(server, VisitorPage(page), console)


async def test_a_server_killed_in_the_middle_loses_nothing_and_doubles_nothing(scene: Scene) -> None:
    server, visitor, console = scene
    await visitor.open()
    await visitor.says("Hello")
    await console.get_by_role("list", name="Conversations").get_by_role("link").click()
    log = console.get_by_role("log", name="Conversation")
    await expect(log).to_contain_text("Hello")
    reply = console.get_by_role("textbox", name="Reply")
    said = ["Hello"]
    for number in range(3):
        questions = [f"question {number}.{part}" for part in range(4)]
        await asyncio.gather(visitor.says(*questions), server.kill())
        answer = f"answer {number}"
        await reply.fill(answer)
        await console.get_by_role("button", name="Send", exact=True).click()
        await server.start()
        said += [*questions, answer]
        for text in [*questions, answer]:
            await expect(visitor.message(text)).to_have_count(1, timeout=_BACK_MS)
            await expect(log.get_by_text(text, exact=True)).to_have_count(1, timeout=_BACK_MS)
        await expect(visitor.state("Not sent")).to_have_count(0)
    await visitor.page.reload()
    await visitor.open()
    await expect(visitor.message(said[-1])).to_have_count(1, timeout=_BACK_MS)
    after = [body for body in await visitor.bodies() if body in said]
    assert sorted(after) == sorted(said)
    own = [body for body in after if body.startswith("question")]
    assert own == [text for text in said if text.startswith("question")]
