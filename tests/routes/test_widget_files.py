"""What a customer's page loads, from us alone."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession

from tests.routes.conftest import BUNDLES, SHOP, make_agent, make_site
from widget_server.actions.sites import do_update_site
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.routes.conftest import Browser

ADMINISTRATOR = Actor(0, "01926b3a-8a70-7cc2-8f00-0123456789ab", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))


def config_of(script: str) -> dict[str, Any]:
    found = re.search(r"const c=(\{.*\});globalThis", script)
    assert found, script
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


async def test_s3_22_the_loader_carries_the_sites_appearance(browser: Browser) -> None:
    site = await make_site(browser)
    response = await browser.client.get(f"/widget/{site.key}.js")
    assert response.status == 200
    assert response.content_type == "text/javascript"
    assert config_of(await response.text()) == {
        "key": site.key,
        "base": "http://localhost:8080",
        "store": site.key,
        "color": "#2f5fd0",
        "position": "right",
        "name": "Plum & Sons",
        "greeting": "",
        "panel": "/static/panel.AAAA.js",
        "locales": {"de": "/static/locale.de.FFFF.js"},
    }
    for header, value in (
        ("Access-Control-Allow-Origin", "*"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("X-Content-Type-Options", "nosniff"),
    ):
        assert response.headers[header] == value
    assert "max-age=300" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers


async def test_s24_nothing_in_an_appearance_ends_the_script(browser: Browser) -> None:
    site = await make_site(browser)
    hostile = "</script><!--\u2028\u2029 \\u0041 ${1} \\1 & \"'`"
    office = browser.app[OFFICE]
    await do_update_site(
        office.engine.database,
        ADMINISTRATOR,
        site.key,
        {"greeting": hostile, "name": "A </script> B"},
        now_ms=office.now_ms(),
    )
    script = await (await browser.client.get(f"/widget/{site.key}.js")).text()
    frame = await (await browser.client.get(f"/widget/frame/{site.key}")).text()
    assert config_of(script)["greeting"] == hostile
    assert not re.search("[<>\u2028\u2029]", re.sub(r"^\(\(\)=>|^.*?const c=", "", script))
    inside = re.search(r'id="support-chat-config">(.*?)</script>', frame, re.DOTALL)
    assert inside
    assert json.loads(inside[1])["greeting"] == hostile
    assert "<title>A &lt;/script&gt; B</title>" in frame


async def test_a_known_loader_is_not_sent_again_and_a_changed_one_is(browser: Browser) -> None:
    site = await make_site(browser)
    path = f"/widget/{site.key}.js"
    first = await browser.client.get(path)
    assert first.headers["Content-Encoding"] == "gzip"
    again = await browser.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    plain = await browser.client.get(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["ETag"] != first.headers["ETag"]
    assert await plain.text() == await first.text()
    other = await make_site(browser, "Other")
    changed = await browser.client.get(f"/widget/{other.key}.js", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200


@pytest.mark.parametrize("key", ["unknown", "x", "UPPER", "a" * 100, "..%2f..%2fetc%2fpasswd", "frame"])
async def test_an_unknown_key_is_told_to_check_the_tag(browser: Browser, key: str) -> None:
    response = await browser.client.get(f"/widget/{key}.js")
    assert (response.status, (await response.json())["error"]["name"]) == (404, "unknown_site")


async def test_s26_only_the_sites_pages_frame_the_panel_and_nobody_the_console(browser: Browser) -> None:
    site = await make_site(browser)
    frame = await browser.client.get(f"/widget/frame/{site.key}")
    assert f"frame-ancestors http://localhost:8080 {SHOP}" in frame.headers["Content-Security-Policy"]
    assert "/static/frame.EEEE.js" in await frame.text()
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    for path in ("/console", "/sign-in", "/console/api/me", "/nowhere"):
        response = await browser.open(path)
        if response.status != 303:
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_s26_no_policy_lets_foreign_or_inline_code_run(browser: Browser) -> None:
    site = await make_site(browser)
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    for path in (
        "/console",
        f"/widget/frame/{site.key}",
        f"/widget/{site.key}.js",
        "/static/panel.AAAA.js",
        "/nowhere",
    ):
        headers = (await browser.open(path)).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Python" not in headers["Server"]


async def test_a_bundle_is_kept_for_ever_and_sent_in_the_smallest_form(browser: Browser) -> None:
    path = "/static/panel.AAAA.js"
    text = BUNDLES["panel"][1].encode()
    packed = await browser.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert await packed.read() == text
    plain = await browser.client.get(path, headers={"Accept-Encoding": "br;q=0, identity"})
    assert "Content-Encoding" not in plain.headers
    assert await plain.read() == text
    for response in (packed, plain):
        assert response.content_type == "text/javascript"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Timing-Allow-Origin"] == "*"
        assert response.headers["Vary"] == "Accept-Encoding"
    accepted = {"Accept-Encoding": "gzip, deflate, br, zstd"}
    async with (
        ClientSession(auto_decompress=False) as session,
        session.get(browser.client.make_url(path), headers=accepted) as smallest,
    ):
        assert smallest.headers["Content-Encoding"] == "br"
        assert await smallest.read() == b"packed:" + text


@pytest.mark.parametrize(
    "file",
    [
        "missing.AAAA.js",
        "manifest.json",
        "..%2fsettings.py",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "panel.AAAA.js%00",
        "panel.AAAA.js.gz",
        ".env",
        "x" * 300 + ".js",
        "panel",
    ],
)
async def test_s30_nothing_but_bundles_is_handed_out(browser: Browser, file: str) -> None:
    assert (await browser.client.get(f"/static/{file}")).status == 404


async def test_a_build_while_the_server_runs_is_noticed(browser: Browser, bundles: Path) -> None:
    site = await make_site(browser)
    await browser.client.get(f"/widget/{site.key}.js")
    (bundles / "panel.NEWER.js").write_text("export {};")
    names = {name: file for name, (file, _) in BUNDLES.items()} | {"panel": "panel.NEWER.js"}
    (bundles / "manifest.json").unlink()
    (bundles / "manifest.json").write_text(json.dumps(names))
    script = await (await browser.client.get(f"/widget/{site.key}.js")).text()
    assert config_of(script)["panel"] == "/static/panel.NEWER.js"
    assert (await browser.client.get("/static/panel.NEWER.js")).status == 200


async def test_without_bundles_everybody_is_told_what_is_missing(browser: Browser, bundles: Path) -> None:
    site = await make_site(browser)
    await make_agent(browser)
    (bundles / "manifest.json").unlink()
    response = await browser.client.get(f"/widget/{site.key}.js")
    assert (response.status, (await response.json())["error"]["name"]) == (503, "not_built")
    await browser.sign_in("ada@example.com")
    page = await browser.open("/console")
    assert page.status == 503
    assert "make build" in await page.text()


async def test_the_tag_is_that_of_the_bytes(browser: Browser) -> None:
    site = await make_site(browser)
    response = await browser.client.get(f"/widget/{site.key}.js", headers={"Accept-Encoding": "identity"})
    assert response.headers["ETag"].strip('"') == hashlib.blake2b(await response.read(), digest_size=12).hexdigest()
