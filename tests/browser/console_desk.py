"""A served console: agents in Chromium contexts of their own, visitors as clients of the protocol."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from tests.browser.widget_shop import AXE, bound_socket, chromium
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.patience import PATIENCE_SECONDS
from widget_server.actions.agents import do_create_agent
from widget_server.actions.engine import Clock
from widget_server.actions.passwords import Passwords
from widget_server.actions.sites import do_create_site
from widget_server.app import create_app
from widget_server.settings import Settings
from widget_server.store.engines import database_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from playwright.async_api import Browser, Locator

    from tests.engines.backends import Backend
    from widget_server.store.database import Database

SITE_KEY = "teahouse"
SITE_ORIGIN = "https://tea.test"
PASSWORD = "plum tree over river"
_GENEROUS = "1000000/second"


class Visitor(SocketClient):
    """A visitor with one conversation."""

    @property
    def channel(self) -> str:
        """The conversation's channel."""
        assert self.state.channel_of_start is not None
        return self.state.channel_of_start

    def bodies(self) -> list[str]:
        """What the visitor holds of the conversation."""
        return [body for _, _, body, _, _ in self.state.channels[self.channel].lists()]

    def status(self) -> str:
        """The conversation's status as the visitor knows it."""
        head = self.state.channels[self.channel].head
        assert head is not None
        return str(head["head"]["status"])

    async def says(self, *bodies: str) -> None:
        """Write messages, each acknowledged before the next."""
        for body in bodies:
            await self.deliver(body)
        await self.until(lambda: self.state.channels[self.channel].is_settled)

    async def hears(self, body: str) -> None:
        """Wait until a message says ``body``."""
        await self.until(lambda: body in self.bodies())

    async def looks(self) -> None:
        """Tell that everything was seen."""
        await self.say(self.state.receipt(self.channel, seen=True))

    async def is_called(self, name: str, **more: Any) -> None:
        """Tell a name, and whatever else a page may tell."""
        await self.ask({"t": "contact", "ref": self.state.ref(), "name": name, **more})


class AgentPage:
    """The console in a browser of one agent."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.rows = page.get_by_role("list", name="Conversations").get_by_role("listitem")
        self.head = page.get_by_role("region", name="Open conversation")
        self.log = page.get_by_role("log", name="Conversation")
        self.reply = page.get_by_role("textbox", name="Reply")
        self.note = page.get_by_role("textbox", name="Note")
        self.send = page.get_by_role("button", name="Send", exact=True)
        self.notices = page.get_by_role("status", name="Notices")

    async def sign_in(self, mail: str) -> None:
        """Sign in on the sign-in page, which must be shown."""
        await self.page.get_by_label("Email").fill(mail)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(self.page.get_by_role("switch", name="Online")).to_be_visible()

    def row(self, name: str) -> Locator:
        """The row of the visitor with that name."""
        return self.rows.filter(has_text=name)

    async def open(self, name: str) -> None:
        """Open the conversation with a visitor."""
        await self.row(name).get_by_role("link").click()
        await expect(self.head.get_by_role("heading", name=name)).to_be_visible()
        await expect(self.reply).to_be_visible()
        # With its messages comes what happens in it from here on.
        await expect(self.log.get_by_role("listitem")).not_to_have_count(0)

    async def says(self, body: str) -> None:
        """Send a reply by the button."""
        await self.reply.fill(body)
        await self.send.click()

    async def violations(self) -> list[str]:
        """What axe finds on the page as it is."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


