"""The page on which one searches, with and without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from widget_server.actions.members import page_number
from widget_server.actions.search import search
from widget_server.core.permissions import answered_sites
from widget_server.core.seeking import PLACES, QUERY_CHARS, day_of, seek
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from widget_server.core.seeking import Sought

pages = Pages()

_FIELDS: Final = ("q", "author", "board", "tag", "after", "before", "in", "sort")
_FIELD_CHARS: Final = 100


@pages.get("/search", everybody)
async def show_search(visit: Visit) -> web.Response:
    """What fits a question among all that one may read."""
    query = visit.request.query
    asked = {name: query[name].replace("\0", " ")[:QUERY_CHARS].strip() for name in _FIELDS if query.get(name)}
    sought = sought_of(asked)
    found = await search(
        visit.office.engine,
        visit.reader,
        sought,
        page=page_number(query.get("page", "1")),
        sort="new" if asked.get("sort") == "new" else "best",
    )
    address = visit.office.addresses.path("/search")
    return visit.page(
        "search",
        asked=dict.fromkeys(_FIELDS, "") | asked,
        sought=sought,
        found=found,
        narrowed=any(name in asked for name in _FIELDS[1:]),
        has_chats=bool(answered_sites(visit.reader)),
        paged=f"{address}?{urlencode(asked)}",
    )


def sought_of(asked: Mapping[str, str]) -> Sought:
    """Return what the fields of the form ask for; a field says more than the same thing in the words (``q``).

    Args:
        asked: ``q``, ``author``, ``board``, ``tag``, ``after``, ``before`` (days), ``in``; what cannot be read is left
            out.
    """
    sought = seek(asked.get("q", ""))
    more: dict[str, Any] = {name: asked[name][:_FIELD_CHARS] for name in ("author", "board", "tag") if name in asked}
    for name in ("after", "before"):
        day = day_of(asked.get(name, ""))
        if day is not None:
            more[f"{name}_ms"] = day
    if asked.get("in") in PLACES:
        more["place"] = asked["in"]
    return sought._replace(**more)
