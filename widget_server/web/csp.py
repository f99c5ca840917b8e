"""What a browser may do with our answers: Content Security Policy and its neighbours (S26).

Every answer carries the strictest set; a page asks for exactly what it needs. All scripts and sheets are our own files
with a hash in their names, so that no policy needs ``unsafe-inline`` or a nonce, and nothing that people write is ever
served from here as a script.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp.typedefs import Handler, Middleware

Directives = dict[str, tuple[str, ...]]

_NOTHING: Final[Directives] = {"default-src": ("'none'",), "frame-ancestors": ("'none'",)}
_PAGE: Final[Directives] = _NOTHING | {
    "script-src": ("'self'",),
    "connect-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "form-action": ("'self'",),
    "base-uri": ("'none'",),
}
_APPLICATION: Final[Directives] = _PAGE | {
    "media-src": ("'self'", "data:"),
    "require-trusted-types-for": ("'script'",),
    "trusted-types": ("'none'",),
}

_ALWAYS: Final = {
    # Which versions run here is nobody's business.
    "Server": "support-chat",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with that a browser posts our own forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS: Final = "max-age=31536000"


@cache
def page_policy() -> str:
    """Return the policy of a plain page: sheets, pictures and scripts of our own, forms and calls to ourselves."""
    return _written(_PAGE)


def application_policy() -> str:
    """Return the policy of the console's page: also our own scripts, and calls to ourselves."""
    return _written(_APPLICATION)


def frame_policy(origins: Iterable[str], own: str) -> str:
    """Return the policy of the framed panel: the pages of the site's ``origins``, and ``own`` ones, may frame it."""
    return _written(_APPLICATION | {"frame-ancestors": (own, *origins)})


def _written(directives: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def secure_headers(*, https: bool) -> Middleware:
    """Return the middleware that completes every answer with what its handler did not set.

    Args:
        https: whether browsers reach us by https, so that they shall never try anything else again.
    """
    defaults = _ALWAYS | {"Content-Security-Policy": _written(_NOTHING)}
    if https:
        defaults["Strict-Transport-Security"] = _HSTS

    @web.middleware
    async def complete(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not response.prepared:
            for name, value in defaults.items():
                response.headers.setdefault(name, value)
        return response

    return complete
