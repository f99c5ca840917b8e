"""What stands around every page (the bar, the menu, the foot) is made once for all who see it alike.

A page differs from the next in its heading, what its head tells programs, its notices, its main part and the tokens of
two small forms; the rest depends on a handful of facts, so it is kept in pieces. Making it anew for each view cost four
times the page itself (measured).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from markupsafe import Markup, escape

from widget_server.core.counts import shown_count

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

_KEPT_MAX: Final = 500


class Shell(NamedTuple):
    """The pieces, in order; each ends where something of the page's own begins."""

    to_heading: Markup
    to_head: Markup
    to_notices: Markup
    to_class: Markup
    to_main: Markup
    to_end: Markup


class Marks(NamedTuple):
    """What stands in the places of the page's own while the shell is made: nothing that a text could contain."""

    heading: Markup = Markup("\x00heading\x00")
    head: Markup = Markup("\x00head\x00")
    notices: Markup = Markup("\x00notices\x00")
    main_class: Markup = Markup("\x00class\x00")
    main: Markup = Markup("\x00main\x00")


MARKS: Final = Marks()
"""The places of what a page brings."""
CSRF: Final = Markup("\x00csrf\x00")
HERE: Final = Markup("\x00here\x00")
"""The places of a visit's token, and of the address that it came to."""
UNSEEN: Final = Markup("\x00unseen\x00")
"""The place of the number of notices that the visitor has not seen."""
_BADGE: Final = Markup(' <span class="badge">{}</span>')

_SECTIONS: Final = (
    "boards", "rooms", "notices", "members", "console", "moderation", "admin", "account", "sign-in", "register",
)  # fmt: skip
"""First parts of paths that the menu marks as the current one."""


def filled(text: str, csrf: str, here: str, unseen: int = 0) -> Markup:
    """Return ``text`` with what is a visit's own in the marked places: token, address, number of notices."""
    if CSRF in text:
        text = text.replace(CSRF, escape(csrf)).replace(HERE, escape(here))
    if UNSEEN in text:
        text = text.replace(UNSEEN, _BADGE.format(shown_count(unseen)) if unseen else Markup())
    return Markup(text)  # noqa: S704 - it was made by a template, and what is filled in is escaped


class Shells:
    """The shells of one application.

    Args:
        make: renders the shell's template in the language that is spoken, from what it is given.
    """

    def __init__(self, make: Callable[[Mapping[str, Any]], Markup]) -> None:
        self._make = make
        self._kept: dict[Hashable, Shell] = {}

    def shell(self, facts: Mapping[str, Hashable], *, csrf: str, here: str, own_path: str, unseen: int = 0) -> Shell:
        """Return the shell for one page.

        Args:
            facts: all on which it depends beside the rest, by the names that its template gives them.
            csrf: the token of its forms; empty where it has none.
            here: the address of the page, to come back to.
            own_path: the same without what lies before our own paths.
            unseen: how many notices the visitor has not seen.
        """
        section = own_path.split("/", 2)[1].partition("?")[0] if own_path.startswith("/") else ""
        section = section if section in _SECTIONS else ""
        key = (section, bool(csrf), *facts.values())
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            kept = self._kept[key] = self._made({**facts, "section": section}, has_csrf=bool(csrf))
        if not csrf:
            return kept
        return Shell._make(filled(piece, csrf, here, unseen) for piece in kept)

    def _made(self, facts: Mapping[str, Any], *, has_csrf: bool) -> Shell:
        own = {"csrf": CSRF, "here": HERE} if has_csrf else {"csrf": "", "here": ""}
        rest = self._make({**facts, **own, "marks": MARKS, "unseen": UNSEEN})
        pieces = []
        for mark in MARKS:
            piece, _, rest = rest.partition(mark)
            pieces.append(piece)
        return Shell._make([*pieces, rest])
