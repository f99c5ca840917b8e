"""One person, many ways in: a chat that becomes an account's, and the site's own signed-in people on two devices."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.actions.signing import claims, sign
from widget_server.actions.engine import Clock
from widget_server.actions.sealing import Sealer
from widget_server.actions.site_secrets import do_make_secret
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.widget_shop import Agent, Shop, VisitorPage
    from widget_server.actions.site_secrets import FreshSecret

SECRET = "a secret of the installation that nobody else can know"
PASSWORD = "plum tree over river"


async def open_claim(visitor: VisitorPage) -> Page:
    """Choose to save the chat; the page opens in a new tab."""
    await visitor.panel.get_by_role("button", name="More").click()
    async with visitor.page.context.expect_page() as opened:
        await visitor.panel.get_by_role("button", name="Save this chat to my account").click()
    page = await opened.value
    await page.wait_for_url("**/claim")
    return page


@pytest.mark.everywhere
async def test_from_the_widget_to_an_account_and_the_answer_arrives_in_both(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    channel = await agent.open("Do you ship to Ireland?")

    page = await open_claim(visitor)
    await expect(page.get_by_role("heading", name="Save a chat to your account")).to_be_visible()
    await page.get_by_role("main").get_by_role("link", name="Register").click()
    await page.get_by_label("Name").fill("Maeve")
    await page.get_by_label("Email").fill("maeve@example.com")
    for name in ("password", "password_again"):
        field = page.locator(f"input[name={name}]")
        if await field.count():
            await field.fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Register").click()

    await expect(page.get_by_text("Do you ship to Ireland?")).to_be_visible()
    await page.get_by_role("button", name="Save to my account").click()
    await page.get_by_role("link", name="Demo").or_(page.locator("main .list a")).first.click()
    await expect(page.get_by_text("Do you ship to Ireland?")).to_be_visible()

    # Both sides go on: what is written in the account shows in the widget, and the answer in both.
    await page.get_by_label("Message").fill("To Cork, that is.")
    await page.get_by_role("main").get_by_role("button", name="Send").click()
    await visitor.page.bring_to_front()
    await visitor.shows("Do you ship to Ireland?", "To Cork, that is.")
    await agent.hears(channel, "Do you ship to Ireland?", "To Cork, that is.")
    await agent.says(channel, "Yes, within five days.")
    await visitor.shows("Do you ship to Ireland?", "To Cork, that is.", "Yes, within five days.")
    await page.bring_to_front()
    await page.reload()
    await expect(page.get_by_text("Yes, within five days.")).to_be_visible()
    await agent.looks(channel)
    await visitor.page.bring_to_front()
    await visitor.says("Thank you")
    await agent.hears(channel, "Do you ship to Ireland?", "To Cork, that is.", "Yes, within five days.", "Thank you")


async def secret_of(shop: Shop) -> FreshSecret:
    owner = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))
    clock = Clock()
    return await do_make_secret(shop.database, Sealer(SECRET.encode(), clock.random), owner, shop.key, clock)


@pytest.mark.server_settings(secret_key=SECRET)
async def test_s14_who_is_signed_in_on_the_site_finds_the_history_on_another_device(shop: Shop, agent: Agent) -> None:
    secret = await secret_of(shop)

    async def identified(subject: str) -> VisitorPage:
        visitor = await shop.visitor()
        token = sign(secret, claims(shop.key, subject, time.time_ns() // 1_000_000, name="Maeve"))
        await visitor.page.evaluate("token => SupportChat.identify({ token })", token)
        await visitor.open()
        return visitor

    desk = await identified("maeve")
    await desk.says("Do you ship to Ireland?")
    channel = await agent.open("Do you ship to Ireland?")
    await agent.says(channel, "Yes.")
    phone = await identified("maeve")
    await phone.shows("Do you ship to Ireland?", "Yes.")
    await phone.says("Thank you")
    await desk.shows("Do you ship to Ireland?", "Yes.", "Thank you")
    other = await identified("somebody else")
    await other.says("Hello")
    await other.shows("Hello")
    # On a device that signs in as somebody else nothing of the one before is left.
    token = sign(secret, claims(shop.key, "somebody else", time.time_ns() // 1_000_000))
    await phone.page.evaluate("token => SupportChat.identify({ token })", token)
    await phone.shows("Hello")
    assert re.fullmatch(r"[\w-]{43}", await phone.page.evaluate(_TOKEN))


_TOKEN = "Object.entries(localStorage).find(([name]) => name.endsWith(':token'))[1]"
