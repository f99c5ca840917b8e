"""The console's calls over HTTP, as docs/protocol.md lists them; conversations go over the socket instead."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.actions import agents, canned, chat_mails, inbox, site_secrets, sites
from widget_server.core.appearance import as_json
from widget_server.core.errors import Unacceptable
from widget_server.core.permissions import highest_role
from widget_server.core.times import iso
from widget_server.routes.calls import json_answer, read_object
from widget_server.routes.office import OFFICE, check_caller

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.sites import Site
    from widget_server.routes.office import Caller, Office

_log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.get("/console/api/me")
async def show_me(request: web.Request) -> web.Response:
    """Who is signed in, with the token for further calls, their sites and their colleagues."""
    return json_answer(await _me(request.app[OFFICE], await check_caller(request)))


@routes.put("/console/api/me")
async def change_me(request: web.Request) -> web.Response:
    """Change the name that visitors and colleagues read."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    body = await read_object(request, "name")
    await agents.do_rename(office.engine.database, caller.account.person_id, body.get("name"))
    renamed = await agents.access_agent(office.engine.database, caller.account.person_id)
    return json_answer(await _me(office, caller._replace(account=renamed)))


@routes.put("/console/api/me/missed-mails")
async def switch_missed_mails(request: web.Request) -> web.Response:
    """Say whether chats that nobody answers are mailed to the caller."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    on = (await read_object(request, "on")).get("on")
    if not isinstance(on, bool):
        raise Unacceptable("bad_value", field="on")
    await chat_mails.do_switch_missed(office.engine.database, caller.account.person_id, on=on, now_ms=office.now_ms())
    return json_answer(await _me(office, caller))


@routes.get("/console/api/sites")
async def list_sites(request: web.Request) -> web.Response:
    """The sites whose settings the caller may change."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    found = await sites.list_managed_sites(office.engine.database, caller.account.actor)
    return json_answer({"sites": [_site(office, site) for site in found]})


@routes.post("/console/api/sites")
async def create_site(request: web.Request) -> web.Response:
    """Add a site."""
    caller = await check_caller(request)
    sites.check_create_site(caller.account.actor)
    office = request.app[OFFICE]
    body = await read_object(request, "name", "allowed_origins")
    origins = body.get("allowed_origins", [])
    site = await sites.do_create_site(
        office.engine.database,
        name=body.get("name"),
        allowed_origins=origins if isinstance(origins, list) else [origins],
        actor_id=caller.account.person_id,
        now_ms=office.now_ms(),
        random=office.engine.clock.random,
    )
    _log.info("Site created.", extra={"person": caller.account.public_id, "site": site.key})
    return json_answer(_site(office, site), status=201)


@routes.put("/console/api/sites/{key}")
async def change_site(request: web.Request) -> web.Response:
    """Change any part of a site; its key and the snippet, which a client sends back with the rest, are left alone."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    changes = await read_object(request)
    for fixed in ("key", "snippet"):
        changes.pop(fixed, None)
    key = request.match_info["key"]
    site = await sites.do_update_site(
        office.engine.database, caller.account.actor, key, changes, now_ms=office.now_ms()
    )
    _log.info(
        "Site changed.", extra={"person": caller.account.public_id, "site": key, "fields": ",".join(sorted(changes))}
    )
    return json_answer(_site(office, site))


@routes.get("/console/api/sites/{key}/secrets")
async def list_secrets(request: web.Request) -> web.Response:
    """The secrets with which the site signs its own people, without themselves."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    key = request.match_info["key"]
    rows = await site_secrets.list_secrets(office.engine.database, caller.account.actor, key)
    return json_answer({"secrets": [{"key_id": row.key_id, "created_at": iso(row.created_at)} for row in rows]})


@routes.post("/console/api/sites/{key}/secrets")
async def make_secret(request: web.Request) -> web.Response:
    """Make another secret; it is shown this once."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    await read_object(request)
    key = request.match_info["key"]
    made = await site_secrets.do_make_secret(
        office.engine.database, office.sealer, caller.account.actor, key, office.engine.clock
    )
    _log.info("Site secret made.", extra={"person": caller.account.public_id, "site": key, "key_id": made.key_id})
    return json_answer(made._asdict(), status=201)


@routes.delete("/console/api/sites/{key}/secrets/{key_id}")
async def end_secret(request: web.Request) -> web.Response:
    """End a secret."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    key, key_id = request.match_info["key"], request.match_info["key_id"]
    await site_secrets.do_end_secret(office.engine.database, caller.account.actor, key, key_id, now_ms=office.now_ms())
    _log.info("Site secret ended.", extra={"person": caller.account.public_id, "site": key, "key_id": key_id})
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


@routes.get("/console/api/conversations/{channel}/others")
async def list_others(request: web.Request) -> web.Response:
    """The other conversations of a conversation's visitor with its site, newest activity first."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    rows = await inbox.others(office.engine, caller.account.actor, request.match_info["channel"])
    return json_answer({"rows": rows})


@routes.get("/console/api/canned")
async def list_canned(request: web.Request) -> web.Response:
    """The team's canned replies."""
    await check_caller(request)
    replies = await canned.list_canned(request.app[OFFICE].engine.database)
    return json_answer({"replies": [reply._asdict() for reply in replies]})


@routes.post("/console/api/canned")
async def create_canned(request: web.Request) -> web.Response:
    """Add a canned reply."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    body = await read_object(request, "shortcut", "body")
    reply = await canned.do_create_canned(
        office.engine.database,
        caller.account.person_id,
        shortcut=body.get("shortcut"),
        body=body.get("body"),
        now_ms=office.now_ms(),
    )
    return json_answer(reply._asdict(), status=201)


@routes.put(r"/console/api/canned/{id:\d{1,15}}")
async def change_canned(request: web.Request) -> web.Response:
    """Replace a canned reply."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    body = await read_object(request, "id", "shortcut", "body")
    reply = await canned.do_update_canned(
        office.engine.database,
        caller.account.person_id,
        int(request.match_info["id"]),
        shortcut=body.get("shortcut"),
        body=body.get("body"),
        now_ms=office.now_ms(),
    )
    return json_answer(reply._asdict())


@routes.delete(r"/console/api/canned/{id:\d{1,15}}")
async def remove_canned(request: web.Request) -> web.Response:
    """Take a canned reply away."""
    caller = await check_caller(request)
    office = request.app[OFFICE]
    await canned.do_remove_canned(
        office.engine.database, caller.account.person_id, int(request.match_info["id"]), now_ms=office.now_ms()
    )
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def _me(office: Office, caller: Caller) -> dict[str, object]:
    database = office.engine.database
    agent = caller.account
    answered = await sites.list_answered_sites(database, agent.actor)
    return {
        "id": agent.public_id,
        "name": agent.name,
        "mail": agent.mail,
        "picture": agent.picture,
        "availability": agent.availability,
        "missed_mails": await chat_mails.is_told_of_missed(database, agent.person_id),
        "csrf": office.csrf.token(caller.token),
        "sites": [
            {"key": site.key, "name": site.name, "draft_preview": site.appearance.draft_preview} for site in answered
        ],
        "agents": [_colleague(each) for each in await agents.list_colleagues(database, agent.actor)],
    }


def _colleague(agent: Account) -> dict[str, object]:
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
