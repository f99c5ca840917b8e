"""Second factors and passkeys in a real browser, on a phone and on a wide screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE
from widget_server.actions.engine import Clock
from widget_server.core.totp import STEP_MS, totp_code

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture
PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1440, "height": 860}
sizes = pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])


async def sign_in(page: Page, console: Console, mail: str, path: str = "/account/factors") -> None:
    await page.goto(f"{console.base}{path}")
    await page.get_by_label("Email").fill(mail)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def sign_out(page: Page) -> None:
    """Sign out by the menu's form, wherever the menu shows it."""
    async with page.expect_navigation():
        await page.evaluate("document.querySelector('form[action$=\"/sign-out\"]').submit()")


async def check(page: Page) -> None:
    """Nothing scrolls sideways, and axe finds nothing."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]] == []


async def authenticator(page: Page, **options: Any) -> tuple[CDPSession, str]:
    """A device with passkeys whose owner is always there and always verified, unless ``options`` say otherwise."""
    devices = await page.context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    wanted = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    } | options
    made = await devices.send("WebAuthn.addVirtualAuthenticator", {"options": wanted})
    return devices, made["authenticatorId"]


async def add_passkey(page: Page, name: str = "My phone") -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Add a passkey").click()


@sizes
async def test_codes_of_an_app_are_set_up_and_asked_for_without_javascript(
    console: Console, size: dict[str, int]
) -> None:
    mail = await console.make_agent("Ada Byron")
    # The page's policy stays; only axe needs a script of its own, so it looks in another page below.
    page = await console.page(viewport=size, java_script_enabled=False)
    await sign_in(page, console, mail)
    await page.get_by_role("button", name="Set up an app").click()
    letters = (await page.locator("code.code").text_content() or "").replace(" ", "")
    step = Clock().now_ms() // STEP_MS
    await page.get_by_label("Code").fill(totp_code(letters, step))
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="Recovery codes", level=1)).to_be_visible()
    codes = await page.locator(".codes code").all_text_contents()
    assert len(codes) == 10
    await page.get_by_role("link", name="I have them").click()
    await expect(page.get_by_text("10 codes are left")).to_be_visible()

    other = await console.page(viewport=size, bypass_csp=True)
    await sign_in(other, console, mail, "/console")
    await expect(other.get_by_role("heading", name="Second factor")).to_be_visible()
    await check(other)
    await other.get_by_label("Code").fill("000000")
    await other.get_by_role("button", name="Continue").click()
    await expect(other.get_by_text("This code is not right, or was used already.")).to_be_visible()
    await check(other)
    # One half minute ahead at the most: a generator's clock may be, and no step counts twice.
    await other.get_by_label("Code").fill(totp_code(letters, step + 1))
    await other.get_by_role("button", name="Continue").click()
    await expect(other).to_have_url(re.compile("/console"))

    third = await console.page(viewport=size, java_script_enabled=False)
    await sign_in(third, console, mail, "/console")
    await third.get_by_label("Code").fill(codes[0])
    await third.get_by_role("button", name="Continue").click()
    await expect(third).to_have_url(re.compile("/console"))


@sizes
async def test_the_pages_of_factors_fit_and_axe_finds_nothing(console: Console, size: dict[str, int]) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(viewport=size, bypass_csp=True, color_scheme="dark" if size is PHONE else "light")
    await sign_in(page, console, mail)
    await check(page)
    await page.get_by_role("button", name="Set up an app").click()
    await expect(page.get_by_role("img", name="A picture for your app.")).to_be_visible()
    await check(page)
    letters = (await page.locator("code.code").text_content() or "").replace(" ", "")
    await page.get_by_label("Code").fill(totp_code(letters, Clock().now_ms() // STEP_MS))
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator(".codes code")).to_have_count(10)
    await check(page)
    await page.get_by_role("link", name="I have them").click()
    await check(page)
    await page.get_by_role("link", name="Remove the codes of your app").click()
    await check(page)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("button", name="Set up an app")).to_be_visible()


@sizes
async def test_a_passkey_is_added_signs_in_by_itself_and_is_removed(console: Console, size: dict[str, int]) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page(viewport=size)
    await authenticator(page)
    await sign_in(page, console, mail)
    await add_passkey(page)
    await expect(page.get_by_role("heading", name="Recovery codes", level=1)).to_be_visible()
    await page.get_by_role("link", name="I have them").click()
    await expect(page.get_by_role("listitem").filter(has_text="My phone")).to_be_visible()

    await sign_out(page)
    await page.goto(f"{console.base}/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page).to_have_url(re.compile("/console"))

    await page.goto(f"{console.base}/account/factors")
    await expect(page.get_by_role("listitem").filter(has_text="My phone")).to_contain_text("Used")
    await page.get_by_role("link", name="Remove My phone").click()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("listitem").filter(has_text="My phone")).to_have_count(0)
    await sign_out(page)
    await page.goto(f"{console.base}/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert").filter(has_text="passkey")).to_be_visible()
    await expect(page).to_have_url(re.compile("/sign-in"))


async def test_a_passkey_is_the_second_factor_after_a_password(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    await authenticator(page)
    await sign_in(page, console, mail)
    await add_passkey(page)
    await page.get_by_role("link", name="I have them").click()
    await sign_out(page)
    await sign_in(page, console, mail, "/console")
    await expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page).to_have_url(re.compile("/console"))


async def test_somebody_elses_passkey_is_no_second_factor(console: Console) -> None:
    page = await console.page()
    devices, device = await authenticator(page)
    for name in ("Ada Byron", "Eve"):
        await sign_in(page, console, await console.make_agent(name))
        await add_passkey(page)
        await page.get_by_role("link", name="I have them").click()
        await sign_out(page)
    kept = (await devices.send("WebAuthn.getCredentials", {"authenticatorId": device}))["credentials"]
    assert len(kept) == 2
    await sign_in(page, console, "ada@example.com")
    await devices.send(
        "WebAuthn.removeCredential", {"authenticatorId": device, "credentialId": kept[0]["credentialId"]}
    )
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert").filter(has_text="The passkey was not used.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Second factor")).to_be_visible()


async def test_a_device_that_does_not_verify_its_owner_opens_nothing(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    devices, device = await authenticator(page)
    await sign_in(page, console, mail)
    await add_passkey(page)
    await page.get_by_role("link", name="I have them").click()
    await sign_out(page)
    await devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    await page.goto(f"{console.base}/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert").filter(has_text="The passkey was not used.")).to_be_visible()


async def test_a_copy_of_a_passkey_is_noticed_by_its_count(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    devices, device = await authenticator(page)
    await sign_in(page, console, mail)
    await add_passkey(page)
    await page.get_by_role("link", name="I have them").click()
    (copied,) = (await devices.send("WebAuthn.getCredentials", {"authenticatorId": device}))["credentials"]
    await sign_out(page)
    await page.goto(f"{console.base}/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page).to_have_url(re.compile("/console"))
    await page.goto(f"{console.base}/account/factors")
    await sign_out(page)
    await devices.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    await devices.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": copied})
    await page.goto(f"{console.base}/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert").filter(has_text="This passkey was not taken.")).to_be_visible()
