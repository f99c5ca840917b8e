"""Finds every page that a link leads to, as somebody with nothing to do would."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

_LINK = re.compile(r'<a\b[^>]* href="([^"]*)"')
_ADDRESS = re.compile(r'(?:href|src|action)="([^"]*)"')
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/|$)")
_FILES = ("/static/", "/people/", "/pictures/", "/widget/")
_PER_SHAPE = 2


def addresses_of(page: str) -> list[str]:
    """Every address on a page: links, sheets, scripts, pictures, and where its forms go."""
    return [html.unescape(found) for found in _ADDRESS.findall(page)]


class Walk:
    """A walk over the pages that can be reached from one; of pages alike but for an id only a few are looked at.

    Args:
        browser: who walks.
        prefix: what stands before our own paths.
    """

    def __init__(self, browser: Browser, prefix: str = "") -> None:
        self._browser = browser
        self._prefix = prefix
        self._shapes: dict[str, int] = {}
        self.pages: dict[str, str] = {}
        """The pages, by their address."""
        self.refused: dict[str, int] = {}
        """The statuses of those that were no page."""

    async def from_(self, *starts: str) -> None:
        """Open these and everything that is linked from there on."""
        waiting = [self._prefix + start for start in starts]
        while waiting:
            address = waiting.pop(0)
            if not self._is_new(address):
                continue
            response = await self._browser.open(address)
            if response.status in {301, 302, 303}:
                waiting.append(response.headers["Location"])
            elif response.status != 200:
                self.refused[address] = response.status
            elif response.content_type == "text/html":
                self.pages[address] = await response.text()
                waiting += filter(self._is_page, map(html.unescape, _LINK.findall(self.pages[address])))

    def _is_page(self, address: str) -> bool:
        own = address.removeprefix(self._prefix)
        return address.startswith(f"{self._prefix}/") and not own.startswith(_FILES) and own != "/sign-out"

    def _is_new(self, address: str) -> bool:
        parts = urlsplit(address)
        names = sorted(part.partition("=")[0] for part in parts.query.split("&"))
        shape = f"{_ID.sub('ID', parts.path)}?{names}"
        seen = self._shapes.get(shape, 0)
        self._shapes[shape] = seen + 1
        return seen < _PER_SHAPE
