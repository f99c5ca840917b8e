"""Installations that the tool starts by itself, on free ports of this machine, with limits that are on and raised.

Everything is durable as in production: SQLite and PostgreSQL sync every commit.
"""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN, make_installation
from tests.clients.server import ServerProcess
from tests.engines.postgresql import PostgreSQL
from tests.engines.redis import Redis
from tests.load.step import Target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

NAMES = {
    "sqlite": "SQLite, 1 node",
    "postgresql": "PostgreSQL, 1 node",
    "nodes": "PostgreSQL and Redis, 2 nodes",
}
SETUPS = tuple(NAMES)


@asynccontextmanager
async def installed(setup: str) -> AsyncGenerator[Target]:
    """A fresh installation of this kind, serving.

    Raises:
        MissingEngine: a program is not installed.
    """
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="load-")))
        processes: dict[str, list[int]] = {}
        database_url = None
        settings: dict[str, str] = {}
        if setup != "sqlite":
            postgresql = exits.enter_context(PostgreSQL(durable=True))
            database_url = postgresql.create_database()
            processes["PostgreSQL"] = [postgresql.pid]
        if setup == "nodes":
            redis = exits.enter_context(Redis())
            settings["broker_url"] = redis.url
            processes["Redis"] = [redis.pid]
        first = await make_installation(folder / "data", database_url)
        installations = [first]
        if setup == "nodes":
            installations.append(first._replace(data_dir=folder / "other"))
        servers = [await exits.enter_async_context(ServerProcess(each, **settings)) for each in installations]
        yield Target(
            name=NAMES[setup],
            nodes=[("127.0.0.1", server.port) for server in servers],
            site_key=SITE_KEY,
            site_origin=SITE_ORIGIN,
            own_origin=OWN_ORIGIN,
            cookie=first.cookie,
            tls=False,
            processes={"node": [server.pid for server in servers], **processes},
        )
