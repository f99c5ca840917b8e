"""Mails on a page, in development alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.patience import until_read
from tests.routes.conftest import text_of
from tests.routes.test_mail import register
from widget_server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.routes.conftest import Browser

PLACE = "/development/mails"


@pytest.fixture
def settings(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> Settings:
    """As a developer's; a test may ask for other ones by a mark's parameter."""
    backend.lay_out(tmp_path / "data")
    chosen = {"mode": "development", "internal_port": 0} | backend.settings(tmp_path / "data")
    return Settings(**chosen | getattr(request, "param", {}))


async def test_in_development_the_link_of_a_mail_can_be_clicked(browser: Browser) -> None:
    assert "None yet." in await (await browser.open(PLACE)).text()
    await register(browser)
    text = await until_read(lambda: text_of(browser, PLACE), lambda found: "http://localhost:8080/confirm#" in found)
    assert "ada@example.com" in text
    code = text.partition('href="http://localhost:8080/confirm#')[2].partition('"')[0]
    response = await browser.post_form("/confirm", code=code)
    assert (response.status, response.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "testing"},
        {"mode": "production", "public_url": "https://chat.test"},
        {"mail_url": "smtp://127.0.0.1:9"},
    ],
    indirect=True,
)
async def test_elsewhere_there_is_no_such_page(browser: Browser) -> None:
    assert (await browser.open(PLACE)).status == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
async def test_nobody_reads_them_through_a_proxy_that_we_do_not_know(browser: Browser, header: str) -> None:
    assert (await browser.open(PLACE, headers={header: "127.0.0.1"})).status == 404


@pytest.mark.parametrize("settings", [{"trusted_proxies": 1}], indirect=True)
async def test_nobody_reads_them_from_another_network(browser: Browser) -> None:
    for address, status in (("8.8.8.8", 404), ("192.168.1.7", 200)):
        response = await browser.open(PLACE, headers={"X-Forwarded-For": address})
        assert response.status == status, address
