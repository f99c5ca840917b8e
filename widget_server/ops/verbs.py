"""What an operator can have done from the command line, the same for a running server and for a store at rest.

A verb takes plain values and returns plain values, so that both can cross the control socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from widget_server.actions import administrators, agents, factors, roles, sites
from widget_server.actions.credentials import do_set_password
from widget_server.actions.engine import Clock
from widget_server.actions.passwords import Passwords
from widget_server.core.errors import Unacceptable
from widget_server.core.permissions import Role
from widget_server.store.database import Database
from widget_server.store.indexing import Indexing
from widget_server.store.search import COMPLETE, Index

Values = dict[str, Any]


class Means(NamedTuple):
    """What a verb works with: an open store, the keeper of passwords, the clock, the index of words."""

    db: Database
    passwords: Passwords
    clock: Clock
    words: Index


Verb = Callable[[Means, Mapping[str, Any]], Awaitable[Values]]


async def create_site(means: Means, values: Mapping[str, Any]) -> Values:
    """Add a site: ``name``, ``origins`` (list), ``key`` (may be None). Returns ``key``, ``name``, ``origins``."""
    site = await sites.do_create_site(
        means.db,
        name=values["name"],
        allowed_origins=values["origins"],
        key=values.get("key"),
        now_ms=means.clock.now_ms(),
        random=means.clock.random,
    )
    return {"key": site.key, "name": site.name, "origins": list(site.allowed_origins)}


async def list_sites(means: Means, _values: Mapping[str, Any]) -> Values:
    """Return ``sites``: a list of ``key``, ``name`` and ``origins``, oldest first."""
    known = await sites.list_sites(means.db)
    return {"sites": [{"key": site.key, "name": site.name, "origins": list(site.allowed_origins)} for site in known]}


async def create_agent(means: Means, values: Mapping[str, Any]) -> Values:
    """Make an agent: ``mail``, ``name``; ``password``, ``role`` and ``site`` may be None.

    Returns:
        ``mail``, ``name``, ``role``, and ``password`` where one was generated, else None.
    """
    wished = values.get("role")
    if wished is not None and wished not in set(Role):
        raise Unacceptable("bad_value", field="role")
    made = await agents.do_create_agent(
        means.db,
        means.passwords,
        mail=values["mail"],
        name=values["name"],
        password=values.get("password"),
        role=Role(wished) if wished else None,
        site_key=values.get("site"),
        now_ms=means.clock.now_ms(),
        random=means.clock.random,
    )
    roles = sorted(str(grant.role) for grant in made.agent.grants)
    return {"mail": made.agent.mail, "name": made.agent.name, "role": roles[0], "password": made.password}


async def create_administrator(means: Means, values: Mapping[str, Any]) -> Values:
    """Make an administrator of whoever has the address ``mail``, or of somebody new called ``name``.

    Returns:
        ``mail``, ``name``, and ``password`` where one was generated, else None.
    """
    made = await administrators.do_make_administrator(
        means.db,
        means.passwords,
        mail=values["mail"],
        name=values["name"],
        password=values.get("password"),
        now_ms=means.clock.now_ms(),
        random=means.clock.random,
    )
    return {"mail": made.agent.mail, "name": made.agent.name, "password": made.password}


async def set_password(means: Means, values: Mapping[str, Any]) -> Values:
    """Give the agent with the address ``mail`` a new ``password`` (None: a generated one) and end their sessions.

    Returns:
        ``password`` where one was generated, else None.
    """
    password = await do_set_password(
        means.db,
        means.passwords,
        mail=values["mail"],
        password=values.get("password"),
        now_ms=means.clock.now_ms(),
        random=means.clock.random,
    )
    return {"password": password}


async def remove_factors(means: Means, values: Mapping[str, Any]) -> Values:
    """Take every second factor and passkey of whoever has the address ``mail``, and end their sessions.

    Returns:
        ``removed``: whether there was one.
    """
    removed = await factors.do_remove_all(means.db, values["mail"], now_ms=means.clock.now_ms())
    return {"removed": removed}


async def ensure_roles(means: Means, _values: Mapping[str, Any]) -> Values:
    """Insert the roles that every installation begins with. Returns how many were ``made``."""
    return {"made": await roles.do_ensure_roles(means.db, means.clock.now_ms())}


async def reindex(means: Means, _values: Mapping[str, Any]) -> Values:
    """Forget the index of words, so that whoever keeps it begins anew. Returns nothing."""
    await means.words.forget()
    return {}


async def tell_index(means: Means, _values: Mapping[str, Any]) -> Values:
    """Return how far the index of words is: ``done`` of ``all`` messages, and whether it ``is_complete``."""
    await means.words.open()
    now = await means.words.progress()
    size = await Indexing(means.db, means.words, now.epoch).size()
    is_complete = bool(now.epoch) and now.built == COMPLETE
    return {"done": size if is_complete else max(0, now.built), "all": size, "is_complete": is_complete}


VERBS: Mapping[str, Verb] = {
    "ensure-roles": ensure_roles,
    "create-site": create_site,
    "list-sites": list_sites,
    "create-agent": create_agent,
    "create-administrator": create_administrator,
    "set-password": set_password,
    "remove-factors": remove_factors,
    "reindex": reindex,
    "tell-index": tell_index,
}
