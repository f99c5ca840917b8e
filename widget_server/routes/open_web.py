"""What programs that read the whole web ask for: which addresses there are, and which are not for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from aiohttp import web

from widget_server.actions.open_web import list_boards, list_files, list_threads
from widget_server.core import sitemap
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from widget_server.actions.open_web import Found

pages = Pages()

INDEX: Final = "/sitemap.xml"
_XML: Final = "application/xml"
_HOUR: Final = {"Cache-Control": "public, max-age=3600"}

_NOT_READ: Final = (
    "/account", "/admin", "/api/", "/claim", "/console", "/drafts", "/forgotten", "/invitations", "/language",
    "/mails", "/moderation", "/new-board", "/notices", "/register", "/search", "/set-up", "/sign-in",
    "/begin", "/boards/*/begin", "/threads/*/reply", "/threads/*/posts/", "/*?sort=", "/*&sort=",
)  # fmt: skip
"""Forms, what is for members, what can be asked in endless ways. Pages of boards and threads are not among them."""

_AI_CRAWLERS: Final = (
    "AI2Bot", "Amazonbot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot", "cohere-ai", "Diffbot",
    "FacebookBot", "Google-Extended", "GPTBot", "ImagesiftBot", "Meta-ExternalAgent", "omgili", "PerplexityBot",
    "Timpibot",
)  # fmt: skip
"""Those that read in order to train, as their owners name them."""


@pages.get("/robots.txt", everybody)
async def show_robots(visit: Visit) -> web.Response:
    """What crawlers shall not ask for, and where the map is. Where we lie under a path, the host's own file counts."""
    addresses = visit.office.addresses
    rules = ["User-agent: *", *(f"Disallow: {addresses.path(each)}" for each in _NOT_READ)]
    if not visit.office.settings.ai_crawlers:
        rules += ["", *(f"User-agent: {each}" for each in _AI_CRAWLERS), "Disallow: /"]
    rules += ["", f"Sitemap: {addresses.base}{INDEX}", ""]
    return web.Response(text="\n".join(rules), headers=_HOUR)


@pages.get(INDEX, everybody)
async def show_index(visit: Visit) -> web.Response:
    """The maps that there are."""
    base = visit.office.addresses.base
    files = await list_files(visit.office.engine.database)
    maps = [f"{base}/sitemap/boards.xml", *(f"{base}/sitemap/threads-{file}.xml" for file in files)]
    return web.Response(body=sitemap.index(maps), content_type=_XML, headers=_HOUR)


@pages.get("/sitemap/boards.xml", everybody)
async def show_boards(visit: Visit) -> web.Response:
    """The first page, the list of boards, and each of them."""
    found: Found = [("/", None), ("/boards", None), *await list_boards(visit.office.engine.database)]
    body = sitemap.MAP_BEGIN + _addresses(visit, found) + sitemap.MAP_END
    return web.Response(body=body, content_type=_XML, headers=_HOUR)


@pages.get(r"/sitemap/threads-{file:[1-9]\d{0,6}}.xml", everybody)
async def show_threads(visit: Visit) -> web.StreamResponse:
    """Up to 50,000 threads, sent while they are read."""
    pieces = list_threads(visit.office.engine.database, int(visit.request.match_info["file"]))
    first = await anext(pieces, None)
    if first is None:
        not_there()
    response = web.StreamResponse(headers=_HOUR | {"Content-Type": _XML, "X-Content-Type-Options": "nosniff"})
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    await response.prepare(visit.request)
    await response.write(sitemap.MAP_BEGIN + _addresses(visit, first))
    async for found in pieces:
        await response.write(_addresses(visit, found))
    await response.write(sitemap.MAP_END)
    await response.write_eof()
    return response


def _addresses(visit: Visit, found: Found) -> bytes:
    base = visit.office.addresses.base
    return sitemap.addresses((base + quote(path), changed) for path, changed in found)
