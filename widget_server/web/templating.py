"""Pages from templates. Everything that is put into one is text (S24), and a name that nobody gave is an error."""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp_jinja2
from jinja2 import FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.web.addresses import Addresses
    from widget_server.web.assets import Assets

_FOLDER: Final = Path(__file__).parent.parent / "templates"


class Templates:
    """The templates of one application.

    Args:
        assets: where pages find their sheets and scripts.
        addresses: where browsers find what pages lead to.
    """

    def __init__(self, assets: Assets, addresses: Addresses) -> None:
        self._assets = assets
        self._addresses = addresses

    def attach(self, app: web.Application) -> None:
        """Give ``app`` its environment; once, before it starts."""
        environment = aiohttp_jinja2.setup(
            app,
            default_helpers=False,
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        texts = gettext.NullTranslations()
        environment.globals.update(
            path=self._addresses.path,
            asset=lambda name: self._addresses.path(self._assets.find(name)),
            # A page without its sheet can still say what is wrong.
            sheets=lambda: map(self._addresses.path, self._assets.find_all("pages").values()),
            _=texts.gettext,
            gettext=texts.gettext,
            ngettext=texts.ngettext,
        )

    def page(
        self,
        request: web.Request,
        name: str,
        context: dict[str, object],
        *,
        policy: str,
        status: int = 200,
        cache: str = "no-store",
    ) -> web.Response:
        """Return the page that the template ``name`` makes of ``context``.

        Args:
            request: what is answered.
            name: the template's file, without ``.html``.
            context: what the template names.
            policy: its Content Security Policy (:mod:`widget_server.web.csp`).
            status: of the answer.
            cache: its ``Cache-Control``.
        """
        response = aiohttp_jinja2.render_template(f"{name}.html", request, context, status=status)
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = cache
        return response
