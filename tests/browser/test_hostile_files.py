"""Files that mean harm, opened at their own addresses in a real browser: nothing of them runs (S29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from playwright.async_api import Error, expect

from tests.browser.console_desk import console_fixture
from tests.browser.test_pages import sign_in
from tests.clients.uploads import Uploads
from tests.routes.test_hostile_files import HOSTILE

if TYPE_CHECKING:
    from tests.browser.console_desk import Console

pytestmark = pytest.mark.browser
console = console_fixture

_EMBED = """async (address) => {
  window.wasRun = false;
  for (const name of ["iframe", "embed", "object", "script", "img", "link"]) {
    const made = document.createElement(name);
    if (name === "link") made.rel = "stylesheet";
    made[name === "object" ? "data" : name === "link" ? "href" : "src"] = address;
    const done = new Promise((end) => { made.onload = made.onerror = end; setTimeout(end, 300); });
    document.body.append(made);
    await done;
  }
  return window.wasRun;
}"""


async def test_s29_no_hostile_file_runs_when_it_is_opened_or_put_into_a_page(console: Console) -> None:
    mail = await console.make_agent("Ada Byron")
    page = await console.page()
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    await page.goto(f"{console.base}/sign-in?next=/boards")
    await sign_in(page, mail)
    await expect(page).to_have_url(f"{console.base}/boards")
    cookie = "; ".join(f"{each['name']}={each['value']}" for each in await page.context.cookies())
    opened = 0
    async with aiohttp.ClientSession(headers={"Cookie": cookie}) as http:
        uploads = Uploads(http, console.base, console.base)
        for what, hostile in HOSTILE.items():
            sent = await uploads.send(hostile.name, hostile.data)
            if sent["state"] != "ready":
                continue
            opened += 1
            tab = await page.context.new_page()
            tab.on("dialog", lambda dialog: said.append(dialog.message))
            if sent["kind"] == "picture":
                await tab.goto(console.base + sent["address"])
                assert await tab.evaluate("document.scripts.length") == 0
            else:
                # It is saved, and not shown.
                with pytest.raises(Error, match="Download is starting"):
                    await tab.goto(console.base + sent["address"])
            await tab.close()
            assert await page.evaluate(_EMBED, sent["address"]) is False, what
            assert await uploads.cancel(sent["address"]) == 204
    # The browser says what it has refused to run.
    console.complaints.clear()
    assert opened > 8
    assert said == []
