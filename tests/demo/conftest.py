"""The shop and the server on two origins, and a browser."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web
from playwright.async_api import Browser

from demo_site.shop import make_app
from scripts import run
from tests.browser.widget_shop import chromium
from widget_server.app import create_app, create_control
from widget_server.ops.start import Listeners
from widget_server.settings import Settings


class World(NamedTuple):
    """Where the shop and the server are."""

    shop: str
    server: str
    settings: Settings


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    """The server on localhost and the shop on 127.0.0.1, as `make run` starts them."""
    port, demo_port = free_port(), free_port()
    settings = Settings(mode="testing", data_dir=tmp_path / "data", port=port, internal_port=0)
    shop = f"http://127.0.0.1:{demo_port}"
    await run.prepare(settings, shop)
    app = create_app(settings)
    listeners = Listeners(app, create_control(app), settings)
    demo = web.AppRunner(make_app(settings.public_url, run.SITE_KEY))
    try:
        await listeners.open()
        await demo.setup()
        await web.TCPSite(demo, "127.0.0.1", demo_port).start()
        yield World(shop, settings.public_url, settings)
    finally:
        await demo.cleanup()
        await listeners.close()


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    """Debian's Chromium."""
    async with chromium() as browser:
        yield browser
