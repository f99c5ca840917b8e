"""Web push in a real browser: it asks for it on the settings page, is woken by its service worker, and stops again.

What the browser's maker runs, its push service, is one of this machine instead: Chromium has none without a network.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import console_fixture
from tests.browser.test_live_threads import Reader
from tests.clients.push import push_service

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession

    from tests.browser.console_desk import Console
    from tests.clients.push import PushService

pytestmark = pytest.mark.browser
console = console_fixture

LINE = """([endpoint, p256dh, auth]) => {
  PushManager.prototype.subscribe = async (wanted) => {
    window.askedWith = new Uint8Array(wanted.applicationServerKey).length;
    return { toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  };
}"""


async def member(console: Console, name: str, service: PushService | None = None) -> tuple[Reader, BrowserContext]:
    """Somebody who is signed in; with ``service`` in a browser that has that push service."""
    page = await console.page()
    if service is not None:
        await page.context.grant_permissions(["notifications"], origin=console.base)
        told = json.dumps([*service.wanted()[:3]])
        await page.add_init_script(f"({LINE})({told})")
    made = Reader(page, console.base)
    await made.sign_in(await console.make_agent(name))
    return made, page.context


async def worker_of(context: BrowserContext, reader: Reader) -> tuple[CDPSession, str]:
    """The way by which a browser hands its service worker what came, and what it calls it."""
    session = await context.new_cdp_session(reader.page)
    known: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: known.extend(told["registrations"]))
    await session.send("ServiceWorker.enable")
    await reader.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    return session, str(known[-1]["registrationId"])


SHOWN = """async (count) => {
  const all = await (await navigator.serviceWorker.ready).getNotifications();
  return all.length === count && JSON.stringify(all.map((one) => [one.title, one.body, one.data]));
}"""


async def shown(reader: Reader, count: int) -> list[list[str]]:
    """What the browser shows once there are so many: title, text, and what a click opens."""
    found = await reader.page.wait_for_function(SHOWN, arg=count)
    told: list[list[str]] = json.loads(str(await found.json_value()))
    return told


async def test_a_browser_that_asks_is_woken_by_what_only_it_can_read_and_stops_when_told(console: Console) -> None:
    async with push_service() as service:
        ada, context = await member(console, "Ada Byron", service)
        await ada.page.goto(f"{ada.base}/account/notifications")
        await ada.page.get_by_role("button", name="Tell me in this browser").click()
        line = ada.page.get_by_role("region", name="Browsers that tell you").get_by_role("listitem")
        await expect(line).to_contain_text("This browser")
        session, worker = await worker_of(context, ada)
        thread = await ada.begin_thread("Which plum", "Tell me")

        bob, _ = await member(console, "Bob Stone")
        await bob.page.goto(thread)
        await bob.answer("The blue one")
        await service.until_taken(1)
        text = service.read(service.taken[0].body)
        assert text["body"] == "The blue one"

        # Nobody looks at a page of ours: what comes is shown.
        await ada.page.goto("about:blank")
        handed = {"origin": ada.base, "registrationId": worker, "data": json.dumps(text)}
        await session.send("ServiceWorker.deliverPushMessage", handed)
        await ada.page.goto(f"{ada.base}/account/notifications")
        assert await shown(ada, 1) == [[text["title"], "The blue one", text["path"]]]

        # Whoever looks at a page of ours is told there.
        await session.send("ServiceWorker.deliverPushMessage", handed | {"data": json.dumps(text | {"tag": "other"})})
        assert await shown(ada, 1) == [[text["title"], "The blue one", text["path"]]]

        await line.get_by_role("button", name="Stop").click()
        await expect(ada.page.get_by_text("That browser tells you no more.")).to_be_visible()
        await expect(line).to_have_count(0)
        await bob.answer("Or the yellow one")
        await expect(ada.page.get_by_role("button", name="Tell me in this browser")).to_be_visible()
        assert len(service.taken) == 1
