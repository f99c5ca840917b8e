"""What an operator can have done from the command line, the same for a running server and for a store at rest.

A verb takes plain values and returns plain values, so that both can cross the control socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from widget_server.actions import agents, sites
from widget_server.actions.engine import Clock
from widget_server.actions.passwords import Passwords
from widget_server.core.errors import Unacceptable
from widget_server.core.permissions import Role
from widget_server.store.database import Database

Values = dict[str, Any]


class Means(NamedTuple):
    """What a verb works with: an open store, the keeper of passwords, the clock."""

    db: Database
    passwords: Passwords
    clock: Clock


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
    roles = sorted(grant.role.value for grant in made.agent.grants)
    return {"mail": made.agent.mail, "name": made.agent.name, "role": roles[0], "password": made.password}


async def set_password(means: Means, values: Mapping[str, Any]) -> Values:
    """Give the agent with the address ``mail`` a new ``password`` (None: a generated one) and end their sessions.

    Returns:
        ``password`` where one was generated, else None.
    """
    password = await agents.do_set_password(
        means.db,
        means.passwords,
        mail=values["mail"],
        password=values.get("password"),
        now_ms=means.clock.now_ms(),
        random=means.clock.random,
    )
    return {"password": password}


VERBS: Mapping[str, Verb] = {
    "create-site": create_site,
    "list-sites": list_sites,
    "create-agent": create_agent,
    "set-password": set_password,
}
