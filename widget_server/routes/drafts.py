"""Drafts on the server: the list, and what the script of a form keeps after a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from widget_server.actions.drafts import do_drop_draft, do_keep_draft, list_drafts
from widget_server.core.text import preview
from widget_server.routes.preview import MEGABYTES
from widget_server.routes.visit import Pages, Visit
from widget_server.web.errors import wants_page
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.drafts import Draft

pages = Pages()

_PLACE: Final = "/drafts/{place}"


class Listed(NamedTuple):
    """A draft as the list shows it."""

    place: str
    kind: str
    """Of the form: ``new``, ``reply`` or ``edit``."""
    form: str
    """Where its form is."""
    details: Mapping[str, str]
    preview: str
    updated_at: int


def _listed(draft: Draft) -> Listed:
    kind, *where = draft.place.split(":")
    forms = {
        "new": "/boards/{0}/begin",
        "reply": "/threads/{0}/reply",
        "edit": "/threads/{0}/posts/{1}/edit",
    }
    details = {"title": draft.details.get("title", "")}
    return Listed(draft.place, kind, forms[kind].format(*where), details, preview(draft.body), draft.updated_at)


@pages.get("/drafts", signed_in_people)
async def show_drafts(visit: Visit) -> web.Response:
    """What was begun and not sent."""
    found = await visit.office.engine.database.read(lambda tx: list_drafts(tx, visit.account.person_id))
    return visit.page("drafts", drafts=[_listed(draft) for draft in found])


@pages.post(_PLACE, signed_in_people, megabytes=MEGABYTES)
async def keep(visit: Visit) -> web.Response:
    """Keep the fields of a form (``body`` and those of ``actions.drafts.DETAILS``); a script gets 204."""
    place = visit.request.match_info["place"]
    await do_keep_draft(visit.office.engine, visit.account.person_id, place, visit.form.values)
    if wants_page(visit.request):
        return visit.go("/drafts", visit.text("Draft kept."))
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


@pages.post(_PLACE + "/drop", signed_in_people, while_banned=True)
async def drop(visit: Visit) -> web.Response:
    """Throw a draft away."""
    await do_drop_draft(visit.office.engine, visit.account.person_id, visit.request.match_info["place"])
    return visit.go("/drafts", visit.text("Draft thrown away."))
