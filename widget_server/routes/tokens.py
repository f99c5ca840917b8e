"""The pages on which people make access tokens for programs: of their own, and of the sites that they manage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions import tokens
from widget_server.actions.sites import list_managed_sites
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.permissions import Permission, managed_sites
from widget_server.core.scopes import Scope
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import people_with_anywhere, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()
OWN: Final = "/account/tokens"
OF_SITES: Final = "/admin/tokens"
DAYS: Final = (30, 90, 366)
"""After how many a token may end; 0 in the form is never."""
site_managers: Final = people_with_anywhere(Permission.MANAGE_SITE)


@pages.get(OWN, signed_in_people)
async def show_tokens(visit: Visit) -> web.Response:
    """One's own tokens, and the form for another one."""
    return visit.page("tokens", **await _shown(visit, of_site=False))


@pages.get(OF_SITES, site_managers)
async def show_site_tokens(visit: Visit) -> web.Response:
    """The tokens of one's sites, and the form for another one."""
    return visit.page("tokens", **await _shown(visit, of_site=True))


async def show_tokens_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """One's own tokens, with what was typed."""
    return visit.refused("tokens", error, **await _shown(visit, of_site=False))


async def show_site_tokens_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The tokens of one's sites, with what was typed."""
    return visit.refused("tokens", error, **await _shown(visit, of_site=True))


@pages.post(OWN, signed_in_people, again=show_tokens_again)
async def make_token(visit: Visit) -> web.Response:
    """Make a token of one's own; it is shown on this page and never again."""
    return await _make(visit, of_site=False)


@pages.post(OF_SITES, site_managers, again=show_site_tokens_again)
async def make_site_token(visit: Visit) -> web.Response:
    """Make a token of a site; it is shown on this page and never again."""
    return await _make(visit, of_site=True)


@pages.post(f"{OWN}/end", signed_in_people, while_banned=True)
async def end_token(visit: Visit) -> web.Response:
    """End one of one's own."""
    return await _end(visit, OWN)


@pages.post(f"{OF_SITES}/end", site_managers)
async def end_site_token(visit: Visit) -> web.Response:
    """End one of a site."""
    return await _end(visit, OF_SITES)


async def _shown(visit: Visit, *, of_site: bool) -> dict[str, Any]:
    database, actor = visit.office.engine.database, visit.actor
    found = (
        await tokens.list_site_tokens(database, actor)
        if of_site
        else await tokens.list_own_tokens(database, actor.person_id)
    )
    scopes = [
        (str(scope), not visit.form.values or f"scope_{scope}" in visit.form)
        for scope in tokens.scopes_for(actor, of_site=of_site)
    ]
    return {
        "of_site": of_site,
        "address": OF_SITES if of_site else OWN,
        "tokens": found,
        "scopes": scopes,
        "days": {str(days): visit.text("{days} days", days=days) for days in DAYS} | {"0": visit.text("Never")},
        "sites": {site.key: site.name for site in await list_managed_sites(database, actor)} if of_site else {},
        "manages_sites": bool(managed_sites(actor)),
        "made": None,
    }


async def _make(visit: Visit, *, of_site: bool) -> web.Response:
    visit.check_proved()
    form, clock = visit.form, visit.office.engine.clock
    name = form.check("name", tokens.check_name)
    scopes = _scopes_of(visit, of_site=of_site)
    if name is None or scopes is None:
        return visit.refused("tokens", **await _shown(visit, of_site=of_site))
    text = tokens.new_token(clock.random(32))
    days = form["days"]
    made = await tokens.do_make_token(
        visit.office.engine.database,
        visit.actor,
        name=name,
        scopes=scopes,
        site_key=form["site"] if of_site else None,
        days=int(days) if days in set(map(str, DAYS)) else None,
        now_ms=clock.now_ms(),
        random=clock.random,
        text=text,
    )
    _log.info("Access token made.", extra={"person": visit.actor.public_id, "token": made.public_id})
    visit.form.values.clear()
    response = visit.page("tokens", **(await _shown(visit, of_site=of_site) | {"made": text}))
    response.headers["Cache-Control"] = "no-store"
    return response


def _scopes_of(visit: Visit, *, of_site: bool) -> list[Scope] | None:
    """Return the scopes that were ticked; None, with the reason beside them, where that is nothing."""
    ticked = [name.removeprefix("scope_") for name in visit.form.values if name.startswith("scope_")]
    try:
        return tokens.check_scopes(ticked, tokens.scopes_for(visit.actor, of_site=of_site))
    except Unacceptable as error:
        visit.form.refuse("scopes", error)
        return None


async def _end(visit: Visit, back: str) -> web.Response:
    office = visit.office
    await tokens.do_end_token(office.engine.database, visit.actor, visit.form["id"], office.now_ms())
    return visit.go(back, visit.text("The token opens nothing any more."))
