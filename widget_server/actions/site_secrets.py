"""A site's keys for signing whom it has signed in: made, shown once, and ended (S14).

A site may have two at a time, so that one replaces the other without anybody being turned away: what was signed with
the old one holds until it is ended.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.audit import record
from widget_server.actions.sites import access_site
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import token
from widget_server.core.permissions import can_manage
from widget_server.store.queries import site_secrets as q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.engine import Clock
    from widget_server.actions.sealing import Sealer
    from widget_server.actions.sites import Site
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction

SECRETS_MAX: Final = 2
_KEY_ID_BYTES: Final = 10


class SecretRow(NamedTuple):
    """A secret as it is listed: without itself."""

    key_id: str
    created_at: int


class FreshSecret(NamedTuple):
    """A secret as it is shown once. What signs is the text itself, as ASCII."""

    key_id: str
    secret: str


def _place(key_id: str) -> str:
    return f"secret {key_id} of a site"


async def _managed(db: Database, actor: Actor, site_key: str) -> Site:
    site = await access_site(db, actor, site_key)
    if not can_manage(actor, site.id):
        raise Refused("not_allowed")
    return site


async def list_secrets(db: Database, actor: Actor, site_key: str) -> list[SecretRow]:
    """Return the secrets of a site that hold, oldest first.

    Raises:
        Refused: ``not_found``, or ``not_allowed`` for who may not change the site.
    """
    site = await _managed(db, actor, site_key)
    rows = await db.read(lambda tx: tx.all(q.OF_SITE, site_id=site.id))
    return [SecretRow(key_id, created_at) for key_id, _, created_at in rows]


async def do_make_secret(db: Database, sealer: Sealer, actor: Actor, site_key: str, clock: Clock) -> FreshSecret:
    """Make another secret and return it: nobody can read it again.

    Raises:
        Refused: ``not_found`` or ``not_allowed``.
        Unacceptable: ``too_many`` where the site has two already.
    """
    site = await _managed(db, actor, site_key)
    key_id = base64.b32encode(clock.random(_KEY_ID_BYTES)).decode().lower()
    secret = token(clock.random(32))
    sealed = sealer.seal(secret, _place(key_id))
    now_ms = clock.now_ms()

    async def write(tx: Transaction) -> None:
        row = await tx.one(q.COUNT, site_id=site.id)
        if row is not None and row[0] >= SECRETS_MAX:
            raise Unacceptable("too_many", limit=SECRETS_MAX)
        await tx.run(
            q.INSERT, site_id=site.id, key_id=key_id, secret=sealed, made_by=actor.person_id or None, now=now_ms
        )
        await record(
            tx, actor.person_id, "site.secret_made", "site", site.key,
            details={"key_id": key_id}, site_id=site.id, now_ms=now_ms,
        )  # fmt: skip

    await db.write(write)
    return FreshSecret(key_id, secret)


async def do_end_secret(db: Database, actor: Actor, site_key: str, key_id: str, *, now_ms: int) -> None:
    """End a secret: nothing that was signed with it holds any more. Who was identified before stays so.

    Raises:
        Refused: ``not_found`` (also for one that has ended) or ``not_allowed``.
    """
    site = await _managed(db, actor, site_key)

    async def write(tx: Transaction) -> None:
        if await tx.run(q.END, of_site=site.id, which=key_id, now=now_ms) != 1:
            raise Refused("not_found")
        await record(
            tx, actor.person_id, "site.secret_ended", "site", site.key,
            details={"key_id": key_id}, site_id=site.id, now_ms=now_ms,
        )  # fmt: skip

    await db.write(write)


async def access_secrets(tx: Transaction, sealer: Sealer, site_id: int) -> Mapping[str, str]:
    """The secrets of a site that hold, by their ids.

    Raises:
        Unopenable: one was sealed by another installation.
    """
    return {
        key_id: sealer.open(sealed, _place(key_id)) for key_id, sealed, _ in await tx.all(q.OF_SITE, site_id=site_id)
    }
