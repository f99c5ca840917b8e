"""What of accounts is kept, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.actions.people import HERE, NOW, PASSWORD, begin, code_of_last, confirm, member, register
from widget_server.actions.accounts import access_account, check_sign_in
from widget_server.actions.registration import do_resend_confirmation
from widget_server.actions.retention import do_forget_links, do_forget_sign_ins, do_release_unconfirmed
from widget_server.actions.sessions import list_sessions
from widget_server.actions.sign_ins import list_sign_ins
from widget_server.core.errors import Refused
from widget_server.store.statement import Statement
from widget_server.store.tables import session

if TYPE_CHECKING:
    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database

DAY = 86_400_000
SESSIONS = Statement(select(func.count()).select_from(session))


async def test_a_name_and_an_address_that_nobody_confirmed_are_free_after_a_week(
    database: Database, passwords: Passwords
) -> None:
    squatter = await register(database, passwords, binding="the browser of a squatter")
    assert squatter is not None
    await begin(database, squatter)
    assert await do_release_unconfirmed(database, now_ms=NOW + 7 * DAY) == 0
    assert await do_release_unconfirmed(database, now_ms=NOW + 7 * DAY + 1) == 1
    assert await do_release_unconfirmed(database, now_ms=NOW + 7 * DAY + 1) == 0
    with pytest.raises(Refused, match="not_found"):
        await access_account(database, squatter.person_id)
    assert await list_sessions(database, squatter.person_id, NOW) == []
    owner = await register(database, passwords, now=NOW + 8 * DAY)
    assert owner is not None
    assert (owner.person_id != squatter.person_id, owner.name) == (True, "Ada")


async def test_who_confirmed_or_asked_again_is_left_alone(database: Database, passwords: Passwords) -> None:
    ada = await member(database, passwords)
    grace = await register(database, passwords, name="Grace", mail="grace@example.com")
    assert grace is not None
    await do_resend_confirmation(database, grace, binding=HERE, now_ms=NOW + 6 * DAY)
    assert await do_release_unconfirmed(database, now_ms=NOW + 10 * DAY) == 0
    assert (await access_account(database, ada.person_id)).name == "Ada"
    code = await code_of_last(database, "confirm")
    assert (await confirm(database, code)).account.person_id == grace.person_id
    assert await do_forget_links(database, now_ms=NOW + 60 * DAY) > 0


async def test_p3_the_history_of_sign_ins_is_kept_for_ninety_days(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    await begin(database, account)
    await check_sign_in(database, passwords, mail=account.mail, password=PASSWORD, now_ms=NOW + 50 * DAY)
    assert await do_forget_sign_ins(database, now_ms=NOW + 43 * DAY) == 0
    assert await database.read(lambda tx: tx.one(SESSIONS)) == (1,)
    assert await do_forget_sign_ins(database, now_ms=NOW + 90 * DAY + 1) == 2
    assert await database.read(lambda tx: tx.one(SESSIONS)) == (0,)
    assert [one.at for one in await list_sign_ins(database, account.person_id)] == [NOW + 50 * DAY]
