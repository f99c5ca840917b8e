"""One-time links and codes (S20): bound to a purpose, a person, an address and a site; a newer one ends the older.

The store knows a token by its hash alone. That of a mailed link does not exist before the mail is made
(:mod:`widget_server.workers.mail`): neither the outbox nor a backup holds anything that opens something.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.core.errors import Refused
from widget_server.core.ids import link_code, token_hash
from widget_server.store.queries import links as queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from widget_server.store.database import Database, Transaction

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE


class Purpose(StrEnum):
    """What a link is for; the token of one opens nothing else."""

    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE_ADDRESS = "change_address"
    INVITATION = "invitation"
    CLAIM = "claim"
    """From the widget: whose chats it has open."""
    CLAIM_HELD = "claim_held"
    """The same, in the hands of one browser, which may sign in or register first."""
    CONFIRM_CONTACT = "confirm_contact"
    SET_UP = "set_up"


LASTS_MS: Final[dict[Purpose, int]] = {
    Purpose.CONFIRM: 48 * _HOUR,
    Purpose.RESET: _HOUR,
    Purpose.CHANGE_ADDRESS: 24 * _HOUR,
    Purpose.INVITATION: 7 * 24 * _HOUR,
    Purpose.CLAIM: _MINUTE,
    Purpose.CLAIM_HELD: _HOUR,
    Purpose.CONFIRM_CONTACT: 24 * _HOUR,
    Purpose.SET_UP: 24 * _HOUR,
}


class Link(NamedTuple):
    """A link that can still be used."""

    id: int
    purpose: Purpose
    person_id: int | None
    address: str | None
    site_id: int
    details: Mapping[str, Any]
    made_by: int | None


async def make(
    tx: Transaction,
    purpose: Purpose,
    *,
    now_ms: int,
    token: str | None = None,
    person_id: int | None = None,
    address: str | None = None,
    site_id: int = 0,
    details: Mapping[str, Any] | None = None,
    made_by: int | None = None,
) -> int:
    """Write a link, end the earlier ones for the same, and return its key.

    Args:
        tx: the transaction of what causes it.
        purpose: what it is for.
        now_ms: UTC time in ms.
        token: of a link that is not mailed; that of a mailed one is made with the mail (:func:`set_token`).
        person_id: who may use it.
        address: to which it is bound.
        site_id: for which it holds.
        details: what else belongs to it, such as the role of an invitation.
        made_by: who invited.
    """
    if person_id is not None:
        # Two that are made at once wait for each other: the one that comes second ends the first.
        await tx.one(queries.HOLD_PERSON, owner=person_id)
        await tx.run(queries.END_OF_PERSON, owner=person_id, for_purpose=purpose.value, now=now_ms)
    elif address is not None:
        await tx.run(
            queries.END_OF_ADDRESS, for_address=address, for_purpose=purpose.value, for_site=site_id, now=now_ms
        )
    ((key,),) = await tx.all(
        queries.INSERT,
        token_hash=token_hash(token) if token else None,
        purpose=purpose.value,
        person_id=person_id,
        address=address,
        site_id=site_id,
        details=orjson.dumps(details or {}).decode(),
        made_by=made_by,
        now=now_ms,
        expires_at=now_ms + LASTS_MS[purpose],
    )
    return int(key)


async def do_set_token(db: Database, key: int, random: Callable[[int], bytes], *, now_ms: int) -> str | None:
    """Give a mailed link its token and return it; None where it was used or ended meanwhile. An earlier one ends.

    From now on it holds as long as its purpose says: the time that a mail waited for its server is not its reader's.
    """
    code = link_code(random(20))

    async def write(tx: Transaction) -> bool:
        row = await tx.one(queries.PURPOSE, key=key)
        if row is None:
            return False
        expires = now_ms + LASTS_MS[Purpose(row[0])]
        return bool(await tx.run(queries.SET_TOKEN, key=key, new_hash=token_hash(code), new_end=expires))

    return code if await db.write(write) else None


async def find(tx: Transaction, token: str, *purposes: Purpose, now_ms: int) -> Link:
    """Return the link with this token, where it is for one of ``purposes`` and still holds.

    Raises:
        Refused: ``link_ended``, whatever is wrong with it.
    """
    row = await tx.one(queries.BY_HASH, token_hash=token_hash(token.strip().lower()), now=now_ms)
    if row is None or row[1] not in set(purposes):
        raise Refused("link_ended")
    key, purpose, person_id, address, site_id, details, made_by, _ = row
    return Link(key, Purpose(purpose), person_id, address, site_id, orjson.loads(details), made_by)


async def end_of_person(tx: Transaction, person_id: int, *purposes: Purpose, now_ms: int) -> None:
    """End the links of a person that are for one of ``purposes`` and were not used."""
    for purpose in purposes:
        await tx.run(queries.END_OF_PERSON, owner=person_id, for_purpose=purpose.value, now=now_ms)


async def made_lately(tx: Transaction, purpose: Purpose, address: str, *, now_ms: int) -> int:
    """Return how many links for this purpose were made in the last hour for one address."""
    row = await tx.one(queries.COUNT_TO_ADDRESS, address=address, purpose=purpose.value, since=now_ms - _HOUR)
    return row[0] if row else 0


async def use(tx: Transaction, link: Link, *, now_ms: int) -> None:
    """Mark the link as used, in the transaction of what it does: of many who try at once, one succeeds.

    Raises:
        Refused: ``link_ended`` for all others.
    """
    if await tx.run(queries.USE, key=link.id, now=now_ms) != 1:
        raise Refused("link_ended")
