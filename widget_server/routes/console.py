"""The console's calls over HTTP, as docs/protocol.md lists them; conversations go over the socket instead."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from widget_server.actions import agents, canned, sites
from widget_server.core.appearance import as_json
from widget_server.core.errors import Malformed
from widget_server.core.permissions import highest_role
from widget_server.routes.office import OFFICE, check_caller
from widget_server.web.bodies import in_time

if TYPE_CHECKING:
    from widget_server.actions.agents import Agent
    from widget_server.actions.sites import Site
    from widget_server.routes.office import Caller, Office

_log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.get("/console/api/me")
async def show_me(request: web.Request) -> web.Response:
    """Who is signed in, with the token for further calls, their sites and their colleagues."""
    return _json(await _me(request.app[OFFICE], await check_caller(request)))


@routes.put("/console/api/me")
async def change_me(request: web.Request) -> web.Response:
    """Change the name that visitors and colleagues read."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    body = await _body(request, "name")
    await agents.do_rename(office.engine.database, caller.agent.person_id, body.get("name"))
    renamed = await agents.access_agent(office.engine.database, caller.agent.person_id)
    return _json(await _me(office, caller._replace(agent=renamed)))


@routes.get("/console/api/sites")
async def list_sites(request: web.Request) -> web.Response:
    """The sites whose settings the caller may change."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    found = await sites.list_managed_sites(office.engine.database, caller.agent.actor)
    return _json({"sites": [_site(office, site) for site in found]})


@routes.post("/console/api/sites")
async def create_site(request: web.Request) -> web.Response:
    """Add a site."""
    caller = await check_caller(request)
    sites.check_create_site(caller.agent.actor)
    office = request.app[OFFICE]
    body = await _body(request, "name", "allowed_origins")
    origins = body.get("allowed_origins", [])
    site = await sites.do_create_site(
        office.engine.database,
        name=body.get("name"),
        allowed_origins=origins if isinstance(origins, list) else [origins],
        now_ms=office.now_ms(),
        random=office.engine.clock.random,
    )
    _log.info("Site created.", extra={"person": caller.agent.public_id, "site": site.key})
    return _json(_site(office, site), status=201)


@routes.put("/console/api/sites/{key}")
async def change_site(request: web.Request) -> web.Response:
    """Change any part of a site; its key and the snippet, which a client sends back with the rest, are left alone."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    changes = await _body(request)
    for fixed in ("key", "snippet"):
        changes.pop(fixed, None)
    key = request.match_info["key"]
    site = await sites.do_update_site(office.engine.database, caller.agent.actor, key, changes)
    _log.info(
        "Site changed.", extra={"person": caller.agent.public_id, "site": key, "fields": ",".join(sorted(changes))}
    )
    return _json(_site(office, site))


@routes.get("/console/api/canned")
async def list_canned(request: web.Request) -> web.Response:
    """The team's canned replies."""
    await check_caller(request)
    replies = await canned.list_canned(request.app[OFFICE].engine.database)
    return _json({"replies": [reply._asdict() for reply in replies]})


@routes.post("/console/api/canned")
async def create_canned(request: web.Request) -> web.Response:
    """Add a canned reply."""
    await check_caller(request)
    office = request.app[OFFICE]
    body = await _body(request, "shortcut", "body")
    reply = await canned.do_create_canned(
        office.engine.database, shortcut=body.get("shortcut"), body=body.get("body"), now_ms=office.now_ms()
    )
    return _json(reply._asdict(), status=201)


@routes.put(r"/console/api/canned/{id:\d{1,15}}")
async def change_canned(request: web.Request) -> web.Response:
    """Replace a canned reply."""
    await check_caller(request)
    office = request.app[OFFICE]
    body = await _body(request, "id", "shortcut", "body")
    reply = await canned.do_update_canned(
        office.engine.database,
        int(request.match_info["id"]),
        shortcut=body.get("shortcut"),
        body=body.get("body"),
        now_ms=office.now_ms(),
    )
    return _json(reply._asdict())


@routes.delete(r"/console/api/canned/{id:\d{1,15}}")
async def remove_canned(request: web.Request) -> web.Response:
    """Take a canned reply away."""
    await check_caller(request)
    await canned.do_remove_canned(request.app[OFFICE].engine.database, int(request.match_info["id"]))
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def _me(office: Office, caller: Caller) -> dict[str, object]:
    database = office.engine.database
    agent = caller.agent
    answered = await sites.list_answered_sites(database, agent.actor)
    return {
        "id": agent.public_id,
        "name": agent.name,
        "mail": agent.mail,
        "picture": agent.picture,
        "availability": agent.availability,
        "csrf": office.csrf.token(caller.token),
        "sites": [
            {"key": site.key, "name": site.name, "draft_preview": site.appearance.draft_preview} for site in answered
        ],
        "agents": [_colleague(each) for each in await agents.list_colleagues(database, agent.actor)],
    }


def _colleague(agent: Agent) -> dict[str, object]:
    return {"id": agent.public_id, "name": agent.name, "role": highest_role(agent.actor), "picture": agent.picture}


def _site(office: Office, site: Site) -> dict[str, object]:
    script = f"{office.settings.public_url}/widget/{site.key}.js"
    return {
        "key": site.key,
        "name": site.name,
        "allowed_origins": list(site.allowed_origins),
        **as_json(site.appearance),
        "snippet": f'<script async src="{script}"></script>',
    }


async def _body(request: web.Request, *fields: str) -> dict[str, object]:
    """Return the JSON object that came; with ``fields``, one that has no others.

    Raises:
        Malformed: ``bad_request`` with what is wrong.
    """
    try:
        body = orjson.loads(await in_time(request.read()))
    except orjson.JSONDecodeError:
        raise Malformed("bad_request", where="the body is not JSON") from None
    if not isinstance(body, dict):
        raise Malformed("bad_request", where="the body is not a JSON object")
    if fields and not set(body) <= set(fields):
        raise Malformed("bad_request", where=f"the body has other fields than {', '.join(fields)}")
    return body


def _json(value: dict[str, object], *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(value),
        content_type="application/json",
        status=status,
        headers={"Cache-Control": "no-store"},
    )
