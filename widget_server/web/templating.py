"""Pages from templates. Everything that is put into one is text (S24), and a name that nobody gave is an error."""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from widget_server.web.assets import Assets

_FOLDER: Final = Path(__file__).parent.parent / "templates"


class Templates:
    """The templates of one application.

    Args:
        assets: where pages find their sheets and scripts.
    """

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        texts = gettext.NullTranslations()
        self._environment.globals.update(
            asset=assets.find,
            # A page without its sheet can still say what is wrong.
            sheets=lambda: assets.find_all("pages").values(),
            _=texts.gettext,
            gettext=texts.gettext,
            ngettext=texts.ngettext,
        )

    def page(
        self, name: str, context: dict[str, object], *, policy: str, status: int = 200, cache: str = "no-store"
    ) -> web.Response:
        """Return the page that the template ``name`` makes of ``context``.

        Args:
            name: the template's file, without ``.html``.
            context: what the template names.
            policy: its Content Security Policy (:mod:`widget_server.web.csp`).
            status: of the answer.
            cache: its ``Cache-Control``.
        """
        text = self._environment.get_template(f"{name}.html").render(context)
        headers = {"Content-Security-Policy": policy, "Cache-Control": cache}
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)
