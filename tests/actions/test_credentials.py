"""Passwords that are changed and forgotten, addresses that change, and what ends with them."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.people import NOW, PASSWORD, begin, code_of_last, confirm, mails, member, register
from widget_server.actions.accounts import access_account, check_sign_in
from widget_server.actions.addresses import do_ask_change, do_change, do_change_at_once
from widget_server.actions.credentials import (
    RESETS_MAX,
    check_own_password,
    do_ask_reset,
    do_change_password,
    do_reset,
    do_set_password,
)
from widget_server.actions.passwords import Passwords
from widget_server.actions.sessions import do_end_one, do_end_others, do_prove, list_sessions
from widget_server.actions.sign_ins import From, list_sign_ins
from widget_server.core.errors import Refused, Unacceptable

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from widget_server.actions.accounts import Account
    from widget_server.actions.sessions import SignedIn
    from widget_server.store.database import Database

HOUR = 3_600_000
NEW = "another fine river"


async def change(
    db: Database, passwords: Passwords, signed_in: SignedIn, *, old: str = PASSWORD, new: str = NEW, now: int = NOW
) -> None:
    await do_change_password(db, passwords, signed_in, old=old, new=new, ends_tokens=False, now_ms=now)


async def reset(
    db: Database,
    passwords: Passwords,
    code: str,
    password: str = NEW,
    *,
    administrator: str | None = None,
    now: int = NOW,
) -> Account:
    return await do_reset(db, passwords, code, password, ends_tokens=False, administrator=administrator, now_ms=now)


async def kinds(db: Database) -> list[tuple[str, str]]:
    return [(mail["mail"], mail["to"]) for mail in await mails(db)]


async def test_s2_12_a_password_is_changed_by_the_old_one_and_the_other_sessions_end(
    database: Database, passwords: Passwords
) -> None:
    account = await member(database, passwords)
    here, _, _ = [await begin(database, account) for _ in range(3)]
    await do_ask_reset(database, account.mail, now_ms=NOW)
    code = await code_of_last(database, "reset")
    with pytest.raises(Unacceptable, match="wrong_password"):
        await change(database, passwords, here, old="not it at all")
    assert len(await list_sessions(database, account.person_id, NOW)) == 3
    await change(database, passwords, here)
    assert [session.id for session in await list_sessions(database, account.person_id, NOW)] == [here.session_id]
    await check_own_password(database, passwords, account, NEW)
    assert (await kinds(database))[-1] == ("password_changed", account.written)
    with pytest.raises(Refused, match="link_ended"):
        await reset(database, passwords, code)


async def test_s18_an_answer_that_is_not_true_is_no(database: Database, passwords: Passwords) -> None:
    class Careless(Passwords):
        forgotten: Coroutine[Any, Any, bool]

        async def verify(self, stored: str | None, password: str) -> Any:
            self.forgotten = super().verify(stored, password)
            return self.forgotten

    account = await member(database, passwords)
    careless = Careless(memory_kib=8, passes=1)
    try:
        with pytest.raises(Refused, match="wrong_sign_in"):
            await check_sign_in(database, careless, mail=account.mail, password=PASSWORD, now_ms=NOW)
        careless.forgotten.close()
    finally:
        careless.close()


async def test_s18_of_two_who_change_a_password_at_once_one_succeeds(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    here = await begin(database, account)
    outcomes = await asyncio.gather(
        *(change(database, passwords, here, new=f"{NEW} {n}") for n in range(10)), return_exceptions=True
    )
    assert outcomes.count(None) == 1


async def test_s2_13_a_forgotten_password_is_replaced_by_a_link(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    await begin(database, account)
    await do_ask_reset(database, " ADA@example.com", now_ms=NOW)
    code = await code_of_last(database, "reset")
    with pytest.raises(Unacceptable, match="weak_password"):
        await reset(database, passwords, code, "password123")
    with pytest.raises(Refused, match="link_ended"):
        await reset(database, passwords, code, now=NOW + HOUR)
    assert (await reset(database, passwords, code)).person_id == account.person_id
    assert await list_sessions(database, account.person_id, NOW) == []
    await check_sign_in(database, passwords, mail=account.mail, password=NEW, now_ms=NOW)
    with pytest.raises(Refused, match="link_ended"):
        await reset(database, passwords, code)


async def test_s21_an_address_that_nobody_has_gets_no_mail_and_the_same_answer(
    database: Database, passwords: Passwords
) -> None:
    await member(database, passwords)
    before = await kinds(database)
    await do_ask_reset(database, "eve@example.com", now_ms=NOW)
    assert await kinds(database) == before


async def test_s20_of_fifty_who_use_a_reset_link_at_once_one_succeeds(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    await do_ask_reset(database, account.mail, now_ms=NOW)
    code = await code_of_last(database, "reset")
    outcomes = await asyncio.gather(
        *(reset(database, passwords, code, f"{NEW} {n}") for n in range(50)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(outcomes) - len(refused), {each.name for each in refused}) == (1, {"link_ended"})


async def test_s20_the_owner_of_an_address_takes_an_unconfirmed_account_from_a_stranger(
    database: Database, passwords: Passwords
) -> None:
    account = await register(database, passwords, binding="the browser of an attacker")
    assert account is not None
    await begin(database, account)
    await do_ask_reset(database, account.mail, now_ms=NOW)
    owner = await reset(database, passwords, await code_of_last(database, "reset"), administrator=account.mail)
    assert owner.is_confirmed
    assert owner.grants
    assert await list_sessions(database, account.person_id, NOW) == []
    with pytest.raises(Refused, match="wrong_sign_in"):
        await check_sign_in(database, passwords, mail=account.mail, password=PASSWORD, now_ms=NOW)


async def test_s2_14_an_address_changes_only_when_the_link_to_the_new_one_is_used(
    database: Database, passwords: Passwords
) -> None:
    account = await member(database, passwords)
    await do_ask_reset(database, account.mail, now_ms=NOW)
    reset_code = await code_of_last(database, "reset")
    await do_ask_change(database, account, "Countess@example.com", now_ms=NOW)
    assert (await kinds(database))[-2:] == [
        ("address_changes", "ada@example.com"),
        ("change_address", "Countess@example.com"),
    ]
    assert (await access_account(database, account.person_id)).mail == "ada@example.com"
    code = await code_of_last(database, "change_address")
    changed = await do_change(database, code, administrator=None, now_ms=NOW)
    assert (changed.mail, changed.written) == ("countess@example.com", "Countess@example.com")
    await check_sign_in(database, passwords, mail="countess@example.com", password=PASSWORD, now_ms=NOW)
    with pytest.raises(Refused, match="wrong_sign_in"):
        await check_sign_in(database, passwords, mail="ada@example.com", password=PASSWORD, now_ms=NOW)
    with pytest.raises(Refused, match="link_ended"):
        await reset(database, passwords, reset_code)


async def test_s20_of_fifty_who_use_the_link_to_a_new_address_at_once_one_succeeds(
    database: Database, passwords: Passwords
) -> None:
    account = await member(database, passwords)
    await do_ask_change(database, account, "countess@example.com", now_ms=NOW)
    code = await code_of_last(database, "change_address")
    outcomes = await asyncio.gather(
        *(do_change(database, code, administrator=None, now_ms=NOW) for _ in range(50)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(outcomes) - len(refused), {each.name for each in refused}) == (1, {"link_ended"})


async def test_s21_somebody_elses_address_is_told_by_mail_alone(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    await member(database, passwords, "Grace", "grace@example.com")
    await do_ask_change(database, account, "grace@example.com", now_ms=NOW)
    assert (await kinds(database))[-2:] == [
        ("address_changes", "ada@example.com"),
        ("address_taken", "grace@example.com"),
    ]


async def test_an_address_that_was_taken_meanwhile_is_not_taken_twice(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    await do_ask_change(database, account, "grace@example.com", now_ms=NOW)
    code = await code_of_last(database, "change_address")
    await member(database, passwords, "Grace", "grace@example.com")
    with pytest.raises(Refused, match="link_ended"):
        await do_change(database, code, administrator=None, now_ms=NOW)
    assert (await access_account(database, account.person_id)).mail == "ada@example.com"


async def test_where_no_mail_is_sent_an_address_changes_at_once_and_a_taken_one_is_told(
    database: Database, passwords: Passwords
) -> None:
    account = await member(database, passwords)
    await member(database, passwords, "Grace", "grace@example.com")
    with pytest.raises(Unacceptable, match="taken"):
        await do_change_at_once(database, account, "grace@example.com", now_ms=NOW)
    assert (await do_change_at_once(database, account, "ada@new.example", now_ms=NOW)).mail == "ada@new.example"


async def test_s06_a_session_is_ended_by_its_owner_alone(database: Database, passwords: Passwords) -> None:
    ada = await member(database, passwords)
    grace = await member(database, passwords, "Grace", "grace@example.com")
    first, second, third = [await begin(database, ada) for _ in range(3)]
    await do_end_one(database, grace.person_id, first.session_id, NOW)
    assert len(await list_sessions(database, ada.person_id, NOW)) == 3
    await do_end_one(database, ada.person_id, first.session_id, NOW)
    assert {one.id for one in await list_sessions(database, ada.person_id, NOW)} == {
        second.session_id,
        third.session_id,
    }
    await do_end_others(database, third, NOW)
    assert [one.id for one in await list_sessions(database, ada.person_id, NOW)] == [third.session_id]


async def test_a_proof_lasts_a_quarter_of_an_hour(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    signed_in = await begin(database, account)
    signed_in.check_proved(NOW + 900_000)
    with pytest.raises(Refused, match="prove_again"):
        signed_in.check_proved(NOW + 900_001)
    await do_prove(database, signed_in.session_id, NOW + HOUR)


async def test_every_attempt_at_an_account_that_exists_is_in_its_history(
    database: Database, passwords: Passwords
) -> None:
    account = await member(database, passwords)
    source = From("192.0.2.0/24", "Firefox \udcff" + "x" * 500)
    for password in ("wrong wrong", PASSWORD):
        for mail in (account.mail, "eve@example.com"):
            try:
                await check_sign_in(database, passwords, mail=mail, password=password, source=source, now_ms=NOW + 1)
            except Refused:
                continue
    history = await list_sign_ins(database, account.person_id)
    assert [(one.way, one.outcome) for one in history] == [
        ("password", "signed_in"),
        ("password", "wrong"),
        ("link", "signed_in"),
    ]
    assert (history[0].network, len(history[0].browser), history[0].at) == ("192.0.2.0/24", 200, NOW + 1)
    assert await list_sign_ins(database, account.person_id, most=1, before=history[1].id) == history[2:]


class SlowPasswords(Passwords):
    """Lets the owner do something while a password is looked at."""

    meanwhile: Coroutine[Any, Any, object] | None = None

    async def verify(self, stored: str | None, password: str) -> bool:
        is_right = await super().verify(stored, password)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile
        return is_right


async def test_s17_an_old_password_that_was_looked_at_while_it_changed_opens_nothing(
    database: Database, passwords: Passwords
) -> None:
    ada = await member(database, passwords)
    slow = SlowPasswords(memory_kib=8, passes=1)
    try:
        new = "another fine river"
        slow.meanwhile = do_set_password(
            database, passwords, mail=ada.mail, password=new, now_ms=NOW, random=secrets.token_bytes
        )
        thief = await check_sign_in(database, slow, mail=ada.mail, password=PASSWORD, now_ms=NOW)
        with pytest.raises(Refused, match="signed_out"):
            await begin(database, thief)
    finally:
        slow.close()
    assert await list_sessions(database, ada.person_id, NOW) == []
    owner = await check_sign_in(database, passwords, mail=ada.mail, password=new, now_ms=NOW)
    assert (await begin(database, owner)).account.person_id == ada.person_id


async def test_s20_whoever_registered_first_is_not_let_in_while_the_owner_confirms(
    database: Database, passwords: Passwords
) -> None:
    await register(database, passwords, binding="of eve")
    code = await code_of_last(database, "confirm")
    eve = await check_sign_in(database, passwords, mail="ada@example.com", password=PASSWORD, now_ms=NOW)
    ada = (await confirm(database, code)).account
    with pytest.raises(Refused, match="signed_out"):
        await begin(database, eve)
    assert (await begin(database, ada)).is_complete


async def test_s17_of_a_session_and_a_new_password_at_once_the_password_wins(
    database: Database, passwords: Passwords
) -> None:
    ada = await member(database, passwords)
    tries = [begin(database, ada) for _ in range(10)]
    change = do_set_password(
        database, passwords, mail=ada.mail, password="another fine river", now_ms=NOW, random=secrets.token_bytes
    )
    await asyncio.gather(*tries[:5], change, *tries[5:], return_exceptions=True)
    assert await list_sessions(database, ada.person_id, NOW) == []


async def test_s22_nobody_fills_a_mailbox_by_asking_again_and_the_last_link_holds(
    database: Database, passwords: Passwords
) -> None:
    ada = await member(database, passwords)
    for _ in range(RESETS_MAX + 5):
        await do_ask_reset(database, ada.mail, now_ms=NOW)
    assert [mail["mail"] for mail in await mails(database)].count("reset") == RESETS_MAX
    await reset(database, passwords, await code_of_last(database, "reset"), "another fine river")
    await do_ask_reset(database, ada.mail, now_ms=NOW + 3_600_001)
    assert [mail["mail"] for mail in await mails(database)].count("reset") == RESETS_MAX + 1
