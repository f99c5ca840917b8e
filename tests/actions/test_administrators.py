"""The first administrator: by the command line, by settings used once, by a link of the log; and by nobody else."""

from __future__ import annotations

import asyncio
from secrets import token_bytes
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from widget_server.actions.accounts import check_sign_in
from widget_server.actions.administrators import (
    Wanted,
    check_wanted,
    do_make_administrator,
    do_make_first,
    do_offer_set_up,
    do_set_up,
    has_administrator,
)
from widget_server.actions.links import LASTS_MS, Purpose
from widget_server.actions.passwords import Passwords
from widget_server.actions.registration import check_wish, do_register
from widget_server.actions.roles import do_ensure_roles
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import token_hash
from widget_server.core.permissions import Permission, may
from widget_server.store.statement import Statement
from widget_server.store.tables import audit, link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from widget_server.actions.accounts import Account
    from widget_server.store.database import Database

NOW = 1_790_000_000_000
ADA = Wanted("Ada@Example.org", "Ada", "correct horse battery")
EVE = Wanted("eve@example.org", "Eve", "another long sentence")


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    keeper = Passwords(memory_kib=64, passes=1)
    yield keeper
    keeper.close()


@pytest.fixture(autouse=True)
async def roles(database: Database) -> None:
    """What every server has made before it asks for an administrator."""
    await do_ensure_roles(database, NOW)


async def offer(database: Database, now: int = NOW) -> str:
    code = await do_offer_set_up(database, now_ms=now, random=token_bytes)
    assert code is not None
    return code


async def set_up(database: Database, passwords: Passwords, code: str, wanted: Wanted = ADA, now: int = NOW) -> Account:
    return await do_set_up(database, passwords, code, wanted, now_ms=now, random=token_bytes)


async def register(database: Database, passwords: Passwords, mail: str, *, has_mail: bool) -> None:
    wish = check_wish(name="Member", mail=mail, password="chosen by a stranger")
    more = {"language": "", "has_mail": has_mail, "binding": "b", "now_ms": NOW, "random": token_bytes}
    assert await do_register(database, passwords, wish, **more) is not None  # type: ignore[arg-type]  # as named


def administers(account: Account) -> bool:
    return may(account.actor, Permission.ADMINISTER)


async def test_s2_16_the_link_of_the_log_makes_the_first_administrator(
    database: Database, passwords: Passwords
) -> None:
    account = await set_up(database, passwords, await offer(database))
    assert administers(account)
    assert account.is_confirmed
    assert (account.mail, account.written, account.name) == ("ada@example.org", "Ada@Example.org", "Ada")
    signed_in = await check_sign_in(database, passwords, mail="ada@example.org", password=ADA.password, now_ms=NOW)
    assert signed_in.person_id == account.person_id


async def test_s20_the_store_knows_a_set_up_link_by_its_hash_alone(database: Database) -> None:
    code = await offer(database)
    rows = await database.read(lambda tx: tx.all(Statement(select(link))))
    assert token_hash(code) in str(rows)
    assert code not in str(rows)


async def test_s20_of_many_who_use_a_set_up_link_at_once_one_becomes_administrator(
    database: Database, passwords: Passwords
) -> None:
    code = await offer(database)
    wishes = [Wanted(f"a{number}@example.org", f"A{number}", ADA.password) for number in range(8)]
    made = await asyncio.gather(
        *(set_up(database, passwords, code, wanted) for wanted in wishes), return_exceptions=True
    )
    assert len([one for one in made if not isinstance(one, BaseException)]) == 1
    assert {str(one) for one in made if isinstance(one, BaseException)} == {"link_ended"}


async def test_s20_a_newer_set_up_link_ends_the_one_before_and_none_outlives_a_day(
    database: Database, passwords: Passwords
) -> None:
    older = await offer(database)
    newer = await offer(database)
    with pytest.raises(Refused, match="link_ended"):
        await set_up(database, passwords, older)
    with pytest.raises(Refused, match="link_ended"):
        await set_up(database, passwords, newer, now=NOW + LASTS_MS[Purpose.SET_UP] + 1)
    assert LASTS_MS[Purpose.SET_UP] == 24 * 3_600_000
    assert administers(await set_up(database, passwords, newer))


async def test_s20_once_there_is_an_administrator_there_is_no_link_and_none_works(
    database: Database, passwords: Passwords
) -> None:
    code = await offer(database)
    await do_make_administrator(database, passwords, mail=ADA.mail, name="Ada", now_ms=NOW, random=token_bytes)
    assert await do_offer_set_up(database, now_ms=NOW, random=token_bytes) is None
    with pytest.raises(Refused, match="link_ended"):
        await set_up(database, passwords, code, EVE)


@pytest.mark.parametrize("wrong", ["", "nonsense", "a" * 32])
async def test_s20_a_code_that_nobody_gave_opens_nothing(database: Database, passwords: Passwords, wrong: str) -> None:
    await offer(database)
    with pytest.raises(Refused, match="link_ended"):
        await set_up(database, passwords, wrong)
    assert not await database.read(has_administrator)


async def test_s2_16_the_settings_make_the_first_administrator_once(database: Database, passwords: Passwords) -> None:
    made = await asyncio.gather(
        *(do_make_first(database, passwords, ADA, now_ms=NOW, random=token_bytes) for _ in range(4))
    )
    first = [account for account in made if account is not None]
    assert len(first) == 1
    assert administers(first[0])
    assert await do_make_first(database, passwords, EVE, now_ms=NOW, random=token_bytes) is None


async def test_the_command_line_makes_an_administrator_of_an_account_and_leaves_its_password(
    database: Database, passwords: Passwords
) -> None:
    await register(database, passwords, "eve@example.org", has_mail=False)
    made = await do_make_administrator(
        database, passwords, mail="EVE@example.org", name="ignored", now_ms=NOW, random=token_bytes
    )
    assert (made.agent.name, made.password, administers(made.agent)) == ("Member", None, True)
    await check_sign_in(database, passwords, mail="eve@example.org", password="chosen by a stranger", now_ms=NOW)
    again = await do_make_administrator(
        database, passwords, mail="eve@example.org", name="ignored", now_ms=NOW, random=token_bytes
    )
    assert again.agent.grants == made.agent.grants


async def test_who_registered_first_with_the_operators_address_gets_nothing_by_it(
    database: Database, passwords: Passwords
) -> None:
    await register(database, passwords, "ada@example.org", has_mail=True)
    made = await do_make_administrator(
        database, passwords, mail="ada@example.org", name="Ada", now_ms=NOW, random=token_bytes
    )
    assert made.password is not None
    assert made.agent.is_confirmed
    with pytest.raises(Refused, match="wrong_sign_in"):
        await check_sign_in(database, passwords, mail="ada@example.org", password="chosen by a stranger", now_ms=NOW)
    await check_sign_in(database, passwords, mail="ada@example.org", password=made.password, now_ms=NOW)


async def test_every_way_is_in_the_audit_log(database: Database, passwords: Passwords) -> None:
    account = await set_up(database, passwords, await offer(database))
    rows = await database.read(lambda tx: tx.all(Statement(select(audit.c.verb, audit.c.object_id, audit.c.actor_id))))
    assert rows == [("role.given", account.public_id, None)]


@pytest.mark.parametrize("password", ["short", "password1234", "ada@example.org"])
def test_s19_the_first_administrators_password_is_no_weaker_than_others(password: str) -> None:
    with pytest.raises(Unacceptable, match="weak_password"):
        check_wanted(mail="ada@example.org", name="Ada", password=password)
