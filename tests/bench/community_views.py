"""What a page of the community costs, for somebody who is not signed in."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

from tests.bench.dataset import Shape, fill_sqlite
from tests.bench.page_views import cost
from tests.bench.pairs import CheckFailed
from tests.bench.served import Served, free_port, peer_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.own_talk import Own

THOUSAND: Final = Shape(1_000)
MILLION: Final = Shape(1_000_000)
SHAPES: Final = {"a thousand posts": THOUSAND, "a million posts": MILLION}
_FORUM_VIEWS: Final = 200


class View(NamedTuple):
    """A page of ours; ``path`` may be one that leads on to it."""

    name: str
    path: str


THREAD: Final = View("thread page", "/threads/22")
"""The first page of an ordinary thread: twenty posts."""
FRONT: Final = View("front page", "/")
VIEWS: Final = (THREAD, FRONT)


async def fill(own: Own, folder: Path, shape: Shape) -> None:
    """Put the community into an installation's folder, and have a server make the index of its words.

    Raises:
        CheckFailed: the index was not made.
    """
    installation = own.prepared(folder)
    fill_sqlite(installation.data_dir / "widget.db", shape)
    environment = {**os.environ, **installation.environment(0)}
    async with own.serve(folder):
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "widget_server", "reindex", env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        if await made.wait():
            raise CheckFailed("the index of words was not made")


async def ours(own: Own, view: View, folder: Path, *, is_cached: bool) -> tuple[float, str]:
    """µs of this server's processor for a view, and the page itself."""
    settings: dict[str, float] = {} if is_cached else {"page_cache_mb": 0}
    async with own.variant(own.name, None, log_level="warning", **settings).serve(folder) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession() as http, http.get(base + view.path) as answer:
            url = str(answer.url)
        return await cost(server.pid, url, {"Accept": "text/html", "Accept-Encoding": "identity"})


async def forum(folder: Path) -> float:
    """µs of django-machina's processes for a view of a topic of twenty posts."""
    port, told = free_port(), folder / "address"
    command = [*peer_command("machina_forum", port, folder / "forum.db"), str(told)]
    async with Served(command, port, folder) as server:
        # It is written before the port opens.
        url = f"http://127.0.0.1:{port}{told.read_text(encoding='ascii')}"
        each, _ = await cost(server.pid, url, {"Accept": "text/html"}, _FORUM_VIEWS)
    return each
