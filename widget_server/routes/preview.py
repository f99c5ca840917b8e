"""What a text will look like once it is published: the same renderer, the same HTML (S2.23)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from widget_server.actions.rendering import source_of
from widget_server.actions.threads import BODY_CHARS
from widget_server.core.errors import TryLater, Unacceptable
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.rendering import Source

pages = Pages()
MEGABYTES: Final = 1
"""Of a form with a post: a browser sends twelve bytes for a letter that is rare enough."""


@pages.post("/preview", signed_in_people, megabytes=MEGABYTES)
async def show_preview(visit: Visit) -> web.Response:
    """The text of ``body`` as a piece of a page, for the script that shows it beside the field."""
    _count(visit)
    source = await source_of(visit.office.engine, visit.form["body"], BODY_CHARS)
    return web.Response(text=source.html, content_type="text/html", headers={"Cache-Control": "no-store"})


async def source_in(visit: Visit, *, required: bool = True) -> Source | None:
    """What was typed as ``body``, checked and rendered; None, and the reason kept, where it is not taken.

    With files there may be none: it is not ``required`` then.
    """
    try:
        return await source_of(visit.office.engine, visit.form["body"], BODY_CHARS, required=required)
    except Unacceptable as error:
        visit.form.refuse("body", error)
        return None


async def with_preview(visit: Visit, again: Callable[[Visit], Awaitable[web.Response]]) -> web.Response | None:
    """Return a form again with what its text will look like, where its Preview button was pressed; else None.

    Args:
        visit: that posted the form.
        again: shows the form with what was typed.

    Raises:
        TryLater: ``rate_limited``.
    """
    if "preview" not in visit.form:
        return None
    _count(visit)
    source = await source_in(visit)
    if source is not None:
        visit.preview = source.html
    response = await again(visit)
    if source is not None:
        response.set_status(200)
    return response


def _count(visit: Visit) -> None:
    wait_ms = visit.office.preview_limit.take(visit.account.public_id).wait_ms
    if wait_ms is not None:
        raise TryLater("rate_limited", wait_ms)
