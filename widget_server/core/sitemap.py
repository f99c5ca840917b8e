"""The map of the site for search engines (sitemaps.org), written piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from widget_server.core.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

SPAN: Final = 50_000
"""A file may name so many addresses; each speaks of a stretch of so many numbers of threads."""

_BEGIN: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
MAP_BEGIN: Final = f'{_BEGIN}<urlset xmlns="{_NAMESPACE}">\n'.encode()
MAP_END: Final = b"</urlset>\n"


def file_of(number: int) -> int:
    """Return which file, from 1, speaks of the thread with this number."""
    return (number - 1) // SPAN + 1


def numbers_of(file: int) -> range:
    """Return the numbers of threads of which this file, from 1, speaks."""
    return range((file - 1) * SPAN + 1, file * SPAN + 1)


def addresses(found: Iterable[tuple[str, int | None]]) -> bytes:
    """Return a piece of a map: addresses, each with the time (UTC ms) of its last change, if it is known."""
    return "".join(
        f"<url><loc>{escape(address)}</loc>{f'<lastmod>{iso(changed)}</lastmod>' if changed else ''}</url>\n"
        for address, changed in found
    ).encode()


def index(maps: Iterable[str]) -> bytes:
    """Return the document that names all maps."""
    named = "".join(f"<sitemap><loc>{escape(address)}</loc></sitemap>\n" for address in maps)
    return f'{_BEGIN}<sitemapindex xmlns="{_NAMESPACE}">\n{named}</sitemapindex>\n'.encode()
