"""The built bundles: their names from the manifest, their bytes in memory, compressed as they were built.

A bundle's name carries a hash of its content, so that browsers may keep it for ever. A build while the server runs is
noticed by the manifest's time.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path(__file__).parent.parent / "static"
URL_PREFIX: Final = "/static/"

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_NAME_CHARS: Final = 100
_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""In order of preference."""


class MissingBundle(Exception):
    """The bundles were not built. Whoever runs the server has to run ``make build``; a wheel carries them."""


class Asset(NamedTuple):
    """One file as it is sent; ``encoding`` is None for the plain bytes."""

    body: bytes
    content_type: str
    encoding: str | None


class Assets:
    """The bundles of one application.

    Args:
        folder: where the build put them.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._manifest = str(folder / "manifest.json")
        self._built_at = 0
        self._names: Mapping[str, str] = {}
        self._bytes: dict[str, bytes] = {}

    def find(self, name: str) -> str:
        """Return the address (path) of what the manifest calls ``name``.

        Raises:
            MissingBundle: it was not built.
        """
        return URL_PREFIX + self._file_of(name)

    @property
    def built_at(self) -> int:
        """When the bundles were built, in any unit: pages that name them are made anew after a build."""
        self._refresh()
        return self._built_at

    def has(self, name: str) -> bool:
        """Return whether the manifest knows ``name``."""
        self._refresh()
        return name in self._names

    def find_all(self, prefix: str) -> dict[str, str]:
        """Return the addresses of everything whose name begins with ``prefix``, by the rest of the name."""
        self._refresh()
        return {
            name.removeprefix(prefix): URL_PREFIX + file
            for name, file in self._names.items()
            if name.startswith(prefix)
        }

    def text(self, name: str) -> str:
        """Return the content of what the manifest calls ``name``.

        Raises:
            MissingBundle: it was not built.
        """
        body = self._read(self._file_of(name))
        if body is None:
            raise MissingBundle(name)
        return body.decode("utf-8")

    def open(self, file: str, accepted: str) -> Asset:
        """Return the file of that name in the smallest form that the client takes.

        Args:
            file: a name as it stands in an address; only plain ones are looked for.
            accepted: the request's ``Accept-Encoding``.

        Raises:
            Refused: ``not_found``.
        """
        self._refresh()
        kind = Path(file).suffix
        if len(file) > _NAME_CHARS or not _NAME.fullmatch(file) or kind not in _TYPES:
            raise Refused("not_found")
        for encoding, suffix in _ENCODINGS.items():
            if takes(accepted, encoding) and (packed := self._read(file + suffix)) is not None:
                return Asset(packed, _TYPES[kind], encoding)
        body = self._read(file)
        if body is None:
            raise Refused("not_found")
        return Asset(body, _TYPES[kind], None)

    def _file_of(self, name: str) -> str:
        self._refresh()
        if name not in self._names:
            raise MissingBundle(name)
        return self._names[name]

    def _refresh(self) -> None:
        try:
            built_at = os.stat(self._manifest).st_mtime_ns  # noqa: PTH116 - asked for by every page
            if built_at != self._built_at:
                self._names = json.loads(Path(self._manifest).read_text(encoding="utf-8"))
                self._built_at, self._bytes = built_at, {}
        except FileNotFoundError:
            self._built_at, self._names, self._bytes = 0, {}, {}

    def _read(self, file: str) -> bytes | None:
        if file not in self._bytes:
            path = self._folder / file
            content = path.read_bytes() if path.is_file() else None
            if content is None:
                return None
            self._bytes[file] = content
        return self._bytes[file]


def takes(accepted: str, encoding: str) -> bool:
    """Return whether an ``Accept-Encoding`` takes ``encoding`` (RFC 9110 §12.5.3; ``q=0`` says no)."""
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() == encoding:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
