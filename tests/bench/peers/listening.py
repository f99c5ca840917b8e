"""How the aiohttp peers listen: uvloop as in this server, no access log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def serve(make: Callable[[], Awaitable[web.Application]], port: int) -> None:
    """Make an application inside the loop and serve it on loopback until the process is ended."""

    async def main() -> None:
        runner = web.AppRunner(await make(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await asyncio.Event().wait()

    uvloop.run(main())
