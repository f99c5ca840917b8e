"""The console's calls: each does what docs/protocol.md says, for who may, from our own page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import SHOP, make_agent, make_site
from widget_server.core.permissions import Role

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

CALLS = [
    ("GET", "/console/api/me"),
    ("PUT", "/console/api/me"),
    ("GET", "/console/api/sites"),
    ("POST", "/console/api/sites"),
    ("PUT", "/console/api/sites/plum"),
    ("GET", "/console/api/canned"),
    ("POST", "/console/api/canned"),
    ("PUT", "/console/api/canned/1"),
    ("DELETE", "/console/api/canned/1"),
    ("POST", "/console/sign-out"),
]
UNSAFE = [call for call in CALLS if call[0] != "GET"]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_s10_no_call_answers_who_is_not_signed_in(browser: Browser, method: str, path: str) -> None:
    response = await browser.fetch(method, path, {})
    assert response.status == 401
    assert (await response.json())["error"]["name"] == "signed_out"


async def test_s10_an_agent_of_one_site_reads_no_names_of_another_ones_team(browser: Browser) -> None:
    own, other = await make_site(browser, "Own"), await make_site(browser, "Other")
    await make_agent(browser, "grace@example.com", "Grace", Role.AGENT, own.key)
    await make_agent(browser, "linus@example.com", "Linus", Role.AGENT, other.key)
    await make_agent(browser, "ada@example.com", "Ada", Role.ADMINISTRATOR)
    await browser.sign_in("grace@example.com")
    me = await browser.call("GET", "/console/api/me")
    assert [agent["name"] for agent in me["agents"]] == ["Grace", "Ada"]


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("X-CSRF", "", 403),
        ("X-CSRF", "x" * 43, 403),
        ("Content-Type", "text/plain", 400),
        ("Content-Type", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_s08_nothing_changes_by_a_request_of_another_page(
    browser: Browser, method: str, path: str, header: str, value: str, status: int
) -> None:
    await make_agent(browser)
    await make_site(browser, key="plum")
    await browser.sign_in("ada@example.com")
    headers = {header: value}
    assert (await browser.fetch(method, path, {"name": "Changed"}, **headers)).status == status
    assert (await browser.call("GET", "/console/api/me"))["name"] == "Ada"


async def test_me_tells_who_is_signed_in_and_with_whom(browser: Browser) -> None:
    ada = await make_agent(browser)
    site = await make_site(browser)
    grace = await make_agent(browser, "grace@example.com", "Grace", Role.AGENT, site.key)
    await browser.sign_in("ada@example.com")
    me = await browser.call("GET", "/console/api/me")
    assert me == {
        "id": ada.public_id,
        "name": "Ada",
        "mail": "ada@example.com",
        "picture": None,
        "availability": "online",
        "missed_mails": True,
        "csrf": browser.csrf,
        "sites": [{"key": site.key, "name": "Plum & Sons", "draft_preview": False}],
        "agents": [
            {"id": ada.public_id, "name": "Ada", "role": "administrator", "picture": None},
            {"id": grace.public_id, "name": "Grace", "role": "agent", "picture": None},
        ],
    }


async def test_an_agent_renames_themselves_and_nothing_else(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    assert (await browser.call("PUT", "/console/api/me", {"name": " Ada L. "}))["name"] == "Ada L."
    refused = await browser.fetch("PUT", "/console/api/me", {"name": ""})
    assert (refused.status, (await refused.json())["error"]["name"]) == (422, "line_empty")
    for field in ("role", "grants", "mail", "id"):
        assert (await browser.fetch("PUT", "/console/api/me", {"name": "Ada", field: "x"})).status == 400


async def test_a_site_is_created_changed_and_shown_with_its_snippet(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    created = await browser.fetch(
        "POST", "/console/api/sites", {"name": "Plum", "allowed_origins": ["https://P.example/"]}
    )
    site = await created.json()
    assert created.status == 201
    assert site["allowed_origins"] == ["https://p.example"]
    assert site["snippet"] == f'<script async src="http://localhost:8080/widget/{site["key"]}.js"></script>'
    assert site["hours"] is None
    hours = {"zone": "Europe/Berlin", "days": {"1": [["09:00", "17:00"]]}}
    changed = await browser.call(
        "PUT", f"/console/api/sites/{site['key']}", site | {"color": "#00AA11", "hours": hours}
    )
    assert changed["color"] == "#00aa11"
    assert changed["hours"]["days"]["1"] == [["09:00", "17:00"]]
    assert await browser.call("GET", "/console/api/sites") == {"sites": [changed]}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"allowed_origins": ["https://*.example"]}, "bad_origin"),
        ({"allowed_origins": "https://a.example"}, "bad_value"),
        ({"color": "red"}, "bad_value"),
        ({"name": ""}, "line_empty"),
        ({"hours": {"zone": "Mars/Base", "days": {}}}, "bad_value"),
        ({"stamp": 7}, "bad_value"),
    ],
)
async def test_s1_09_a_wrong_value_is_refused_with_a_reason_and_nothing_is_stored(
    browser: Browser, change: dict[str, object], name: str
) -> None:
    await make_agent(browser)
    site = await make_site(browser)
    await browser.sign_in("ada@example.com")
    before = await browser.call("GET", "/console/api/sites")
    response = await browser.fetch("PUT", f"/console/api/sites/{site.key}", {"greeting": "Hello"} | change)
    error = (await response.json())["error"]
    assert (response.status, error["name"]) == (422, name)
    assert error["message"].endswith((".", ".example"))
    assert await browser.call("GET", "/console/api/sites") == before


async def test_s10_an_agent_changes_no_site_and_creates_none(browser: Browser) -> None:
    await make_agent(browser)
    site = await make_site(browser)
    other = await make_site(browser, "Other")
    await make_agent(browser, "grace@example.com", "Grace", Role.AGENT, site.key)
    await browser.sign_in("grace@example.com")
    assert await browser.call("GET", "/console/api/sites") == {"sites": []}
    assert [each["key"] for each in (await browser.call("GET", "/console/api/me"))["sites"]] == [site.key]
    for path, body, status in (
        (f"/console/api/sites/{site.key}", {"allowed_origins": ["https://evil.example"]}, 403),
        (f"/console/api/sites/{other.key}", {"name": "Mine"}, 404),
        ("/console/api/sites/missing", {"name": "Mine"}, 404),
    ):
        assert (await browser.fetch("PUT", path, body)).status == status
    assert (await browser.fetch("POST", "/console/api/sites", {"name": "New", "allowed_origins": []})).status == 403


async def test_canned_replies_are_kept_by_the_team(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    created = await browser.fetch("POST", "/console/api/canned", {"shortcut": "/hi", "body": "Hello {name}"})
    reply = await created.json()
    assert created.status == 201
    assert reply == {"id": reply["id"], "shortcut": "hi", "body": "Hello {name}"}
    path = f"/console/api/canned/{reply['id']}"
    changed = await browser.call("PUT", path, {"shortcut": "hello", "body": "Hello"})
    assert await browser.call("GET", "/console/api/canned") == {"replies": [changed]}
    taken = await browser.fetch("POST", "/console/api/canned", {"shortcut": "hello", "body": "Again"})
    assert (taken.status, (await taken.json())["error"]["name"]) == (409, "taken")
    await browser.call("DELETE", path)
    assert await browser.call("GET", "/console/api/canned") == {"replies": []}
    assert (await browser.fetch("PUT", path, {"shortcut": "x", "body": "y"})).status == 404
    assert (await browser.fetch("DELETE", "/console/api/canned/99999999999999999999")).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b'{"name": NaN}', b"[" * 5000])
async def test_s13_a_body_that_is_no_object_is_refused(browser: Browser, body: bytes) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    response = await browser.client.put(
        "/console/api/me",
        data=body,
        headers={"Content-Type": "application/json", "X-CSRF": browser.csrf, "Sec-Fetch-Site": "same-origin"},
    )
    assert response.status == 400
    assert (await response.json())["error"]["name"] == "bad_request"


@pytest.mark.parametrize("value", [None, 7, True, [], {}, ["Ada"], {"name": "Ada"}])
async def test_s13_another_type_in_a_texts_place_is_refused(browser: Browser, value: object) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    for method, path, body in (
        ("PUT", "/console/api/me", {"name": value}),
        ("POST", "/console/api/sites", {"name": value, "allowed_origins": [SHOP]}),
        ("POST", "/console/api/sites", {"name": "Plum", "allowed_origins": [value]}),
        ("POST", "/console/api/canned", {"shortcut": value, "body": "x"}),
        ("POST", "/console/api/canned", {"shortcut": "x", "body": value}),
    ):
        response = await browser.fetch(method, path, body)
        assert response.status == 422, (method, path, await response.text())
    assert await browser.call("GET", "/console/api/sites") == {"sites": []}
