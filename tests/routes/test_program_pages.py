"""The pages on which people make access tokens and webhooks."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import make_agent, make_site, text_of
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

OWN = "/account/tokens"
SITES = "/admin/tokens"
HOOKS = "/admin/webhooks"


def shown(page: str, prefix: str) -> str:
    found = re.search(rf"<code>({prefix}[A-Za-z0-9_-]+)</code>", page)
    assert found, page
    return found[1]


async def calls(browser: Browser, token: str, path: str) -> int:
    """Call the API with a token."""
    response = await browser.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    return response.status


@pytest.mark.everywhere
async def test_s2_29_a_token_is_made_shown_once_used_and_ended(browser: Browser) -> None:
    await make_agent(browser, role=Role.AGENT)
    await browser.sign_in("ada@example.com")
    assert "There is no token yet" in await text_of(browser, OWN)
    fields = {"name": "My script", "scope_account:read": "on", "scope_conversations:read": "on", "days": "30"}
    made = await browser.post_form(OWN, **fields)
    page = await made.text()
    assert (made.status, made.headers["Cache-Control"]) == (200, "no-store")
    token = shown(page, "wst_")
    assert (await calls(browser, token, "/me"), await calls(browser, token, "/sites")) == (200, 403)
    listed = await text_of(browser, OWN)
    assert token not in listed
    assert "My script" in listed
    assert "Last used" in listed
    fields = {name: await browser.field(name, OWN) for name in ("id", "csrf")}
    ended = await browser.post_form(f"{OWN}/end", **fields)
    assert (ended.status, ended.headers["Location"]) == (303, OWN)
    assert await calls(browser, token, "/me") == 401


async def test_s2_06_a_token_without_name_or_use_is_not_made(browser: Browser) -> None:
    await make_agent(browser, role=Role.AGENT)
    await browser.sign_in("ada@example.com")
    refused = await browser.post_form(OWN, name="", days="0")
    page = await refused.text()
    assert refused.status == 422
    assert "This cannot be empty." in page
    assert "Choose one of these." in page
    beyond = await browser.post_form(OWN, **{"name": "More", "scope_people:read": "on", "days": "0"})
    assert (beyond.status, "wst_" in await beyond.text()) == (422, False)


async def test_a_token_is_made_by_who_has_just_shown_who_they_are(browser: Browser, clock: MovedClock) -> None:
    await make_agent(browser, role=Role.AGENT)
    await browser.sign_in("ada@example.com")
    clock.ahead_ms += 3_600_000
    asked = await browser.post_form(OWN, **{"name": "Mine", "scope_account:read": "on", "days": "0"})
    assert asked.status in {303, 403}
    assert "wst_" not in await asked.text()


async def test_s10_sites_tokens_and_webhooks_are_for_who_manages_a_site(browser: Browser) -> None:
    site = await make_site(browser, key="plum")
    await make_agent(browser, role=Role.AGENT, site=site.key)
    await browser.sign_in("ada@example.com")
    for path in (SITES, HOOKS, f"{HOOKS}/0198a000-0000-7000-8000-000000000000"):
        assert (await browser.open(path)).status == 403


async def test_s10_a_sites_token_opens_that_site_alone(browser: Browser) -> None:
    site, other = await make_site(browser, "Plum", "plum"), await make_site(browser, "Pear", "pear")
    await make_agent(browser, role=Role.ADMINISTRATOR)
    await browser.sign_in("ada@example.com")
    made = await browser.post_form(SITES, **{"name": "Shop", "site": site.key, "scope_sites:read": "on", "days": "0"})
    token = shown(await made.text(), "wst_")
    assert await calls(browser, token, f"/sites/{site.key}") == 200
    assert await calls(browser, token, f"/sites/{other.key}") == 404
    page = await text_of(browser, SITES)
    assert "people:read" not in page
    assert '<span class="badge">plum</span>' in page


@pytest.mark.everywhere
async def test_a_webhook_is_added_changed_tried_and_removed(browser: Browser) -> None:
    await make_site(browser, "Plum", "plum")
    await make_agent(browser, role=Role.ADMINISTRATOR)
    await browser.sign_in("ada@example.com")
    fields = {"url": "https://hooks.example.com/a", "site": "plum", "topic_message.created": "on"}
    wrong = await browser.post_form(HOOKS, **(fields | {"url": "http://127.0.0.1/"}))
    assert (wrong.status, "reached from outside" in await wrong.text()) == (422, True)
    made = await browser.post_form(HOOKS, **fields)
    secret = shown(await made.text(), "whsec_")
    page = await text_of(browser, HOOKS)
    assert secret not in page
    found = re.search(rf'href="({HOOKS}/[0-9a-f-]{{36}})"', page)
    assert found
    one = found[1]
    changed = await browser.post_form(one, url="https://hooks.example.com/b", **{"topic_note.created": "on"})
    assert (changed.status, changed.headers["Location"]) == (303, one)
    page = html.unescape(await text_of(browser, one))
    assert 'value="https://hooks.example.com/b"' in page
    assert 'name="topic_note.created" value="on" checked' in page
    assert 'name="is_active" value="on" checked' not in page
    assert "Nothing was sent yet" in page
    csrf = await browser.field("csrf", one)
    assert (await browser.post_form(f"{one}/ping", csrf=csrf)).status == 303
    assert (await browser.post_form(f"{one}/again", csrf=csrf, id="1")).status == 404
    removed = await browser.post_form(f"{one}/remove", csrf=csrf)
    assert removed.headers["Location"] == HOOKS
    assert (await browser.open(one)).status == 404
    assert browser.app[OFFICE].engine is not None
