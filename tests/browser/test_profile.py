"""A profile with a picture in a real browser: with and without scripts, on phones and wide, and where others see it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE
from tests.clients.state import now_ms
from widget_server.actions.agents import list_agents
from widget_server.actions.pictures import Pictures
from widget_server.actions.profiles import do_set_picture

if TYPE_CHECKING:
    from playwright.async_api import FilePayload, Page

    from tests.browser.console_desk import Console
    from tests.browser.widget_shop import Agent, Shop

pytestmark = pytest.mark.browser
console = console_fixture

PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1440, "height": 860}


def photo() -> FilePayload:
    written = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(written, "JPEG")
    return {"name": "../me.jpeg", "mimeType": "image/jpeg", "buffer": written.getvalue()}


async def _sign_in(page: Page, base: str, mail: str) -> None:
    await page.goto(f"{base}/sign-in?next=/account")
    await page.get_by_label("Email").fill(mail)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()


async def _check(page: Page) -> None:
    await page.add_script_tag(path=AXE)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]] == []


async def _edit(page: Page) -> None:
    await page.get_by_label("New picture").set_input_files(photo())
    await page.get_by_role("button", name="Save the picture").click()
    await expect(page.get_by_text("Your picture is saved.")).to_be_visible()
    await page.get_by_label("Place").fill("London")
    await page.get_by_label("About me").fill("Numbers and looms.")
    await page.get_by_label("Time zone").select_option("Asia/Kolkata")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Your profile is saved.")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_s2_22_a_profile_with_a_picture_is_edited_and_axe_finds_nothing(
    console: Console, viewport: dict[str, int], scheme: str
) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    await _sign_in(page, console.base, mail)
    await _edit(page)
    await _check(page)
    await page.get_by_role("link", name="See it as others do").click()
    await expect(page.get_by_role("heading", name="Ada Byron")).to_be_visible()
    await expect(page.get_by_text("Numbers and looms.")).to_be_visible()
    picture = page.locator("main img.picture")
    await expect(picture).to_have_js_property("naturalWidth", 256)
    await _check(page)
    for path in ("/members", "/account/data"):
        await page.goto(console.base + path)
        await _check(page)
    await page.goto(f"{console.base}/account")
    await page.get_by_label("New picture").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": b"<!doctype html><script>alert(1)</script>"}
    )
    await page.get_by_role("button", name="Save the picture").click()
    await expect(page.get_by_text("Choose a picture (PNG, JPEG or WebP)")).to_be_visible()
    await _check(page)


async def test_s2_24_with_and_without_a_script_times_are_the_readers(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    plain = await console.page(java_script_enabled=False, viewport=PHONE)
    await _sign_in(plain, console.base, mail)
    await _edit(plain)
    await plain.get_by_role("link", name="See it as others do").click()
    moment = plain.locator("dd time").first
    assert (await moment.inner_text()).endswith(" IST")
    exact = await moment.get_attribute("datetime")
    assert exact is not None
    scripted = await console.page(timezone_id="America/New_York", locale="en-GB")
    await _sign_in(scripted, console.base, mail)
    await scripted.get_by_role("link", name="See it as others do").click()
    moment = scripted.locator("dd time").first
    await expect(moment).to_have_attribute("datetime", exact)
    await expect(moment).to_have_text("now")
    # The account's own zone is stronger than the browser's.
    title = await moment.get_attribute("title")
    expected = await scripted.evaluate(
        "then => new Intl.DateTimeFormat('en', {dateStyle: 'full', timeStyle: 'medium', timeZone: 'Asia/Kolkata'})"
        ".format(Date.parse(then))",
        exact,
    )
    assert title == expected


async def test_an_agents_picture_is_seen_by_visitors_and_in_the_console(shop: Shop, agent: Agent) -> None:
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    channel = await agent.open("Do you ship to Ireland?")
    await agent.says(channel, "Yes, within five days.")
    await visitor.shows("Do you ship to Ireland?", "Yes, within five days.")
    await expect(visitor.log.locator(".who .face")).to_have_text("A")
    await _give_picture(shop)
    await visitor.page.reload()
    await visitor.open()
    await expect(visitor.log.locator(".who .face img")).to_have_js_property("naturalWidth", 256)
    assert await visitor.violations() == []


async def _give_picture(shop: Shop) -> None:
    agents = await list_agents(shop.database)
    body = await Pictures().reencode(photo()["buffer"])
    await do_set_picture(shop.database, agents[0].actor, agents[0].public_id, body, now_ms=now_ms())
