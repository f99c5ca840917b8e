"""Choosing the language of the pages, for whoever has no account that says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.routes.visit import Pages, Visit
from widget_server.web.languages import COOKIE
from widget_server.web.policies import everybody
from widget_server.web.redirects import local_path, see_other

if TYPE_CHECKING:
    from aiohttp import web

pages = Pages()

_DAYS = 400


@pages.get("/language", everybody)
async def show_choice(visit: Visit) -> web.Response:
    """The languages, for a page that is kept for everybody and so has no form; one goes back to it."""
    addresses = visit.office.addresses
    came_from = visit.request.headers.get("Referer", "").removeprefix(addresses.origin)
    return visit.page("language", back=local_path(came_from, addresses, home=addresses.path("/")))


@pages.post("/language", everybody)
async def choose_language(visit: Visit) -> web.Response:
    """Remember the language in this browser, and go back to the page."""
    addresses = visit.office.addresses
    answer = see_other(local_path(visit.form["here"], addresses, home=addresses.path("/")))
    if visit.form["language"] in visit.office.languages.tags:
        visit.office.sessions.cookies.set(answer, COOKIE, visit.form["language"], days=_DAYS)
    return answer
