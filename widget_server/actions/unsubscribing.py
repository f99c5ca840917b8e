"""Ending mails with one click, without signing in (RFC 8058).

The address in a mail carries a sealed code that names its recipient and what they can end: nobody else can make one,
and it opens nothing else. It holds for good: old mails are found in a mailbox years later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from widget_server.actions.accounts import Account
from widget_server.actions.appointments import find_account
from widget_server.actions.notice_choices import ALL, do_unsubscribe
from widget_server.actions.sealing import Unopenable
from widget_server.core.errors import Refused
from widget_server.core.notifying import TOPICS

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.actions.sealing import Sealer
    from widget_server.store.database import Database

_PLACE: Final = "unsubscribe"
_CODE_CHARS: Final = 400


class Unsubscribing(NamedTuple):
    """What a code ends."""

    account: Account
    what: str
    """One of :data:`TOPICS`, or :data:`ALL`."""


def unsubscribe_code(sealer: Sealer, public_id: str, what: str) -> str:
    """Return the code that ends mails to somebody, as it stands in an address."""
    return quote(sealer.seal(f"{what} {public_id}", _PLACE), safe="")


async def access_unsubscribing(db: Database, sealer: Sealer, code: str) -> Unsubscribing:
    """Return what a code ends.

    Raises:
        Refused: ``not_found`` for one that is none, or whose account is gone.
    """
    try:
        what, _, public_id = sealer.open(code[:_CODE_CHARS], _PLACE).partition(" ")
    except Unopenable:
        raise Refused("not_found") from None
    if what not in TOPICS and what != ALL:
        raise Refused("not_found")
    return Unsubscribing(await db.read(lambda tx: find_account(tx, public_id)), what)


async def do_unsubscribe_by(engine: Engine, sealer: Sealer, code: str) -> Unsubscribing:
    """End what a code ends. Harmless to repeat.

    Raises:
        Refused: as :func:`access_unsubscribing`.
    """
    found = await access_unsubscribing(engine.database, sealer, code)
    await do_unsubscribe(engine, found.account, found.what)
    return found
