"""What the widget's browser tests speak in: a shop, its visitors' pages, an agent who answers."""

from __future__ import annotations

import secrets
import socket
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from playwright.async_api import async_playwright, expect

from tests.clients.state import now_ms
from tests.patience import PATIENCE_SECONDS
from widget_server.actions.agents import do_create_agent
from widget_server.actions.passwords import Passwords
from widget_server.actions.sites import do_update_site
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AsyncExitStack

    from playwright.async_api import Browser, BrowserContext, Locator, Page

    from tests.clients.socket import SocketClient
    from widget_server.store.database import Database

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
AXE = Path(__file__).parents[2] / "widget_js/node_modules/axe-core/axe.min.js"


def bound_socket() -> socket.socket:
    """A socket on a free port of 127.0.0.1."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    return made


@asynccontextmanager
async def chromium(*flags: str, plain: bool = False) -> AsyncGenerator[Browser]:
    """Debian's Chromium.

    Args:
        flags: more of its own.
        plain: as people have it, without what Playwright switches off: the back/forward cache, divided storage.
    """
    more = ("--headless", "--remote-debugging-pipe", "--hide-scrollbars") if plain else ()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*FLAGS, *more, *flags], ignore_default_args=plain
        )
        try:
            yield browser
        finally:
            await browser.close()


class Agent:
    """Somebody of the team, who speaks the protocol."""

    def __init__(self, client: SocketClient) -> None:
        self.client = client

    async def watch(self) -> None:
        """See the inbox, and be online."""
        state = self.client.state
        view = {"status": "open", "who": "all"}
        await self.client.ask({"t": "inbox", "ref": state.ref(), "view": view, "limit": 50})
        await self.client.ask({"t": "availability", "ref": state.ref(), "state": "online"})

    async def open(self, preview: str) -> str:
        """Open the conversation whose last message is ``preview``; returns its channel."""
        rows = self.client.state.rows

        def channels() -> list[str]:
            return [name for name, row in rows.items() if row["preview"] == preview]

        await self.client.until(lambda: bool(channels()))
        channel = channels()[0]
        await self.client.show(channel)
        return channel

    async def says(self, channel: str, *bodies: str) -> None:
        """Write messages, each acknowledged before the next."""
        for body in bodies:
            await self.client.deliver(body, channel)

    async def types(self, channel: str, on: bool) -> None:
        """Begin or stop to type."""
        await self.client.say({"t": "typing", "channel": channel, "on": on})

    async def looks(self, channel: str) -> None:
        """Have seen everything."""
        await self.client.say(self.client.state.receipt(channel, seen=True))

    async def edits(self, channel: str, seq: int, body: str, revision: int = 1) -> None:
        """Change an own message."""
        frame = {"t": "edit", "ref": self.client.state.ref(), "channel": channel, "seq": seq, "revision": revision}
        await self.client.ask(frame | {"body": body})

    async def hears(self, channel: str, *bodies: str) -> None:
        """Wait until the conversation's messages are exactly these."""
        await self.client.until(lambda: self.bodies(channel) == list(bodies))

    def bodies(self, channel: str) -> list[str]:
        """What the conversation says, in order."""
        return [body for _, _, body, _, _ in self.client.state.channels[channel].lists()]

    def marks(self, channel: str) -> dict[str, Any]:
        """The watermarks of both sides."""
        return self.client.state.channels[channel].marks


