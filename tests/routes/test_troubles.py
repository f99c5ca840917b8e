"""What nobody foresaw, told to the administrator by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from widget_server.app import create_app
from widget_server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser


class _Unforeseen(Exception):
    """As a handler of ours would meet it."""


@pytest.fixture
def application(backend: Backend, tmp_path: Path, post_office: PostOffice) -> web.Application:
    """An application in production, one of whose pages fails."""
    backend.lay_out(tmp_path / "data")
    settings = Settings(
        mode="production",
        public_url="https://chat.test",
        internal_port=0,
        mail_url=post_office.url,
        mail_from="chat@chat.test",
        administrator_mail="root@example.com",
        **backend.settings(tmp_path / "data"),
    )

    async def fail(request: web.Request) -> web.Response:
        raise _Unforeseen(request.query["secret"])

    app = create_app(settings)

    async def fail_otherwise(request: web.Request) -> web.Response:
        raise KeyError(request.query["secret"])

    app.router.add_get("/fails/{what}", fail)
    app.router.add_get("/other/{what}", fail_otherwise)
    return app


async def test_s2_26_an_error_in_production_is_mailed_to_the_administrator(
    browser: Browser, post_office: PostOffice
) -> None:
    for number in range(3):
        response = await browser.open(
            f"/fails/evil.example?secret=hunter2-{number}", headers={"X-Request-Id": f"request-{number}"}
        )
        assert response.status == 500
    mail = await post_office.mail("root@example.com")
    assert mail.subject == "[Support chat] The server failed: _Unforeseen"
    assert "GET /fails/evil example" in mail.text
    assert "request-0" in mail.text
    assert "hunter2" not in mail.raw.decode() + mail.text + mail.html
    await browser.open("/other/other?secret=x")
    await post_office.mail("root@example.com")
    assert len(post_office.mails) == 2
