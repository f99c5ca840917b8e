"""What a page costs the server: processor time per request, over connections that stay open."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.bench import machine
from tests.bench.pairs import CheckFailed
from tests.bench.served import Served, free_port, peer_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.bench.own_talk import Own

_VIEWS = 2_000
_AT_ONCE = 8


class Page(NamedTuple):
    """A page of ours."""

    name: str
    path: str
    reads: int
    """How many statements it takes (``tests/routes/test_page_reads.py`` holds it to that)."""
    is_signed_in: bool


WAYS = {"aiosqlite": "bare", "sqlite3": "bare, reads on the loop:"}
"""How the bare page reads, and what the table calls it."""

SIGN_IN = Page("sign-in page", "/sign-in", 0, is_signed_in=False)
PROFILE = Page("own profile", "/members/{me}", 6, is_signed_in=True)
PAGES = (SIGN_IN, PROFILE)


async def ours(own: Own, page: Page, folder: Path) -> tuple[float, str]:
    """µs of this server's processor for a view of ``page``, and the page itself."""
    installation = own.installation(folder)
    async with own.variant(own.name, log_level="warning").serve(folder) as server:
        headers = {"Cookie": installation.cookie} if page.is_signed_in else {}
        base = f"http://127.0.0.1:{server.port}"
        path = page.path
        if "{me}" in path:
            async with aiohttp.ClientSession() as http, http.get(f"{base}/console/api/me", headers=headers) as answer:
                path = path.format(me=(await answer.json())["id"])
        return await cost(server.pid, base + path, {"Accept": "text/html", **headers})


async def bare(page: Page, text: str, folder: Path, way: str) -> float:
    """µs of the bare server's processor for the same bytes; ``way`` is what it reads with."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    port = free_port()
    command = [*peer_command("bare_page", port, folder / "raw.db"), str(file), str(page.reads), way]
    async with Served(command, port, folder) as server:
        each, made = await cost(server.pid, f"http://127.0.0.1:{port}/page", {})
    if made != text:
        raise CheckFailed("the bare page is not the same bytes")
    return each


async def cost(pid: int, url: str, headers: Mapping[str, str], views: int = _VIEWS) -> tuple[float, str]:
    """µs of a server's processor, with all its children, for a view of the page at ``url``, and the page itself."""
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as http:
        text = await _view(http, url)
        await _views(http, url, views // 10)
        before = machine.tree_cpu_ns(pid)
        await _views(http, url, views)
        return (machine.tree_cpu_ns(pid) - before) / 1000 / views, text


async def _views(http: aiohttp.ClientSession, url: str, count: int) -> None:
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for _ in numbers:
            await _view(http, url)

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))


async def _view(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url, allow_redirects=False) as answer:
        if answer.status != 200:
            raise CheckFailed(f"{url} answered {answer.status}")
        return await answer.text()
