"""The load tool against a real server: small, short, and every message checked."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.clients.installation import SITE_KEY, SITE_ORIGIN, make_installation
from tests.clients.server import ServerProcess
from tests.engines.daemon import free_port
from tests.load.setups import SETUPS, installed
from tests.load.step import Plan, run_step
from tests.load.table import from_lines, table

if TYPE_CHECKING:
    from pathlib import Path

_PLAN = Plan(
    connections=22,
    seconds=4.0,
    pace=0.5,
    stay=2.0,
    away=0.3,
    talks_per_agent=10,
    connects_per_second=100.0,
    generators=2,
    seed=3,
)


@pytest.mark.parametrize("setup", SETUPS)
async def test_everything_that_is_scheduled_arrives_once_and_in_order(setup: str) -> None:
    told: list[str] = []
    async with installed(setup) as target:
        result = await run_step(target, _PLAN, told.append)
    tally = result.tally
    assert (tally["lost"], tally["doubled"], tally["disordered"], tally["failed"]) == (0, 0, 0, 0)
    assert tally["sent"] == tally["acked"] == tally["delivered"] > 100
    assert tally["returns"] > 5
    assert tally["typing"] > 20
    assert result.connections == 22
    assert result.cpu["node"] > 0
    assert any("delivered" in line for line in told)


async def test_an_installation_that_runs_is_measured_by_its_address(tmp_path: Path) -> None:
    installation = await make_installation(tmp_path / "data")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    kept, picture = tmp_path / "kept.jsonl", tmp_path / "load.svg"
    options = ["--url", address, "--site", SITE_KEY, "--origin", SITE_ORIGIN, "--connections", "11,22"]
    options += ["--seconds", "2", "--pace", "0.5", "--save", str(kept), "--svg", str(picture)]
    server = ServerProcess(installation, public_url=address)
    server.port = port
    async with server:
        tool = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.load", *options),
            env={**os.environ, "LOAD_COOKIE": installation.cookie},
            stdout=asyncio.subprocess.PIPE,
        )
        told = (await tool.communicate())[0].decode()
    assert tool.returncode == 0, told
    first, second = from_lines(kept.read_bytes())
    assert (first.connections, second.connections) == (11, 22)
    assert first.tally["delivered"] > 20
    assert told.endswith(f"{table([first, second])}\n")
    assert picture.read_text(encoding="utf-8").startswith("<svg")


async def test_an_address_without_a_cookie_is_refused_with_what_is_missing() -> None:
    tool = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load", "--url", "https://chat.example.org"),
        env={name: value for name, value in os.environ.items() if name != "LOAD_COOKIE"},
        stderr=asyncio.subprocess.PIPE,
    )
    told = (await tool.communicate())[1].decode()
    assert tool.returncode == 2
    assert "needs http:// or https:// and a host, --site, --origin, and LOAD_COOKIE" in " ".join(told.split())
