"""Where a page may send a browser on to: paths of our own, nothing that a browser would take for another host (S34)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from aiohttp import web

if TYPE_CHECKING:
    from widget_server.web.addresses import Addresses

HOME: Final = "/console"

_PLAIN: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*(#[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")


def local_path(wished: str | None, addresses: Addresses) -> str:
    """Return ``wished`` where it is a path of ours, as browsers ask for it, else that of :data:`HOME`.

    Two slashes, backslashes and control characters make a path another host's, also when they come encoded; dots lead
    out of ours.
    """
    home = addresses.path(HOME)
    if not wished or len(wished) > 500 or not _PLAIN.fullmatch(wished) or not wished.startswith(addresses.path("/")):
        return home
    plain = unquote(unquote(wished))
    leads_out = not {".", ".."}.isdisjoint(re.split("[?#]", plain)[0].split("/"))
    suspicious = "//" in plain or "\\" in plain or not plain.isprintable()
    return home if suspicious or leads_out else wished


def see_other(path: str) -> web.Response:
    """Return the answer that sends a browser on to ``path``, to be read there with GET."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
