"""Pictures of people and of the installation, as browsers load them: from any page, also one that has the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import ETag, web

from widget_server.actions.pictures import access_picture, access_picture_of
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from widget_server.actions.pictures import Picture

pages = Pages()

_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "public, max-age=60"
_HEADERS: Final = {
    # Opened by itself it can do nothing, not even as the SVG that we draw (S29).
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    # Agents' pictures are shown by the widget, on other people's pages.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


@pages.get("/people/{id}/picture", everybody)
async def show_picture_of(visit: Visit) -> web.Response:
    """Somebody's own picture, or the one that is drawn for them; ``?v=`` names it, so that it never changes."""
    request = visit.request
    found = await access_picture_of(visit.office.engine.database, request.match_info["id"])
    version = request.query.get("v", "")
    return _served(request, found, _FOREVER if len(version) >= 12 and found.hash.startswith(version) else _ASK_AGAIN)


@pages.get("/pictures/{hash}", everybody)
async def show_picture(visit: Visit) -> web.Response:
    """A picture by its hash."""
    request = visit.request
    return _served(request, await access_picture(visit.office.engine.database, request.match_info["hash"]), _FOREVER)


def _served(request: web.Request, found: Picture, cache: str) -> web.Response:
    headers = _HEADERS | {"Cache-Control": cache}
    tag = ETag(found.hash)
    if request.if_none_match is not None and tag in request.if_none_match:
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=found.body, content_type=found.content_type, headers=headers)
    response.etag = tag
    return response
