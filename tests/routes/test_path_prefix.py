"""S4.16: the installation lies under a path of a host that others use as well."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.routes.conftest import PASSWORD, Browser, make_agent, make_site
from tests.routes.test_widget_files import config_of
from widget_server.actions.passwords import Passwords
from widget_server.app import create_app
from widget_server.core.totp import STEP_MS, totp_code
from widget_server.routes.office import OFFICE
from widget_server.settings import Settings
from widget_server.web.addresses import Addresses
from widget_server.web.assets import Assets
from widget_server.web.redirects import local_path
from widget_server.web.sessions import Cookies

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

MAIL = "ada@example.com"
PREFIX = "/apps/chat"
ORIGIN = "http://example.org"
UNDER = Addresses(ORIGIN + PREFIX)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server under a path."""
    return settings.model_copy(update={"public_url": UNDER.base})


async def test_s4_16_every_redirect_stays_under_the_prefix(browser: Browser) -> None:
    for path in ("/console", "/account/password", "/account/address", "/account/sessions", "/account/prove"):
        response = await browser.open(f"{PREFIX}{path}")
        leads_to = f"/sign-in?next={PREFIX}{path}"
        assert (response.status, response.headers["Location"]) == (303, PREFIX + leads_to)
    await make_agent(browser)
    form = f"{PREFIX}/sign-in"
    response = await browser.post_form(form, email=MAIL, password=PASSWORD, next=f"{PREFIX}/console?view=mine")
    assert (response.status, response.headers["Location"]) == (303, f"{PREFIX}/console?view=mine")
    response = await browser.open(form, params={"next": "/other"})
    assert (response.status, response.headers["Location"]) == (303, f"{PREFIX}/console")


async def test_s4_16_every_address_on_a_page_is_under_the_prefix(browser: Browser) -> None:
    site = await make_site(browser)
    await make_agent(browser)
    texts = [
        await (await browser.open(f"{PREFIX}{path}")).text()
        for path in (
            "/sign-in",
            "/register",
            "/register/sent",
            "/confirm",
            "/forgotten",
            "/forgotten/new",
            "/account/address/confirm",
            "/nowhere",
            f"/widget/frame/{site.key}",
        )
    ]
    await browser.post_form(f"{PREFIX}/sign-in", email=MAIL, password=PASSWORD)
    for path in ("/account/password", "/account/address", "/account/sessions", "/account/prove", "/console"):
        page = await browser.open(f"{PREFIX}{path}")
        assert page.status == 200, path
        texts.append(await page.text())
    for text in texts:
        addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
        assert addresses
        for address in addresses:
            assert address.startswith(f"{PREFIX}/")
            if "/static/" in address:
                assert (await browser.client.get(address)).status == 200
    assert f'data-base="{PREFIX}"' in texts[-1]


async def test_s4_16_a_second_factor_is_set_up_and_asked_for_under_the_prefix(browser: Browser) -> None:
    await make_agent(browser)
    await browser.post_form(f"{PREFIX}/sign-in", email=MAIL, password=PASSWORD)
    factors = f"{PREFIX}/account/factors"
    begun = await browser.post_form(f"{factors}/generator", csrf=await browser.field("csrf", factors))
    assert begun.headers["Location"] == f"{factors}/generator"
    page = await (await browser.open(f"{factors}/generator")).text()
    letters = re.search(r'<code class="code"[^>]*>([A-Z2-7 ]+)<', page)
    assert letters
    step = browser.app[OFFICE].now_ms() // STEP_MS
    code = totp_code(letters[1].replace(" ", ""), step)
    csrf = await browser.field("csrf", f"{factors}/generator")
    confirmed = await browser.post_form(f"{factors}/generator/confirm", csrf=csrf, code=code)
    assert confirmed.headers["Location"] == f"{factors}/codes"
    asked = await (await browser.open(f"{PREFIX}/sign-in/passkey/options")).json()
    assert asked["rpId"] == "example.org"
    await browser.post_form(f"{PREFIX}/sign-out", csrf=await browser.field("csrf", factors))
    half = await browser.post_form(f"{PREFIX}/sign-in", email=MAIL, password=PASSWORD, next=factors)
    assert half.headers["Location"] == f"{PREFIX}/sign-in/code?next={factors}"
    code = totp_code(letters[1].replace(" ", ""), step + 1)
    shown = await browser.post_form(
        f"{PREFIX}/sign-in/code", csrf=await browser.field("csrf", half.headers["Location"]), code=code, next=factors
    )
    assert shown.headers["Location"] == factors


async def test_s4_16_the_loader_knows_the_whole_address(browser: Browser) -> None:
    site = await make_site(browser)
    script = await (await browser.client.get(f"{PREFIX}/widget/{site.key}.js")).text()
    config = config_of(script)
    assert config["base"] == ORIGIN + PREFIX
    assert config["store"] == f"apps/chat/{site.key}"
    for path in (config["panel"], *config["locales"].values()):
        assert (await browser.client.get(PREFIX + path)).status == 200
    await make_agent(browser)
    await browser.post_form(f"{PREFIX}/sign-in", email=MAIL, password=PASSWORD)
    me = await (await browser.client.get(f"{PREFIX}/console/api/me")).json()
    assert me["mail"] == MAIL
    (listed,) = (await (await browser.client.get(f"{PREFIX}/console/api/sites")).json())["sites"]
    assert f'src="{ORIGIN}{PREFIX}/widget/{site.key}.js"' in listed["snippet"]


