"""What agents see of people whom the site signs, and where the site's secrets are made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.actions.signing import claims, sign
from tests.browser.console_desk import SITE_KEY, console_fixture
from widget_server.actions.site_secrets import FreshSecret

if TYPE_CHECKING:
    from tests.browser.console_desk import Console

console = console_fixture


async def test_s14_an_agent_sees_what_was_signed_and_all_that_the_visitor_has_here(console: Console) -> None:
    owner = await console.agent()
    await owner.page.goto(f"{owner.page.url.partition('#')[0]}#/sites/{SITE_KEY}")
    await owner.page.get_by_role("button", name="Make a secret").click()
    secret_text = await owner.page.get_by_label("Secret", exact=True).input_value()
    key_id = await owner.page.locator(".secrets code").inner_text()
    secret = FreshSecret(key_id, secret_text)
    desk, phone = await console.visitor("From my desk"), await console.visitor("From my phone")
    for line in (desk, phone):
        token = sign(secret, claims(SITE_KEY, "maeve", time.time_ns() // 1_000_000, name="Maeve", mail="m@example.com"))
        answer = await line.ask(
            {"t": "contact", "ref": line.state.ref(), "token": token, "attributes": {"plan": "gold"}}
        )
        assert answer["t"] == "done"
    await owner.page.goto(f"{owner.page.url.partition('#')[0]}#/c/{desk.channel}")
    pane = owner.page.get_by_role("region", name="Visitor")
    who = pane.locator(".facts").filter(has=owner.page.get_by_role("heading", name="Who they are verified"))
    await expect(who).to_contain_text("maeve")
    await expect(who).to_contain_text("m@example.com")
    said = pane.locator(".facts").filter(has=owner.page.get_by_role("heading", name="Contact unverified"))
    await expect(said).to_contain_text("gold")
    await pane.get_by_role("link", name="From my phone").click()
    await expect(owner.page.get_by_role("log")).to_contain_text("From my phone")
    await owner.page.goto(f"{owner.page.url.partition('#')[0]}#/sites/{SITE_KEY}")
    await owner.page.get_by_role("button", name=f"End the secret {key_id}").click()
    await expect(owner.page.locator(".secrets")).to_have_count(0)
