"""Somebody's whole way in a real browser: from registering to a forgotten password, with mails from a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.console_desk import PASSWORD, console_fixture
from tests.browser.widget_shop import AXE

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.console_desk import Console
    from tests.engines.post_office import PostOffice

pytestmark = pytest.mark.browser
console = console_fixture

MAIL, NEW_MAIL = "ada@example.com", "countess@example.com"
SECOND, THIRD = "another fine river", "a third way home"
NARROW: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1440, "height": 860}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Walk:
    """One person's way through the pages."""

    def __init__(self, page: Page, base: str, *, scripted: bool) -> None:
        self.page = page
        self.base = base
        self._scripted = scripted

    async def fill(self, **fields: str) -> None:
        """Write into fields, by their names."""
        for name, value in fields.items():
            await self.page.locator(f'main [name="{name}"]').fill(value)

    async def press(self, name: str) -> None:
        """Press a button of the page itself."""
        await self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    async def at(self, path: str) -> None:
        """Be on a page that fits, on a phone and on a desk, and in which nobody stumbles, by day and by night."""
        await expect(self.page).to_have_url(f"{self.base}{path}")
        for viewport in (WIDE, NARROW):
            await self.page.set_viewport_size(viewport)
            assert await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, viewport)
            # Without scripts axe cannot run; the page is the same one.
            for scheme in SCHEMES if self._scripted else ():
                await self.page.emulate_media(color_scheme=scheme)
                assert await self._violations() == [], (path, viewport, scheme)

    async def _violations(self) -> list[str]:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]

    async def told(self, text: str) -> None:
        """Read a notice, once."""
        await expect(self.page.get_by_role("status").first).to_contain_text(text)

    async def follow(self, link: str, code: str) -> None:
        """Open the link of a mail; without a script its code is copied."""
        await self.page.goto(link)
        field = self.page.get_by_label("Code")
        if self._scripted:
            await expect(field).to_have_value(code)
            assert "#" not in self.page.url
        else:
            await field.fill(code)
            await self.page.evaluate("history.replaceState(null, '', location.pathname)")


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
async def test_from_registering_to_a_forgotten_password(
    console: Console, post_office: PostOffice, *, scripted: bool
) -> None:
    page = await console.page(java_script_enabled=scripted, bypass_csp=True, reduced_motion="reduce")
    walk = Walk(page, console.base, scripted=scripted)

    await page.goto(f"{console.base}/register")
    await walk.at("/register")
    await walk.fill(name="Ada Byron", email=MAIL, password="password12", password_again="something")
    await walk.press("Register")
    await expect(page.get_by_label("Name")).to_have_value("Ada Byron")
    await expect(page.get_by_label("Password", exact=True)).to_be_empty()
    await walk.at("/register")
    await walk.fill(password=PASSWORD, password_again=PASSWORD)
    await walk.press("Register")
    await walk.at("/register/sent")

    mail = await post_office.mail(MAIL)
    await walk.follow(mail.link, mail.code)
    await walk.at("/confirm")
    await walk.press("Confirm")
    await expect(page).to_have_url(f"{console.base}/")
    await walk.told("Welcome, Ada Byron.")
    await page.reload()
    await expect(page.get_by_text("Welcome, Ada Byron.")).to_have_count(0)

    await page.goto(f"{console.base}/account/sessions")
    await walk.at("/account/sessions")
    await page.goto(f"{console.base}/account/password")
    await walk.at("/account/password")
    await walk.fill(old=PASSWORD, password=SECOND, password_again=SECOND)
    await walk.press("Change the password")
    await walk.told("Your password is changed.")
    assert "password" in (await post_office.mail(MAIL)).subject

    await page.goto(f"{console.base}/account/address")
    await walk.at("/account/address")
    await walk.fill(email=NEW_MAIL)
    await walk.press("Change the address")
    await walk.at("/account/address/confirm")
    assert "address" in (await post_office.mail(MAIL)).subject
    mail = await post_office.mail(NEW_MAIL)
    await walk.follow(mail.link, mail.code)
    await walk.press("Confirm")
    await walk.told("Your address is changed.")
    await walk.at("/account/address")
    await expect(page.get_by_text(NEW_MAIL)).to_be_visible()

    await page.context.clear_cookies()
    await page.goto(f"{console.base}/account/sessions")
    await walk.at("/sign-in?next=/account/sessions")
    await page.get_by_role("link", name="I forgot my password").click()
    await walk.at("/forgotten")
    await walk.fill(email=NEW_MAIL)
    await walk.press("Send the link")
    await walk.at("/forgotten/new")
    mail = await post_office.mail(NEW_MAIL)
    await walk.follow(mail.link, mail.code)
    await walk.fill(password=THIRD, password_again=THIRD)
    await walk.press("Change the password")
    await walk.told("Sign in with the new one.")
    await walk.at("/sign-in")
    await walk.fill(email=NEW_MAIL, password=THIRD)
    await walk.press("Sign in")
    await expect(page).to_have_url(f"{console.base}/")
    await page.goto(f"{console.base}/account/prove")
    await walk.at("/account/prove")
    assert console.complaints == []


async def test_an_ended_session_is_led_to_the_door(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    here, elsewhere = await console.page(), await console.page()
    for page in (elsewhere, here):
        await page.goto(f"{console.base}/sign-in?next=/account/sessions")
        await page.get_by_label("Email").fill(mail)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        await expect(page).to_have_url(f"{console.base}/account/sessions")
    await here.get_by_role("button", name="End", exact=True).click()
    await expect(here.get_by_text("The session has ended.")).to_be_visible()
    await expect(here.get_by_text("This browser")).to_have_count(1)
    await expect(here.get_by_role("button", name="End", exact=True)).to_have_count(0)
    await elsewhere.reload()
    await expect(elsewhere).to_have_url(f"{console.base}/sign-in?next=/account/sessions")
