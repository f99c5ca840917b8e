"""The samples of signed identity are run: a served installation takes what they sign, and nothing near it (S14)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.routes.conftest import (  # noqa: F401 - fixtures
    SHOP,
    application,
    browser,
    bundles,
    clock,
    make_node,
    make_site,
    settings,
)
from tests.routes.test_signed_identity import identify, secret_of

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.actions.site_secrets import FreshSecret

SAMPLES = Path(__file__).parents[2] / "docs/samples"
NODE = Path(sys.executable).parent / "node"
PROGRAMS = {"sign.py": sys.executable, "sign.mjs": str(NODE), "sign.php": "php", "sign.rb": "ruby"}


def test_every_sample_is_run() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(PROGRAMS)


async def signed_by(sample: str, secret: FreshSecret, site: str) -> str:
    """What the sample prints."""
    own = {"CHAT_KEY_ID": secret.key_id, "CHAT_SECRET": secret.secret, "CHAT_SITE": site}
    process = await asyncio.create_subprocess_exec(
        PROGRAMS[sample], str(SAMPLES / sample), env=os.environ | own, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()


@pytest.mark.parametrize("sample", PROGRAMS)
async def test_s14_what_a_sample_signs_is_taken_and_what_is_near_it_is_not(sample: str, browser: Browser) -> None:  # noqa: F811
    site = await make_site(browser)
    other = await make_site(browser, "Pears", key="pears")
    secret = await secret_of(browser, site)
    token = await signed_by(sample, secret, site.key)
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 300

    async def answer(key: str, token: str) -> str:
        url = str(browser.client.make_url(f"/ws/{key}"))
        async with SocketClient(browser.client.session, url, SHOP, ClientState("visitor")) as line:
            told = await identify(line, token)
            return str(told.get("name", told["t"]))

    assert await answer(site.key, token) == "done"
    assert await answer(site.key, token) == "bad_identity", "another visitor shows it again"
    for bad in (
        await signed_by(sample, secret._replace(secret="x" * 43), site.key),
        await signed_by(sample, secret._replace(key_id="nobody"), site.key),
        await signed_by(sample, secret, "pears"),
        token[:-2],
    ):
        assert await answer(site.key, bad) == "bad_identity"
    assert await answer(other.key, await signed_by(sample, secret, other.key)) == "bad_identity"
