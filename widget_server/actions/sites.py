"""Sites: one for each website that embeds the widget."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.audit import record
from widget_server.actions.opening import is_zone
from widget_server.core import appearance as looks
from widget_server.core.appearance import Appearance
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import is_site_key
from widget_server.core.origins import check_origins
from widget_server.core.permissions import (
    Actor,
    answered_sites,
    can_answer,
    can_create_sites,
    can_manage,
    managed_sites,
)
from widget_server.store.queries import sites as queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from widget_server.store.database import Database, Row, Transaction


class Site(NamedTuple):
    """One website."""

    id: int
    key: str
    """The public key in the script tag."""
    name: str
    allowed_origins: tuple[str, ...]
    """Where its pages are, in the spelling of :func:`widget_server.core.origins.parse_origin`."""
    appearance: Appearance


def _site(row: Row) -> Site:
    key, public_key, name, origins, settings = row
    return Site(key, public_key, name, tuple(json.loads(origins)), looks.from_stored(settings))


async def _find(tx: Transaction, key: str) -> Site | None:
    row = await tx.one(queries.BY_KEY, key=key) if is_site_key(key) else None
    return _site(row) if row else None


async def access_public_site(db: Database, key: str) -> Site:
    """Return the site of a script tag; what of it may be public is the caller's to choose.

    Raises:
        Refused: ``unknown_site``.
    """
    site = await db.read(lambda tx: _find(tx, key))
    if site is None:
        raise Refused("unknown_site")
    return site


async def access_site(db: Database, actor: Actor, key: str) -> Site:
    """Return a site whose conversations ``actor`` may answer.

    Raises:
        Refused: ``not_found``, also where there is such a site for others.
    """
    site = await db.read(lambda tx: _find(tx, key))
    if site is None or not can_answer(actor, site.id):
        raise Refused("not_found")
    return site


async def list_sites(db: Database) -> list[Site]:
    """Return all sites, oldest first, for the operator."""
    return [_site(row) for row in await db.read(lambda tx: tx.all(queries.ALL))]


async def list_answered_sites(db: Database, actor: Actor) -> list[Site]:
    """Return the sites that ``actor`` may answer for, oldest first."""
    allowed = answered_sites(actor)
    return [site for site in await list_sites(db) if site.id in allowed]


async def list_managed_sites(db: Database, actor: Actor) -> list[Site]:
    """Return the sites whose settings ``actor`` may change, oldest first."""
    allowed = managed_sites(actor)
    return [site for site in await list_sites(db) if site.id in allowed]


def check_create_site(actor: Actor) -> None:
    """Refuse who may not add a site.

    Raises:
        Refused: ``not_allowed``.
    """
    if not can_create_sites(actor):
        raise Refused("not_allowed")


async def do_create_site(
    db: Database,
    *,
    name: object,
    allowed_origins: Iterable[object],
    key: str | None = None,
    actor_id: int | None = None,
    now_ms: int,
    random: Callable[[int], bytes],
) -> Site:
    """Add a site and return it.

    Args:
        db: the store.
        name: shown to agents and in the widget's header; one line.
        allowed_origins: where the site's pages are, as ``https://www.example.com``.
        key: its public key, where one is wished; else one is made.
        actor_id: who adds it; None is the operator.
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Raises:
        Unacceptable: ``bad_origin``, ``bad_value`` or what is wrong with the name; ``taken`` where the key is in use.
    """
    checked_name = looks.check_name(name)
    origins = check_origins(allowed_origins)
    if key is not None and not is_site_key(key):
        raise Unacceptable("bad_value", field="key")
    chosen = key or base64.b32encode(random(10)).decode().lower()

    async def write(tx: Transaction) -> Site:
        if await _find(tx, chosen):
            raise Unacceptable("taken")
        ((site_id,),) = await tx.all(
            queries.INSERT,
            key=chosen,
            name=checked_name,
            allowed_origins=json.dumps(origins),
            settings=looks.to_stored(Appearance()),
            created_at=now_ms,
            new_stamp=await tx.stamp(),
        )
        details = {"name": checked_name}
        await record(tx, actor_id, "site.created", "site", chosen, details=details, site_id=site_id, now_ms=now_ms)
        return Site(site_id, chosen, checked_name, origins, Appearance())

    return await db.write(write)


async def do_update_site(
    db: Database,
    actor: Actor,
    key: str,
    changes: Mapping[str, object],
    *,
    is_expected: Callable[[Site], bool] = lambda _: True,
    now_ms: int,
) -> Site:
    """Change any of ``name``, ``allowed_origins`` and the fields of the appearance, and return the site as it then is.

    Args:
        db: the store.
        actor: who changes it.
        key: the site's.
        changes: the fields to change, in their JSON form.
        is_expected: whether the site is as whoever changes it has last seen it.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``not_found``, or ``not_allowed`` for an agent who may only answer.
        Unacceptable: what is wrong with a value, with its ``field``; ``changed_meanwhile`` where it is not expected.
    """

    async def write(tx: Transaction) -> Site:
        site = await _find(tx, key)
        if site is None or not can_answer(actor, site.id):
            raise Refused("not_found")
        if not can_manage(actor, site.id):
            raise Refused("not_allowed")
        if not is_expected(site):
            raise Unacceptable("changed_meanwhile")
        changed = _changed(site, changes)
        await tx.run(
            queries.UPDATE,
            site_id=site.id,
            new_name=changed.name,
            new_origins=json.dumps(changed.allowed_origins),
            new_settings=looks.to_stored(changed.appearance),
            new_stamp=await tx.stamp(),
        )
        details = {"fields": sorted(changes)}
        await record(tx, actor.person_id, "site.changed", "site", key, details=details, site_id=site.id, now_ms=now_ms)
        return changed

    return await db.write(write)


def _changed(site: Site, changes: Mapping[str, object]) -> Site:
    rest = dict(changes)
    if "name" in rest:
        site = site._replace(name=looks.check_name(rest.pop("name")))
    if "allowed_origins" in rest:
        origins = rest.pop("allowed_origins")
        if not isinstance(origins, list):
            raise Unacceptable("bad_value", field="allowed_origins")
        site = site._replace(allowed_origins=check_origins(origins))
    return site._replace(appearance=looks.check_changes(site.appearance, rest, is_zone))
