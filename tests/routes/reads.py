"""How many statements the view of a page takes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.routes.conftest import Browser
    from widget_server.store.statement import Compiled

_FEW, _MANY = 6, 100
"""Views: so many at least, and at most until what was written is indexed and the node is quiet."""


class View(NamedTuple):
    """What one view of a page takes."""

    own: Counter[str]
    """Its statements, and how often each is executed."""
    text: str

    @property
    def statements(self) -> int:
        """How many statements it takes."""
        return self.own.total()


class Reads:
    """Counts the statements of a page's view."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._found: Counter[str] = Counter()
        compiled: Callable[[Statement, str], Compiled] = Statement.compiled

        def counted(statement: Statement, dialect: str) -> Compiled:
            form = compiled(statement, dialect)
            self._found[form.sql] += 1
            return form

        monkeypatch.setattr(Statement, "compiled", counted)

    async def of(self, browser: Browser, path: str, most: int) -> View:
        """What comes with each view of the page; what comes with some alone is the node's, beside it.

        Args:
            browser: who opens it.
            path: its address. Each view has one of its own, so that none is kept.
            most: so many statements are expected: while there are more, it is opened again.
        """
        sign = "&" if "?" in path else "?"
        view = await self._view(browser, f"{path}{sign}view=0")
        # What the first one reads for all that follow is not the page's.
        view = await self._view(browser, f"{path}{sign}view=1")
        for number in range(2, _MANY):
            if number > _FEW and view.statements <= most:
                break
            again = await self._view(browser, f"{path}{sign}view={number}")
            view = View(view.own & again.own, again.text)
        return view

    async def _view(self, browser: Browser, path: str) -> View:
        self._found.clear()
        response = await browser.open(path)
        assert response.status == 200, path
        return View(self._found.copy(), await response.text())
