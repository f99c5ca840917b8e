"""Canned replies: texts that the whole team sends again and again, found by a shortcut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.audit import record
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.text import check_body
from widget_server.store.queries import canned as queries

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction

MAX_REPLIES: Final = 1000
BODY_CHARS: Final = 4000
_SHORTCUT: Final = re.compile(r"[\w-]{1,40}")


class CannedReply(NamedTuple):
    """One text; ``shortcut`` is what is typed after the slash."""

    id: int
    shortcut: str
    body: str


async def list_canned(db: Database) -> list[CannedReply]:
    """Return all of them, by shortcut."""
    return [CannedReply(*row) for row in await db.read(lambda tx: tx.all(queries.ALL))]


def check_canned(shortcut: object, body: object) -> tuple[str, str]:
    """Return shortcut and body as they are stored.

    Raises:
        Unacceptable: ``bad_value`` with the ``field``, or what is wrong with the text.
    """
    folded = shortcut.removeprefix("/").casefold() if isinstance(shortcut, str) else ""
    if not _SHORTCUT.fullmatch(folded):
        raise Unacceptable("bad_value", field="shortcut")
    if not isinstance(body, str):
        raise Unacceptable("bad_value", field="body")
    return folded, check_body(body, BODY_CHARS)


async def do_create_canned(db: Database, actor_id: int, *, shortcut: object, body: object, now_ms: int) -> CannedReply:
    """Add a reply.

    Raises:
        Unacceptable: ``taken``, ``bad_value`` (``field`` replies: there are too many), or what is wrong with it.
    """
    checked_shortcut, checked_body = check_canned(shortcut, body)

    async def write(tx: Transaction) -> CannedReply:
        await _refuse_taken(tx, checked_shortcut, None)
        count = await tx.one(queries.COUNT)
        if count and count[0] >= MAX_REPLIES:
            raise Unacceptable("bad_value", field="replies")
        ((reply,),) = await tx.all(queries.INSERT, shortcut=checked_shortcut, body=checked_body, now=now_ms)
        details = {"shortcut": checked_shortcut}
        await record(tx, actor_id, "canned.created", "canned", str(reply), details=details, now_ms=now_ms)
        return CannedReply(reply, checked_shortcut, checked_body)

    return await db.write(write)


async def do_update_canned(
    db: Database, actor_id: int, reply: int, *, shortcut: object, body: object, now_ms: int
) -> CannedReply:
    """Replace both parts of a reply.

    Raises:
        Refused: ``not_found``.
        Unacceptable: as for a new one.
    """
    checked_shortcut, checked_body = check_canned(shortcut, body)

    async def write(tx: Transaction) -> CannedReply:
        await _refuse_taken(tx, checked_shortcut, reply)
        changed = await tx.run(
            queries.UPDATE, key=reply, new_shortcut=checked_shortcut, new_body=checked_body, now=now_ms
        )
        if not changed:
            raise Refused("not_found")
        details = {"shortcut": checked_shortcut}
        await record(tx, actor_id, "canned.changed", "canned", str(reply), details=details, now_ms=now_ms)
        return CannedReply(reply, checked_shortcut, checked_body)

    return await db.write(write)


async def do_remove_canned(db: Database, actor_id: int, reply: int, *, now_ms: int) -> None:
    """Take a reply away. Harmless to repeat."""

    async def write(tx: Transaction) -> None:
        if await tx.run(queries.DELETE, key=reply):
            await record(tx, actor_id, "canned.removed", "canned", str(reply), now_ms=now_ms)

    await db.write(write)


async def _refuse_taken(tx: Transaction, shortcut: str, owner: int | None) -> None:
    row = await tx.one(queries.BY_SHORTCUT, shortcut=shortcut)
    if row is not None and row[0] != owner:
        raise Unacceptable("taken")
