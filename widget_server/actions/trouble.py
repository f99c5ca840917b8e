"""Telling the administrator that the server failed (S2.26): at most one mail of a kind in an hour, over all nodes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions.mailing import Mail, post
from widget_server.core.times import iso
from widget_server.store.installation import hold_value, put_value

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction

EVERY_MS: Final = 3_600_000
_NAME: Final = "trouble"
"""In the store: when a mail of each kind was written last."""
_KINDS: Final = 200
"""Most kinds in an hour: more than anybody reads, and the same again is not told of those beyond."""


class Trouble(NamedTuple):
    """One failure. Nothing of it comes from a request but its method, path and id."""

    logger: str
    error: str
    """The name of its exception, or of its level."""
    place: str
    """Where in the program."""
    said: str
    """What the line says, without what was filled into it."""
    request: str
    """Method and path."""
    request_id: str
    at_ms: int

    @property
    def kind(self) -> str:
        """What it is told apart by: who said it, what it is, and where."""
        return hashlib.sha256(f"{self.logger}\0{self.error}\0{self.place}".encode()).hexdigest()[:16]


async def do_report(db: Database, trouble: Trouble, *, to: str, now_ms: int) -> bool:
    """Have a mail sent, unless one of this kind was in the last hour. Returns whether it will be.

    Args:
        db: the store.
        trouble: what happened.
        to: the administrator's address.
        now_ms: UTC time in ms.
    """

    async def write(tx: Transaction) -> bool:
        # Whoever else reports in this moment waits here.
        known: dict[str, int] = orjson.loads(await hold_value(tx, _NAME) or "{}")
        recent = {kind: at for kind, at in known.items() if now_ms - EVERY_MS < at <= now_ms}
        if trouble.kind in recent or len(recent) >= _KINDS:
            return False
        await put_value(tx, _NAME, orjson.dumps(recent | {trouble.kind: now_ms}).decode())
        facts = {
            "error": trouble.error,
            "logger": trouble.logger,
            "place": trouble.place,
            "said": trouble.said,
            "request": trouble.request,
            "request_id": trouble.request_id,
            "at": f"{iso(trouble.at_ms)[:19]}Z",
        }
        await post(tx, Mail.TROUBLE, to=to, language="", facts=facts, now_ms=now_ms)
        return True

    return await db.write(write)
