"""Members of an installation, for tests of what people are to each other."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from widget_server.actions.agents import do_create_agent
from widget_server.actions.registration import check_wish, do_register
from widget_server.core.permissions import Role

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database

NOW = 1_790_000_000_000
PASSWORD = "plum tree over river"


async def make_member(
    database: Database, passwords: Passwords, name: str = "Ada Byron", mail: str = "", *, now_ms: int = NOW
) -> Account:
    """Make a member whose address is confirmed."""
    address = mail or f"{name.split(maxsplit=1)[0].lower()}@example.com"
    made = await do_register(
        database,
        passwords,
        check_wish(name=name, mail=address, password=PASSWORD),
        language="",
        has_mail=False,
        binding="",
        now_ms=now_ms,
        random=secrets.token_bytes,
    )
    assert made is not None
    return made


async def make_administrator(database: Database, passwords: Passwords, name: str = "Root Branch") -> Account:
    """Make somebody who may do everything."""
    made = await do_create_agent(
        database,
        passwords,
        mail=f"{name.split(maxsplit=1)[0].lower()}@example.com",
        name=name,
        password=PASSWORD,
        role=Role.ADMINISTRATOR,
        now_ms=NOW,
        random=secrets.token_bytes,
    )
    return made.agent