class VisitorPage:
    """A page of the shop in a visitor's browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher = page.locator("support-chat .launcher")
        self.panel = page.get_by_role("dialog")
        self.box = page.get_by_role("textbox", name="Message")
        self.log = page.get_by_role("log", name="Conversation")
        self.notice = page.locator("support-chat [role=status]")

    async def open(self) -> None:
        """Open the chat by its button."""
        await self.page.get_by_role("button", name="Open chat").click()
        await expect(self.box).to_be_focused()

    async def says(self, *bodies: str) -> None:
        """Write messages, as one does: Enter sends."""
        for body in bodies:
            await self.box.fill(body)
            await self.box.press("Enter")

    def message(self, body: str) -> Locator:
        """The message that says ``body``."""
        return self.log.get_by_role("listitem").filter(has_text=body)

    def state(self, name: str) -> Locator:
        """The state under the last own message."""
        return self.log.get_by_text(name, exact=True)

    async def bodies(self) -> list[str]:
        """What the log says, in order."""
        return await self.log.locator(".bubble").all_inner_texts()

    async def shows(self, *bodies: str) -> None:
        """Wait until the log's messages are exactly these."""
        await expect(self.log.locator(".bubble")).to_have_text(list(bodies))

    async def violations(self) -> list[str]:
        """What axe finds on the page as it is."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run('support-chat', {resultTypes: ['violations']})")
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


PASSWORD = "plum tree over river"


class Shop:
    """One installation with one site. Made by the fixture `shop`."""

    def __init__(
        self,
        url: str,
        server: str,
        agents_server: str,
        key: str,
        database: Database,
        browser: Browser,
        stack: AsyncExitStack,
    ) -> None:
        self.url = url
        self.server = server
        self.agents_server = agents_server
        self.key = key
        self.database = database
        self.browser = browser
        self.complaints: list[str] = []
        self._stack = stack
        self._bare: tuple[str, dict[str, str]] = ("", {})

    async def set_up(self, **appearance: object) -> None:
        """Change the site's appearance, as its owner does."""
        owner = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))
        await do_update_site(self.database, owner, self.key, appearance, now_ms=time.time_ns() // 1_000_000)

    async def context(self, **options: Any) -> BrowserContext:
        """A visitor's browser: nothing in common with the others. ``options`` are Playwright's."""
        options.setdefault("viewport", {"width": 1200, "height": 800})
        context = await self.browser.new_context(**options)
        self._stack.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        context.on("page", self._listen)
        return context

    async def visitor(self, path: str = "/", **options: Any) -> VisitorPage:
        """A new visitor on a page of the shop."""
        context = await self.context(**options)
        return await self.page(context, path)

    async def bare_page(
        self, context: BrowserContext, attributes: str = "", *, before: str = "", policy: str | None = None
    ) -> VisitorPage:
        """A page of the shop's origin that holds nothing but the script tag with ``attributes``.

        Args:
            context: whose browser.
            attributes: of the script tag, as HTML.
            before: HTML that stands before the tag.
            policy: a Content-Security-Policy.
        """
        tag = f'<script async src="{self.server}/widget/{self.key}.js" {attributes}></script>'
        body = f'<!doctype html><html lang="en"><title>Bare</title><body><main>Bare</main>{before}{tag}</body></html>'
        self._bare = body, {"Content-Security-Policy": policy} if policy else {}
        return await self.page(context, "/bare")

    async def send_bare_page(self, request: web.Request) -> web.Response:
        """Answer with the page that `bare_page` has described last."""
        del request
        body, headers = self._bare
        return web.Response(text=body, content_type="text/html", headers=headers)

    async def page(self, context: BrowserContext, path: str = "/") -> VisitorPage:
        """Another tab of a visitor."""
        page = await context.new_page()
        await page.goto(self.url + path)
        return VisitorPage(page)

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if "Content Security" in line.text else None)


async def console_of(shop: Shop) -> Page:
    """The console of a new agent called Ada Byron, signed in, in a browser of its own."""
    passwords = Passwords(memory_kib=8, passes=1)
    await do_create_agent(
        shop.database, passwords, mail="ada@example.com", name="Ada Byron", password=PASSWORD,
        now_ms=now_ms(), random=secrets.token_bytes,
    )  # fmt: skip
    page = await (await shop.context()).new_page()
    await page.goto(f"{shop.server}/console")
    await page.get_by_label("Email").fill("ada@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("list", name="Conversations")).to_be_attached()
    return page
