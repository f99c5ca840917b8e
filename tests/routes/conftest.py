"""A served application with its store, bundles that were never built by anybody, and a browser to sign in with."""

from __future__ import annotations

import gzip
import html
import json
import re
import secrets
from contextlib import AsyncExitStack
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer

from tests.serving import MovedClock
from widget_server.actions.accounts import Account
from widget_server.actions.agents import do_create_agent
from widget_server.actions.passwords import Passwords
from widget_server.actions.registration import check_wish, do_register
from widget_server.actions.sites import Site, do_create_site
from widget_server.app import create_app
from widget_server.routes.office import OFFICE
from widget_server.settings import Settings
from widget_server.web.assets import Assets

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from aiohttp import ClientResponse, web

    from tests.engines.backends import Backend
    from widget_server.core.permissions import Role

PASSWORD = "plum tree over river"
SHOP = "https://shop.example"

BUNDLES = {
    "loader": ("loader.js", '(()=>{const c="__SUPPORT_CHAT_CONFIG__";globalThis.seen=c})();'),
    "panel": ("panel.AAAA.js", "export default () => {};"),
    "console": ("console.BBBB.js", "document.title = 'Console';"),
    "console.css": ("console.CCCC.css", "body{margin:0}"),
    "pages.css": ("pages.DDDD.css", "body{margin:0}"),
    "frame": ("frame.EEEE.js", "export {};"),
    "push_worker": ("push_worker.JJJJ.js", "export {};"),
    "locale/de": ("locale.de.FFFF.js", "export default {};"),
}


class Browser:
    """A browser as the server sees one: it keeps cookies, and says where a request comes from."""

    def __init__(self, client: TestClient[Any, Any], app: web.Application) -> None:
        self.client = client
        self.app = app
        self.csrf = ""

    def cookie(self, name: str) -> str:
        """The value of a cookie, or "" where there is none."""
        kept = self.client.session.cookie_jar.filter_cookies(self.client.make_url("/"))
        return kept[name].value if name in kept else ""

    def keep(self, name: str, value: str) -> None:
        """Put a cookie into the jar, as a thief or another tab would."""
        self.client.session.cookie_jar.update_cookies({name: value}, self.client.make_url("/"))

    async def open(self, path: str, **more: Any) -> ClientResponse:
        """Open a page, without following where it sends."""
        headers = {"Accept": "text/html,*/*", "Sec-Fetch-Site": "none"} | more.pop("headers", {})
        return await self.client.get(path, allow_redirects=False, headers=headers, **more)

    async def field(self, name: str, path: str = "/sign-in") -> str:
        """The value that a page's form has for a field."""
        text = await (await self.open(path)).text()
        found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', text)
        assert found, text
        return html.unescape(found[1])

    async def post_form(self, path: str = "/sign-in", **fields: str) -> ClientResponse:
        """Send a form as the page would; ``csrf`` is taken from the page unless it is given."""
        if "csrf" not in fields:
            fields["csrf"] = await self.field("csrf", path)
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        return await self.client.post(path, data=fields, headers=headers, allow_redirects=False)

    async def sign_in(self, mail: str, password: str = PASSWORD) -> None:
        """Sign in and learn the token for calls."""
        response = await self.post_form(email=mail, password=password)
        assert response.status == 303, await response.text()
        self.csrf = (await self.call("GET", "/console/api/me"))["csrf"]

    async def fetch(self, method: str, path: str, body: object = None, **headers: str) -> ClientResponse:
        """Call as the console does; headers can be replaced."""
        own = {"Content-Type": "application/json", "X-CSRF": self.csrf, "Sec-Fetch-Site": "same-origin"}
        wanted = {name: value for name, value in (own | headers).items() if value}
        data = None if body is None else json.dumps(body)
        return await self.client.request(method, path, data=data, headers=wanted, allow_redirects=False)

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Call, and return the answer that is expected to be good."""
        response = await self.fetch(method, path, body)
        assert response.status < 300, await response.text()
        return await response.json() if response.status != 204 else None


async def text_of(browser: Browser, path: str, status: int = 200) -> str:
    """A page that is expected to be there, or to be refused with ``status``."""
    response = await browser.open(path)
    assert response.status == status, f"{path}: {response.status} {await response.text()}"
    return await response.text()


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    folder = tmp_path / "static"
    folder.mkdir()
    for file, text in BUNDLES.values():
        (folder / file).write_text(text)
        (folder / f"{file}.gz").write_bytes(gzip.compress(text.encode()))
        (folder / f"{file}.br").write_bytes(b"packed:" + text.encode())
    (folder / "manifest.json").write_text(json.dumps({name: file for name, (file, _) in BUNDLES.items()}))
    return folder


@pytest.fixture
def settings(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> Settings:
    """Settings of a server that browsers reach under the default address; mails go to the test's `post_office`."""
    backend.lay_out(tmp_path / "data")
    own = backend.settings(tmp_path / "data")
    if "post_office" in request.fixturenames:
        own["mail_url"] = request.getfixturevalue("post_office").url
    return Settings(mode="testing", public_url="http://localhost:8080", internal_port=0, **own)