class Console:
    """One installation, its agents and its visitors. Made by the fixture `console`."""

    def __init__(
        self, base: str, visitors_base: str, database: Database, browser: Browser, stack: AsyncExitStack
    ) -> None:
        self.base = base
        self._visitors_base = visitors_base
        self._database = database
        self._browser = browser
        self._stack = stack
        self._passwords = Passwords(memory_kib=8, passes=1)
        self.complaints: list[str] = []

    async def make_agent(self, name: str, local: str | None = None) -> str:
        """Make an agent of all sites; returns their address, which begins with the first name or with ``local``."""
        mail = f"{local or name.split(maxsplit=1)[0].lower()}@example.com"
        await do_create_agent(
            self._database, self._passwords, mail=mail, name=name, password=PASSWORD,
            now_ms=Clock().now_ms(), random=secrets.token_bytes,
        )  # fmt: skip
        return mail

    async def agent(self, name: str = "Ada Byron", **context: Any) -> AgentPage:
        """An agent who is signed in. ``context`` are Playwright's options of a browser context."""
        mail = await self.make_agent(name)
        page = await self.page(**context)
        await page.goto(f"{self.base}/console")
        agent = AgentPage(page, self.base)
        await agent.sign_in(mail)
        return agent

    async def page(self, **context: Any) -> Page:
        """A page in a context of its own; what it complains about fails the test."""
        context.setdefault("viewport", {"width": 1440, "height": 860})
        made = await self._browser.new_context(**context)
        self._stack.push_async_callback(made.close)
        made.set_default_timeout(PATIENCE_SECONDS * 1000)
        page = await made.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if "Content Security" in line.text else None)
        return page

    async def visitor(self, *bodies: str, name: str | None = None, **contact: Any) -> Visitor:
        """A visitor on the site's pages, who has written ``bodies``."""
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        state = ClientState("visitor")
        visitor = Visitor(session, f"{self._visitors_base}/ws/{SITE_KEY}", SITE_ORIGIN, state)
        await self._stack.enter_async_context(visitor)
        if bodies:
            await visitor.says(*bodies)
        if name is not None:
            await visitor.is_called(name, **contact)
        return visitor


async def _console(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> AsyncGenerator[Console]:
    """Browsers come to the first node, visitors to the last; mails go to the test's `post_office`, where it has one.

    Where a test has a `line` (before this), browsers come through it.
    """
    mail: dict[str, Any] = {}
    if "post_office" in request.fixturenames:
        mail["mail_url"] = request.getfixturevalue("post_office").url
    backend.lay_out(tmp_path / "data")
    line = request.getfixturevalue("line") if "line" in request.fixturenames else None
    # Held from here on: a port that is only looked up may be somebody else's a moment later.
    held = bound_socket()
    port = held.getsockname()[1]
    if line:
        line.lead_to(port)
    base = f"http://localhost:{line.port if line else port}"
    settings = Settings(
        mode="testing",
        public_url=base,
        internal_port=0,
        outgoing_allowed="127.0.0.0/8",
        limit_messages_connection=_GENEROUS,
        limit_messages_visitor=_GENEROUS,
        limit_messages_address=_GENEROUS,
        limit_new_visitors_address=_GENEROUS,
        **backend.settings(tmp_path / "data"),
        **mail,
    )
    database = database_of(settings.database_url)
    async with AsyncExitStack() as stack:
        stack.callback(held.close)
        app = create_app(settings, database=database, passwords=Passwords(memory_kib=8, passes=1))
        server = TestServer(app, host="127.0.0.1", socket_factory=lambda *_: held)
        await server.start_server()
        stack.push_async_callback(server.close)
        visitors_base = base
        if backend.nodes > 1:
            elsewhere = settings.model_copy(update={"data_dir": tmp_path / "data-2"})
            other = await stack.enter_async_context(TestServer(create_app(elsewhere)))
            visitors_base = str(other.make_url("")).rstrip("/")
        await do_create_site(
            database, name="Teahouse", allowed_origins=[SITE_ORIGIN], key=SITE_KEY,
            now_ms=Clock().now_ms(), random=secrets.token_bytes,
        )  # fmt: skip
        browser = await stack.enter_async_context(chromium())
        console = Console(base, visitors_base, database, browser, stack)
        yield console
        # The last sockets close before their server does.
        await asyncio.sleep(0)
        assert console.complaints == []


console_fixture = pytest.fixture(_console, name="console")
"""A served console. A test module that wants it says ``console = console_fixture``."""
