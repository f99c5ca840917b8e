"""`make run`: what the first run makes, what later runs keep, and how it stops."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from scripts import run
from tests.demo.conftest import free_port
from widget_server.actions import sites
from widget_server.cli.means import open_means
from widget_server.settings import Settings

ROOT = Path(__file__).parent.parent.parent


async def origins_of_the_shop(settings: Settings) -> tuple[str, ...]:
    async with open_means(settings) as means:
        return (await sites.access_public_site(means.db, run.SITE_KEY)).allowed_origins


async def test_s1_11_the_first_run_makes_everything_and_later_ones_keep_it(settings: Settings) -> None:
    first = await run.prepare(settings, "http://127.0.0.1:8081")
    second = await run.prepare(settings, "http://127.0.0.1:8081")
    assert first.password is not None
    assert second == run.SignIn(first.mail, None)


async def test_a_shop_on_another_port_is_added_to_the_origins(settings: Settings) -> None:
    await run.prepare(settings, "http://127.0.0.1:8081")
    await run.prepare(settings, "http://127.0.0.1:9081")
    await run.prepare(settings, "http://127.0.0.1:9081")
    assert await origins_of_the_shop(settings) == ("http://127.0.0.1:8081", "http://127.0.0.1:9081")


async def test_two_installations_never_share_a_password(tmp_path: Path) -> None:
    made = [await run.prepare(Settings(data_dir=tmp_path / name), "http://127.0.0.1:8081") for name in ("one", "two")]
    assert made[0].password != made[1].password


def test_the_banner_names_both_addresses_the_sign_in_and_the_tag() -> None:
    settings = Settings()
    first = run.banner(settings, "http://127.0.0.1:8081", run.SignIn("a@example.org", "plum-tree"))
    assert "http://127.0.0.1:8081\n" in first
    assert "http://localhost:8080/console\n" in first
    assert "a@example.org\n" in first
    assert "plum-tree" in first
    assert '<script async src="http://localhost:8080/widget/demo.js"></script>\n' in first


def test_a_later_banner_names_the_command_that_makes_a_new_password(tmp_path: Path) -> None:
    later = run.banner(Settings(data_dir=tmp_path), "http://127.0.0.1:8081", run.SignIn("a@example.org", None))
    assert f"WIDGET_DATA_DIR={tmp_path} .venv/bin/widget-server set-password a@example.org" in later
    usual = run.banner(Settings(), "http://127.0.0.1:8081", run.SignIn("a@example.org", None))
    assert "WIDGET_DATA_DIR" not in usual


class Started:
    """The launcher as a process, with what it printed."""

    def __init__(self, process: asyncio.subprocess.Process, told: str) -> None:
        self.process = process
        self.told = told

    async def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        await self.process.stdout.read()
        return await self.process.wait()


@asynccontextmanager
async def started(tmp_path: Path, port: int, demo_port: int) -> AsyncGenerator[Started]:
    """Start the launcher and enter once it has printed its banner or ended; nothing of it is left behind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WIDGET_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "scripts" / "run.py"),
        cwd=tmp_path,
        env=kept | {"WIDGET_PORT": str(port), "DEMO_PORT": str(demo_port), "WIDGET_DATA_DIR": str(tmp_path / "data")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    told = ""
    while "Ctrl-C" not in told:
        line = await process.stdout.readline()
        if not line:
            break
        told += line.decode()
    launcher = Started(process, told)
    try:
        yield launcher
    finally:
        await launcher.stop()


async def test_s1_12_one_command_serves_both_and_a_signal_leaves_nothing_behind(tmp_path: Path) -> None:
    port, demo_port = free_port(), free_port()
    async with started(tmp_path, port, demo_port) as first, aiohttp.ClientSession() as client:
        shop = await (await client.get(f"http://127.0.0.1:{demo_port}/")).text()
        tag = re.search(r'src="(http://localhost:\d+/widget/demo\.js)"', shop)
        assert tag is not None
        assert (await client.get(tag[1].replace("localhost", "127.0.0.1"))).status == 200
        as_a_browser = {"Accept": "text/html"}
        assert (await client.get(f"http://127.0.0.1:{port}/console", headers=as_a_browser)).status == 200
        assert await first.stop() == 0
    for freed in (port, demo_port):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", freed), timeout=5)
    async with started(tmp_path, port, demo_port) as second:
        assert "as before" in second.told
        assert await second.stop() == 0


@pytest.mark.parametrize("taken", ["PORT", "DEMO_PORT"])
async def test_a_taken_port_is_one_line_that_says_what_to_do(tmp_path: Path, taken: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        held = holder.getsockname()[1]
        ports = (held, free_port()) if taken == "PORT" else (free_port(), held)
        async with started(tmp_path, *ports) as launcher:
            assert await launcher.process.wait() == 1
    assert launcher.told == f"make run: port {held} is taken; stop what uses it, or run: make run {taken}={held + 10}\n"
    assert not (tmp_path / "data").exists()
