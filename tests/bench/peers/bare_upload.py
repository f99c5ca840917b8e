"""The limit of taking a file in: bare aiohttp that writes what comes into a file, syncs it, and keeps no account."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web

from tests.bench.peers.listening import serve


async def take(request: web.Request) -> web.Response:
    """Take one file; the blocks are written in a thread, so that nobody waits for the disk."""
    folder = Path(sys.argv[2]).parent
    with (folder / request.match_info["name"]).open("wb") as file:
        async for block in request.content.iter_any():
            await asyncio.to_thread(file.write, block)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return web.Response(status=204)


async def make() -> web.Application:
    """The application."""
    app = web.Application()
    app.router.add_put("/{name}", take)
    return app


if __name__ == "__main__":
    serve(make, int(sys.argv[1]))
