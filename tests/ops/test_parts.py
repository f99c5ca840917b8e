"""The application as a whole: built from parts, alone on its machine, and one version with its client."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN, make_installation
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from widget_server.actions.engine import Clock
from widget_server.app import create_app, create_control
from widget_server.ops.metrics import Metrics
from widget_server.ops.start import Listeners
from widget_server.protocol import PROTOCOL_VERSION
from widget_server.settings import Settings
from widget_server.store.sqlite import SQLiteDatabase

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def served(data_dir: Path, parts: dict[str, Any] | None = None, **chosen: Any) -> AsyncGenerator[Listeners]:
    """A server on free ports, with a site and an agent."""
    await make_installation(data_dir)
    settings = Settings(mode="testing", data_dir=data_dir, port=0, internal_port=0, public_url=OWN_ORIGIN, **chosen)
    app = create_app(settings, **(parts or {}))
    listeners = Listeners(app, create_control(app), settings)
    try:
        await listeners.open()
        yield listeners
    finally:
        await listeners.close()


def visitor(session: aiohttp.ClientSession, listeners: Listeners) -> SocketClient:
    return SocketClient(
        session, f"http://127.0.0.1:{listeners.port}/ws/{SITE_KEY}", SITE_ORIGIN, ClientState("visitor")
    )


class FixedClock(Clock):
    """A clock that stands at one moment."""

    def now_ms(self) -> int:
        return 1_000_000_000_000


async def test_s0_11_two_differently_built_servers_run_in_one_process(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    measures = Metrics()
    parts = {"metrics": measures, "clock": FixedClock(), "database": SQLiteDatabase(one / "widget.db")}
    async with (
        aiohttp.ClientSession() as session,
        served(one, parts, message_max_chars=10) as short,
        served(other) as usual,
        visitor(session, short) as first,
        visitor(session, usual) as second,
    ):
        ack = await first.deliver("Hello")
        assert ack["at"] == "2001-09-09T01:46:40.000Z"
        refused = await first.send("Longer than ten characters")
        await first.until(lambda: refused.failed is not None)
        assert refused.failed is not None
        assert refused.failed["name"] == "message_too_long"
        await second.deliver("Longer than ten characters")
        told = measures.render().decode()
        assert 'widget_sockets{kind="visitor"} 1.0\n' in told
        assert 'widget_commands_total{outcome="done"} ' in told
        assert "widget_commit_queue_depth 0.0\n" in told
        assert "widget_gap_refills_total 0.0\n" in told


async def test_s1_01_a_message_needs_no_address_but_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.socket.connect
    outside: list[object] = []

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1"}:
            outside.append(address)
            raise OSError("the network is cut off")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    async with (
        aiohttp.ClientSession() as session,
        served(tmp_path) as listeners,
        visitor(session, listeners) as client,
    ):
        await client.deliver("Hello")
    assert outside == []


def test_s3_22_client_and_server_are_built_from_one_version_of_the_protocol() -> None:
    generated = (ROOT / "widget_js" / "src" / "protocol.gen.ts").read_text(encoding="utf-8")
    written = re.search(r"export const PROTOCOL_VERSION = (\d+);", generated)
    assert written is not None
    assert int(written[1]) == PROTOCOL_VERSION


async def test_s3_22_the_server_hands_out_its_own_client(tmp_path: Path) -> None:
    static = ROOT / "widget_server" / "static"
    manifest = json.loads((static / "manifest.json").read_text(encoding="utf-8"))
    async with aiohttp.ClientSession() as session, served(tmp_path) as listeners:
        base = f"http://127.0.0.1:{listeners.port}"
        loader = await (await session.get(f"{base}/widget/{SITE_KEY}.js")).text()
        assert f"/static/{manifest['panel']}" in loader
        panel = await session.get(f"{base}/static/{manifest['panel']}")
        assert await panel.read() == (static / manifest["panel"]).read_bytes()
