"""Operations on sites."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

from widget_server.actions import sites
from widget_server.core.appearance import as_json
from widget_server.core.errors import Refused
from widget_server.core.scopes import Scope
from widget_server.routes.api import models
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.actions.sites import Site
    from widget_server.store.records import State

operations = Operations()
_TEXTS = ("line_empty", "line_too_long", "bad_text", "bad_origin", "bad_value")


@operations.add("GET", "/sites", Scope.SITES_READ, answer=models.Sites)
async def list_sites(call: Call) -> Reply:
    """The sites that the token opens, oldest first."""
    found = await sites.list_answered_sites(call.engine.database, call.program.actor)
    return Reply({"sites": [_state(call, site) for site in found]})


@operations.add(
    "POST",
    "/sites",
    Scope.SITES_WRITE,
    body=models.NewSite,
    answer=models.Site,
    status=201,
    tells_etag=True,
    refusals=("not_allowed", *_TEXTS),
)
async def create_site(call: Call) -> Reply:
    """Add a site: for who manages all of them."""
    body: models.NewSite = call.body
    sites.check_create_site(call.program.actor)
    site = await sites.do_create_site(
        call.engine.database,
        name=body.name,
        allowed_origins=body.allowed_origins,
        actor_id=call.program.actor.person_id,
        now_ms=call.engine.clock.now_ms(),
        random=call.engine.clock.random,
    )
    return _reply(call, site)


@operations.add("GET", "/sites/{key}", Scope.SITES_READ, answer=models.Site, tells_etag=True, refusals=("not_found",))
async def read_site(call: Call) -> Reply:
    """One site. Its ``ETag`` goes into ``If-Match`` of a change."""
    return _reply(call, await sites.access_site(call.engine.database, call.program.actor, call.part("key")))


@operations.add(
    "PATCH",
    "/sites/{key}",
    Scope.SITES_WRITE,
    body=models.SiteChange,
    answer=models.Site,
    tells_etag=True,
    refusals=("not_found", "not_allowed", "changed_meanwhile", *_TEXTS),
)
async def change_site(call: Call) -> Reply:
    """Change what is given. With ``If-Match`` only a site that is still as it was read."""
    body: models.SiteChange = call.body
    changes = body.model_dump(mode="json", include=body.model_fields_set)
    wanted = call.request.headers.get("If-Match", "*").strip()

    def is_expected(site: Site) -> bool:
        return wanted == "*" or _etag(site) in {each.strip() for each in wanted.split(",")}

    actor = call.program.actor
    site = await sites.do_update_site(
        call.engine.database,
        actor,
        call.part("key"),
        changes,
        is_expected=is_expected,
        now_ms=call.engine.clock.now_ms(),
    )
    return _reply(call, site)


async def site_id_of(call: Call, key: str) -> int:
    """Return the key in the store of a site that the token opens.

    Raises:
        Refused: ``not_found``.
    """
    if not key:
        raise Refused("not_found")
    return (await sites.access_site(call.engine.database, call.program.actor, key)).id


def _reply(call: Call, site: Site) -> Reply:
    return Reply(_state(call, site), {"ETag": _etag(site)})


def _etag(site: Site) -> str:
    seen = orjson.dumps([site.name, site.allowed_origins, as_json(site.appearance)])
    return f'"{hashlib.blake2b(seen, digest_size=12).hexdigest()}"'


def _state(call: Call, site: Site) -> State:
    script = f"{call.office.addresses.base}/widget/{site.key}.js"
    return {
        "key": site.key,
        "name": site.name,
        "allowed_origins": list(site.allowed_origins),
        **as_json(site.appearance),
        "snippet": f'<script async src="{script}"></script>',
    }