@pytest.fixture
def clock() -> MovedClock:
    """The application's clock."""
    return MovedClock()


@pytest.fixture
def make_node(settings: Settings, bundles: Path, clock: MovedClock) -> Callable[[], web.Application]:
    """Makes nodes of the installation, each with a data directory of its own."""
    numbers = count(1)

    def make() -> web.Application:
        data_dir = settings.data_dir
        number = next(numbers)
        own = (
            settings if number == 1 else settings.model_copy(update={"data_dir": data_dir.with_name(f"data-{number}")})
        )
        return create_app(own, clock=clock, passwords=Passwords(memory_kib=8, passes=1), assets=Assets(bundles))

    return make


@pytest.fixture
def application(make_node: Callable[[], web.Application]) -> web.Application:
    """An application that is not served yet."""
    return make_node()


@pytest.fixture
async def browser(application: web.Application) -> AsyncGenerator[Browser]:
    """A browser that looks at the served application."""
    async with TestClient(TestServer(application)) as client:
        yield Browser(client, application)


@pytest.fixture
async def second_browser(
    browser: Browser, backend: Backend, make_node: Callable[[], web.Application]
) -> AsyncGenerator[Browser]:
    """Another browser, with no cookie in common; where there are two nodes it comes to the second."""
    async with AsyncExitStack() as stack:
        app, server = browser.app, browser.client.server
        if backend.nodes > 1:
            app = make_node()
            server = await stack.enter_async_context(TestServer(app))
        client: TestClient[Any, Any] = TestClient(server, cookie_jar=CookieJar(unsafe=True))
        stack.push_async_callback(client.session.close)
        yield Browser(client, app)


async def make_agent(
    browser: Browser,
    mail: str = "ada@example.com",
    name: str = "Ada",
    role: Role | None = None,
    site: str | None = None,
) -> Account:
    """Make an agent as the operator does."""
    office = browser.app[OFFICE]
    made = await do_create_agent(
        office.engine.database,
        office.passwords,
        mail=mail,
        name=name,
        password=PASSWORD,
        role=role,
        site_key=site,
        now_ms=office.now_ms(),
        random=secrets.token_bytes,
    )
    return made.agent


async def make_site(browser: Browser, name: str = "Plum & Sons", key: str | None = None) -> Site:
    """Make a site as the operator does."""
    office = browser.app[OFFICE]
    return await do_create_site(
        office.engine.database,
        name=name,
        allowed_origins=[SHOP],
        key=key,
        now_ms=office.now_ms(),
        random=secrets.token_bytes,
    )


async def make_member(
    browser: Browser, name: str = "Ada Byron", mail: str = "ada@example.com", *, is_confirmed: bool = True
) -> Account:
    """Make a member; their address is confirmed unless it is said otherwise."""
    office = browser.app[OFFICE]
    made = await do_register(
        office.engine.database,
        office.passwords,
        check_wish(name=name, mail=mail, password=PASSWORD),
        language="",
        has_mail=not is_confirmed,
        binding="",
        now_ms=office.now_ms(),
        random=secrets.token_bytes,
    )
    assert made is not None
    return made


async def sign_in_as(browser: Browser, mail: str = "ada@example.com") -> None:
    """Sign a member in, who has no business in the console."""
    response = await browser.post_form(email=mail, password=PASSWORD)
    assert response.status == 303, await response.text()


@pytest.fixture
async def lines() -> AsyncGenerator[AsyncExitStack]:
    """Every line that a test opens is closed at its end."""
    async with AsyncExitStack() as stack:
        yield stack
