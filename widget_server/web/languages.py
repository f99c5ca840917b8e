"""Which language a page speaks: the account's, else the browser's wish, else English. One catalogue for all (S2.24)."""

from __future__ import annotations

import gettext
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

ENGLISH: Final = "en"
COOKIE: Final = "language"
FOLDER: Final = Path(__file__).parent.parent / "locale"

NAMES: Final = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
}
"""What each language calls itself."""

_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})
_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


_PLAIN: Final = gettext.NullTranslations()


@lru_cache(maxsize=64)
def _catalogue(file: Path, _written_at: int) -> gettext.NullTranslations:
    """Read a catalogue once for all applications of a process, and again when it was compiled anew."""
    with file.open("rb") as opened:
        return gettext.GNUTranslations(opened)


class Languages:
    """The languages of one application.

    Args:
        folder: of the catalogues, as ``make build`` compiled them.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._texts: dict[str, gettext.NullTranslations] = {ENGLISH: _PLAIN}
        for file in sorted(folder.glob("*/LC_MESSAGES/messages.mo")):
            self._texts[file.parent.parent.name] = _catalogue(file, file.stat().st_mtime_ns)

    @web.middleware
    async def listen(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Speak to each request in the language that its browser wishes, until an account says otherwise."""
        self.speak(self.wished(request))
        return await handler(request)

    @property
    def tags(self) -> list[str]:
        """Every language there is, as in ``de``."""
        return sorted(self._texts)

    @property
    def choices(self) -> dict[str, str]:
        """Every language there is and what it calls itself, for a person to choose from."""
        return {tag: NAMES.get(tag, tag) for tag in self.tags}

    def speak(self, tag: str) -> None:
        """Let everything that this task renders from here on be in a language; an unknown one is English."""
        _current.set(tag if tag in self._texts else ENGLISH)

    def wished(self, request: web.BaseRequest) -> str:
        """Return the best language for a browser: what was chosen here, else what it accepts (RFC 9110 §12.5.4)."""
        chosen = request.cookies.get(COOKIE, "")
        if chosen in self._texts:
            return chosen
        for tag in _accepted(request.headers.get("Accept-Language", "")[:500]):
            for known in (tag, tag.partition("-")[0]):
                if known in self._texts:
                    return known
        return ENGLISH

    def in_language(self, tag: str) -> gettext.NullTranslations:
        """Return the texts of one language, whichever is spoken."""
        return self._texts[tag]

    @property
    def current(self) -> str:
        """The language that is spoken now."""
        return _current.get()

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return "rtl" if self.current in _RIGHT_TO_LEFT else "ltr"

    def gettext(self, text: str) -> str:
        """Return ``text`` in the language that is spoken now."""
        return self._texts[self.current].gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the form for ``count`` in the language that is spoken now."""
        return self._texts[self.current].ngettext(one, many, count)


def _accepted(header: str) -> list[str]:
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            weighed.append((-quality, place, tag.strip().lower()))
    return [tag for *_, tag in sorted(weighed)]
