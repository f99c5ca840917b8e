"""Where a page may send a browser on to: paths of our own, nothing that a browser would take for another host (S34)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from aiohttp import web

if TYPE_CHECKING:
    from widget_server.web.addresses import Addresses

_PLAIN: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*(#[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")


_IN_PATHS: Final = "/%?#=&;:@!$'()*+,~"
"""What stays as it is in a path with its query."""


def local_path(wished: str | None, addresses: Addresses, *, home: str) -> str:
    """Return ``wished`` where it is a path of ours, as browsers ask for it, else ``home``.

    Two slashes, backslashes and control characters make a path another host's, also when they come encoded; dots lead
    out of ours.
    """
    if not wished or len(wished) > 500 or not _PLAIN.fullmatch(wished) or not wished.startswith(addresses.path("/")):
        return home
    plain = unquote(unquote(wished))
    leads_out = not {".", ".."}.isdisjoint(re.split("[?#]", plain)[0].split("/"))
    suspicious = "//" in plain or "\\" in plain or not plain.isprintable()
    return home if suspicious or leads_out else wished


def see_other(path: str) -> web.Response:
    """Return the answer that sends a browser on to ``path``, to be read there with GET."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def moved(path: str) -> web.Response:
    """Return the answer for what has another address now. A browser asks again each time: it may move back."""
    return web.Response(status=301, headers={"Location": quote(path, safe=_IN_PATHS), "Cache-Control": "no-cache"})
