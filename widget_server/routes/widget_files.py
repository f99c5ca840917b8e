"""What a page of a customer's site loads: the loader with its appearance, the bundles, the framed panel."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

from widget_server.web.assets import takes
from widget_server.web.csp import frame_policy
from widget_server.web.embedding import script_json

if TYPE_CHECKING:
    from widget_server.actions.greeting import Reception
    from widget_server.actions.sites import Site
    from widget_server.web.addresses import Addresses
    from widget_server.web.assets import Assets
    from widget_server.web.templating import Templates

_PLACEHOLDER: Final = re.compile("""["'`]__SUPPORT_CHAT_CONFIG__["'`]""")
_KEPT_MAX: Final = 256
_FOR_EVERYONE: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
}

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Shelf:
    """What these files are made of."""

    reception: Reception
    assets: Assets
    templates: Templates
    addresses: Addresses
    packed: dict[str, bytes] = field(default_factory=dict)
    """Loaders as they were compressed, by tag."""


SHELF = web.AppKey("shelf", Shelf)


@routes.get("/widget/{key}.js")
async def send_loader(request: web.Request) -> web.Response:
    """The script of a site's tag. Short-lived, so that a change of appearance is seen within minutes."""
    shelf = request.app[SHELF]
    site = await shelf.reception.site(request.match_info["key"])
    body = _loader(shelf, site)
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    packs = takes(request.headers.get("Accept-Encoding", ""), "gzip")
    headers = _FOR_EVERYONE | {
        "Cache-Control": "public, max-age=300, stale-while-revalidate=3600",
        "ETag": f'"{tag}-gzip"' if packs else f'"{tag}"',
        "Vary": "Accept-Encoding",
    }
    if _knows(request, tag):
        return web.Response(status=304, headers=headers)
    if packs:
        headers["Content-Encoding"] = "gzip"
        body = _packed(shelf, tag, body)
    return web.Response(body=body, content_type="text/javascript", charset="utf-8", headers=headers)


@routes.get("/widget/frame/{key}")
async def show_frame(request: web.Request) -> web.Response:
    """The page that carries the panel inside a frame; only the site's own pages may frame it."""
    shelf = request.app[SHELF]
    site = await shelf.reception.site(request.match_info["key"])
    page = shelf.templates.page(
        "frame",
        # Escaped for exactly this place: the template marks it as safe.
        {"name": site.name, "config": script_json(_config(shelf, site))},
        policy=frame_policy(site.allowed_origins, shelf.addresses.origin),
        cache="private, max-age=60",
    )
    page.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return page


@routes.get("/static/{file}")
async def send_asset(request: web.Request) -> web.Response:
    """A bundle. Its name changes with its content, so that it may be kept for ever."""
    asset = request.app[SHELF].assets.open(request.match_info["file"], request.headers.get("Accept-Encoding", ""))
    headers = _FOR_EVERYONE | {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if asset.encoding:
        headers["Content-Encoding"] = asset.encoding
    return web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers)


def _config(shelf: Shelf, site: Site) -> dict[str, object]:
    """What the widget must know of its site before it has a connection; all of it is public."""
    return {
        "key": site.key,
        "base": shelf.addresses.base,
        "store": shelf.addresses.path(f"/{site.key}").removeprefix("/"),
        "color": site.appearance.color,
        "position": site.appearance.position,
        "name": site.name,
        "greeting": site.appearance.greeting,
        "panel": shelf.assets.find("panel"),
        "locales": shelf.assets.find_all("locale/"),
    }


def _loader(shelf: Shelf, site: Site) -> bytes:
    config = script_json(_config(shelf, site))
    return _PLACEHOLDER.sub(lambda _: config, shelf.assets.text("loader")).encode()


def _knows(request: web.Request, tag: str) -> bool:
    return any(known.value.removesuffix("-gzip") in {tag, "*"} for known in request.if_none_match or ())


def _packed(shelf: Shelf, tag: str, body: bytes) -> bytes:
    packed = shelf.packed.get(tag)
    if packed is None:
        if len(shelf.packed) >= _KEPT_MAX:
            shelf.packed.clear()
        packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        packed = shelf.packed[tag] = packer.compress(body) + packer.flush()
    return packed
