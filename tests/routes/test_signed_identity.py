"""A visitor's line is told who its visitor is by what the site signed (S14)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.signing import claims, sign
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.routes.conftest import SHOP, make_agent, make_site
from widget_server.actions.site_secrets import FreshSecret
from widget_server.core.ids import TOKEN_BYTES, token
from widget_server.protocol.codes import CloseCode
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.actions.sites import Site

pytestmark = pytest.mark.everywhere


async def secret_of(browser: Browser, site: Site) -> FreshSecret:
    """Make one as the console does."""
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    made = await browser.call("POST", f"/console/api/sites/{site.key}/secrets", {})
    return FreshSecret(made["key_id"], made["secret"])


async def line_of(browser: Browser, site: Site, lines: AsyncExitStack) -> SocketClient:
    url = str(browser.client.make_url(f"/ws/{site.key}"))
    return await lines.enter_async_context(SocketClient(browser.client.session, url, SHOP, ClientState("visitor")))


async def identify(line: SocketClient, token: str, **more: Any) -> Any:
    said = {"name": None, "mail": None, "attributes": {}} | more
    return await line.ask({"t": "contact", "ref": line.state.ref(), "token": token, **said})


async def test_s14_another_device_is_welcomed_again_with_the_history(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    secret = await secret_of(browser, site)
    now = browser.app[OFFICE].now_ms()
    desk, phone = await line_of(browser, site, lines), await line_of(second_browser, site, lines)
    assert (await identify(desk, sign(secret, claims(site.key, "ada", now))))["t"] == "done"
    channel = (await desk.deliver("From my desk"))["channel"]
    assert (await identify(phone, sign(secret, claims(site.key, "ada", now))))["t"] == "done"
    shown = await phone.show(channel)
    assert [message["body"] for message in shown.messages.values()] == ["From my desk"]
    await phone.deliver("From my phone", channel)
    await desk.until(lambda: 2 in desk.state.channels[channel].messages)


async def test_s14_the_line_of_another_subject_ends_with_its_token(browser: Browser, lines: AsyncExitStack) -> None:
    site = await make_site(browser)
    secret = await secret_of(browser, site)
    now = browser.app[OFFICE].now_ms()
    line = await line_of(browser, site, lines)
    await identify(line, sign(secret, claims(site.key, "ada", now)))
    await line.deliver("Hello")
    await identify(await line_of(browser, site, lines), sign(secret, claims(site.key, "grace", now)))
    await line.say(
        {
            "t": "contact", "ref": line.state.ref(), "token": sign(secret, claims(site.key, "grace", now)),
            "name": None, "mail": None, "attributes": {},
        }
    )  # fmt: skip
    await line.until(lambda: bool(line.closes))
    assert line.closes[0][0] == CloseCode.SIGNED_OUT


async def test_s14_over_the_fallback_the_answer_of_the_post_carries_the_history(
    browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    secret = await secret_of(browser, site)
    now = browser.app[OFFICE].now_ms()
    desk = await line_of(browser, site, lines)
    await identify(desk, sign(secret, claims(site.key, "ada", now)))
    channel = (await desk.deliver("From my desk"))["channel"]
    frame = {"t": "contact", "ref": 1, "token": sign(secret, claims(site.key, "ada", now))}
    headers = {"Origin": SHOP, "Authorization": f"Bearer {token(b'p' * TOKEN_BYTES)}"}
    response = await browser.client.post(f"/frames/{site.key}", json={"frames": [frame]}, headers=headers)
    welcome, done = (await response.json())["frames"]
    assert ([row["channel"] for row in welcome["conversations"]], done["t"]) == ([channel], "done")


async def test_s14_a_bad_token_is_refused_with_a_reason_for_the_sites_programmer(
    browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    secret = await secret_of(browser, site)
    line = await line_of(browser, site, lines)
    stale = claims(site.key, "ada", browser.app[OFFICE].now_ms() - 3_600_000)
    answer = await identify(line, sign(secret, stale))
    assert (answer["t"], answer["name"], "expired" in answer["message"]) == ("error", "bad_identity", True)


async def test_s14_secrets_are_listed_without_themselves_and_ended(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    secret = await secret_of(browser, site)
    address = f"/console/api/sites/{site.key}/secrets"
    listed = await browser.call("GET", address)
    assert [row["key_id"] for row in listed["secrets"]] == [secret.key_id]
    assert secret.secret not in str(listed)
    assert (await second_browser.fetch("GET", address)).status == 401
    await browser.call("DELETE", f"{address}/{secret.key_id}")
    line = await line_of(browser, site, lines)
    answer = await identify(line, sign(secret, claims(site.key, "ada", browser.app[OFFICE].now_ms())))
    assert answer["name"] == "bad_identity"
