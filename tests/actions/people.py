"""People who register, and the one-time links that they are sent, for tests without a worker that sends them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import select

from widget_server.actions import links
from widget_server.actions.accounts import Account
from widget_server.actions.registration import check_wish, do_confirm, do_register
from widget_server.actions.sessions import SignedIn, access_session, do_begin_session
from widget_server.actions.sign_ins import NOWHERE
from widget_server.core.ids import token
from widget_server.store.statement import Statement
from widget_server.store.tables import outbox

if TYPE_CHECKING:
    from widget_server.actions.passwords import Passwords
    from widget_server.actions.registration import Confirmed
    from widget_server.store.database import Database

NOW: Final = 1_795_000_000_000
PASSWORD: Final = "plum tree over river"
HERE: Final = "a secret of this browser"
_OUTBOX: Final = Statement(select(outbox.c.payload).where(outbox.c.topic == "mail").order_by(outbox.c.id))


async def mails(db: Database) -> list[dict[str, Any]]:
    """What would be sent, the first first."""
    return [orjson.loads(row[0]) for row in await db.read(lambda tx: tx.all(_OUTBOX))]


async def code_of_last(db: Database, kind: str) -> str:
    """The code in the last mail of a kind."""
    link = [mail["link"] for mail in await mails(db) if mail["mail"] == kind][-1]
    code = await links.do_set_token(db, link, secrets.token_bytes, now_ms=NOW)
    assert code is not None
    return code


async def register(
    db: Database,
    passwords: Passwords,
    *,
    name: str = "Ada",
    mail: str = "ada@example.com",
    password: str = PASSWORD,
    binding: str = HERE,
    has_mail: bool = True,
    now: int = NOW,
) -> Account | None:
    """Register."""
    return await do_register(
        db,
        passwords,
        check_wish(name=name, mail=mail, password=password),
        language="",
        has_mail=has_mail,
        binding=binding,
        now_ms=now,
        random=secrets.token_bytes,
    )


async def confirm(
    db: Database,
    code: str,
    *,
    binding: str = HERE,
    signed_in: int | None = None,
    administrator: str | None = None,
    now: int = NOW,
) -> Confirmed:
    """Use a confirmation link."""
    return await do_confirm(
        db, code, binding=binding, signed_in=signed_in, administrator=administrator, source=NOWHERE, now_ms=now
    )


async def member(db: Database, passwords: Passwords, name: str = "Ada", mail: str = "ada@example.com") -> Account:
    """Somebody whose address is confirmed."""
    await register(db, passwords, name=name, mail=mail)
    return (await confirm(db, await code_of_last(db, "confirm"))).account


async def begin(db: Database, account: Account, now: int = NOW) -> SignedIn:
    """Begin a session, and return who asks by it."""
    fresh = token(secrets.token_bytes(32))
    await do_begin_session(db, account, fresh, replaced=None, browser="Firefox", now_ms=now, days=14)
    return await access_session(db, fresh, now)
