"""Where browsers find this installation: a host of its own, or a path on a host that others use as well (S4.16).

Pages, redirects, cookies and what the widget loads name the whole path. Behind it the server answers with and without
it, so that a proxy may pass a request's path on as it came, or strip it. An ``Origin`` never has a path.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from widget_server.core.origins import parse_origin


class Addresses:
    """The addresses of one installation.

    Args:
        public_url: where browsers reach it: scheme, host, port and, where it lies under one, the path.
    """

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self.origin: Final = parse_origin(f"{parts.scheme}://{parts.netloc}")
        """Our own origin, as a browser writes it."""
        self.prefix: Final = parts.path.rstrip("/")
        """Empty, or as in ``/apps/chat``."""
        self.base: Final = self.origin + self.prefix
        """What stands before every path of ours, without a slash at its end."""
        self.https: Final = parts.scheme == "https"

    def path(self, own: str) -> str:
        """Return the path that browsers must ask for ``own``, as in ``/console``."""
        return self.prefix + own
