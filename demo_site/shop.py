"""The shop's pages: a plain one of several pages, and four that are hard on a guest.

`/strict` allows scripts by nonce only and no Trusted Types policy, `/app` is a single-page application, `/hostile` has
style rules and globals that reach for everything, `/rtl` reads from right to left.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from demo_site.products import BY_SLUG, PRODUCTS, Cart

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HERE = Path(__file__).parent
_CART_MAX = 20
_TAG = web.AppKey("tag", str)
_WIDGET_URL = web.AppKey("widget_url", str)

_pages = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def make_app(widget_url: str, site_key: str) -> web.Application:
    """Return the shop's application.

    Args:
        widget_url: scheme, host and port of the chat server.
        site_key: public key of the site that these pages belong to.
    """
    app = web.Application()
    app[_WIDGET_URL] = widget_url.rstrip("/")
    app[_TAG] = f"{app[_WIDGET_URL]}/widget/{site_key}.js"
    app.router.add_get("/", _page("home.html"))
    app.router.add_get("/products/{slug}", show_product)
    app.router.add_get("/cart", _page("cart.html"))
    app.router.add_post("/cart", add_to_cart)
    app.router.add_get("/contact", _page("contact.html"))
    app.router.add_get("/strict", show_strict)
    app.router.add_get("/app", _page("spa.html"))
    app.router.add_get("/app/{view:[a-z-]+}", _page("spa.html"))
    app.router.add_get("/hostile", _page("hostile.html"))
    app.router.add_get("/rtl", _page("rtl.html"))
    app.router.add_get("/favicon.ico", show_icon)
    app.router.add_static("/static", HERE / "static")
    return app


def _page(template: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def show(request: web.Request) -> web.Response:
        return _render(request, template)

    return show


def _render(request: web.Request, template: str, **facts: object) -> web.Response:
    known = {
        "tag_url": request.app[_TAG],
        "products": PRODUCTS,
        "cart": Cart.from_cookie(request.cookies.get("cart", "")),
        "path": request.path,
    }
    text = _pages.get_template(template).render(known | facts)
    return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-cache"})


async def show_product(request: web.Request) -> web.Response:
    """Show one product, or say that there is none of that name."""
    product = BY_SLUG.get(request.match_info["slug"])
    if product is None:
        raise web.HTTPNotFound(text="There is no such thing in this shop.")
    return _render(request, "product.html", product=product)


async def add_to_cart(request: web.Request) -> web.Response:
    """Put one of the posted product into the visitor's cart and show the cart."""
    product = BY_SLUG.get(str((await request.post()).get("slug", "")))
    cart = Cart.from_cookie(request.cookies.get("cart", ""))
    if product is None:
        raise web.HTTPNotFound(text="There is no such thing in this shop.")
    response = web.Response(status=303, headers={"Location": "/cart"})
    if cart.count < _CART_MAX:
        response.set_cookie("cart", cart.plus(product).to_cookie(), samesite="Lax", httponly=True)
    return response


async def show_strict(request: web.Request) -> web.Response:
    """Show the page with the strictest content security policy that still admits a script at all."""
    nonce = secrets.token_urlsafe(16)
    server = urlsplit(request.app[_WIDGET_URL])
    socket_scheme = "wss" if server.scheme == "https" else "ws"
    policy = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": f"'nonce-{nonce}'",
        "connect-src": f"{server.scheme}://{server.netloc} {socket_scheme}://{server.netloc}",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    response = _render(request, "strict.html", nonce=nonce)
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    return response


async def show_icon(_request: web.Request) -> web.FileResponse:
    """Answer browsers that ask for the icon of the site by themselves."""
    return web.FileResponse(HERE / "static" / "icon.svg", headers={"Content-Type": "image/svg+xml"})
