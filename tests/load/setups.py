"""Installations that the tool starts by itself, on free ports of this machine, with limits that are on and raised."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN, make_installation
from tests.clients.server import ServerProcess
from tests.load.step import Target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SETUPS = ("sqlite",)
NAMES = {"sqlite": "SQLite, 1 node"}


@asynccontextmanager
async def installed(setup: str) -> AsyncGenerator[Target]:
    """A fresh installation of this kind, serving."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        installation = await make_installation(Path(folder) / "data")
        async with ServerProcess(installation) as server:
            yield Target(
                name=NAMES[setup],
                nodes=[("127.0.0.1", server.port)],
                site_key=SITE_KEY,
                site_origin=SITE_ORIGIN,
                own_origin=OWN_ORIGIN,
                cookie=installation.cookie,
                tls=False,
                processes={"node": [server.pid]},
            )