async def test_s4_16_sockets_and_the_fallback_take_origins_without_a_path(browser: Browser) -> None:
    site = await make_site(browser)
    await make_agent(browser)
    await browser.post_form(f"{PREFIX}/sign-in", email=MAIL, password=PASSWORD)
    for path in (f"/ws/{site.key}", "/ws/console"):
        async with browser.client.ws_connect(PREFIX + path, headers={"Origin": ORIGIN}):
            pass
        refused = await browser.client.get(PREFIX + path, headers={"Origin": f"{ORIGIN}{PREFIX}"})
        assert refused.status == 403
    posted = await browser.client.post(f"{PREFIX}/frames/console", json={"frames": []}, headers={"Origin": ORIGIN})
    assert (posted.status, await posted.json()) == (200, {"frames": []})


@pytest.mark.parametrize("way", ["passed", "stripped"])
async def test_s4_16_a_proxy_may_pass_the_path_on_or_strip_it(browser: Browser, way: str) -> None:
    start = PREFIX if way == "passed" else ""
    site = await make_site(browser)
    page = await browser.open(f"{start}/sign-in")
    assert f'action="{PREFIX}/sign-in"' in await page.text()
    assert page.cookies["form.apps.chat"]["path"] == PREFIX
    for path in ("/livez", "/readyz", "/sign-in", f"/widget/{site.key}.js", f"/widget/frame/{site.key}"):
        assert (await browser.client.get(start + path)).status == 200
    assert (
        (await browser.open(f"{start}/console"))
        .headers["Location"]
        .startswith(f"{PREFIX}/sign-in?next={PREFIX}/console")
    )


async def test_s4_16_a_list_leads_to_its_other_pages_with_the_path_once(browser: Browser) -> None:
    await make_agent(browser)
    await browser.post_form(f"{PREFIX}/sign-in", email=MAIL, password=PASSWORD)
    text = await (await browser.open(f"{PREFIX}/account/ignored?page=3")).text()
    assert f'href="{PREFIX}/account/ignored?page=2"' in text
    assert PREFIX + PREFIX not in text


async def test_s4_16_a_neighbour_whose_path_begins_alike_is_not_us(browser: Browser) -> None:
    assert (await browser.open("/apps/chatter/console")).status == 404
    assert (await browser.open("/apps/console")).status == 404


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://example.org/one", "https://example.org/two"),
        ("https://example.org/one", "https://example.org/one/two"),
        ("https://example.org", "https://example.org/one"),
        ("http://example.org", "http://example.org/one"),
        ("http://example.org/one", "http://example.org/one/two"),
    ],
)
def test_s4_16_two_installations_on_one_host_have_cookies_of_their_own(first: str, second: str) -> None:
    names = [
        name
        for cookies in (Cookies(Addresses(first)), Cookies(Addresses(second)))
        for name in (cookies.session, cookies.form, cookies.mark)
    ]
    assert len(set(names)) == 6


async def test_s4_16_a_session_of_one_installation_opens_nothing_in_its_neighbour(
    serve_under: Callable[[str], Any],
) -> None:
    one, two = await serve_under("http://127.0.0.1/one"), await serve_under("http://127.0.0.1/one/two")
    await make_agent(one)
    await make_agent(two)
    await one.post_form("/one/sign-in", email=MAIL, password=PASSWORD)
    # One host in the browser's eyes: the second is shown whatever the first has set for a path above its own.
    kept = one.client.session.cookie_jar.filter_cookies(one.client.make_url("/one/two/console"))
    shown = {name: cookie.value for name, cookie in kept.items()}
    assert "session.one" in shown
    assert (await two.client.get("/one/two/console/api/me", cookies=shown)).status == 401
    await two.post_form("/one/two/sign-in", email=MAIL, password=PASSWORD)
    assert (await two.client.get("/one/two/console/api/me", cookies=shown)).status == 200


async def test_s4_16_over_https_a_cookie_is_only_sent_under_the_prefix(serve_under: Callable[[str], Any]) -> None:
    browser = await serve_under("https://example.org/apps/chat")
    cookie = (await browser.client.get("/apps/chat/sign-in")).cookies["__Secure-form.apps.chat"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == PREFIX


@pytest.mark.parametrize(
    "wished",
    [
        *("/", "/console", "/apps", "/apps/chat", "/apps/chatter/x", "/apps/other", "/apps/chat/../other"),
        *("/apps/chat/%2e%2e/other", "/apps/chat/%252e%252e/other", "/apps/chat//evil.example", "//evil.example"),
    ],
)
def test_s34_a_redirect_never_leaves_the_prefix(wished: str) -> None:
    assert local_path(wished, UNDER, home=f"{PREFIX}/console") == f"{PREFIX}/console"


@pytest.mark.parametrize("path", [f"{PREFIX}/console", f"{PREFIX}/console?view=mine", f"{PREFIX}/x?a=/../b"])
def test_a_path_under_the_prefix_is_kept(path: str) -> None:
    assert local_path(path, UNDER, home=f"{PREFIX}/console") == path


@pytest.fixture
async def serve_under(tmp_path: Path, empty_store: Path, bundles: Path) -> AsyncGenerator[Callable[[str], Any]]:
    """Serve an installation that browsers reach under the given address; the answer is a browser's view of it."""
    clients: list[TestClient[Any, Any]] = []

    async def serve(public_url: str) -> Browser:
        settings = Settings(mode="testing", data_dir=tmp_path / f"{len(clients)}", public_url=public_url)
        settings.data_dir.mkdir()
        shutil.copyfile(empty_store, settings.database_path)
        app = create_app(settings, passwords=Passwords(memory_kib=8, passes=1), assets=Assets(bundles))
        client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return Browser(client, app)

    yield serve
    for client in clients:
        await client.close()
