"""Registering and confirming, by the owner of an address and by somebody else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.actions.people import HERE, NOW, PASSWORD, begin, code_of_last, confirm, mails, member, register
from widget_server.actions.accounts import check_sign_in
from widget_server.actions.passwords import Passwords
from widget_server.actions.registration import TOLD_MAX, check_wish, do_resend_confirmation, make_confirmed
from widget_server.actions.retention import UNCONFIRMED_DAYS, do_release_unconfirmed
from widget_server.actions.sessions import access_session, list_sessions
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import ALL_SITES, Grant, Role
from widget_server.store.statement import Statement
from widget_server.store.tables import identity, link

if TYPE_CHECKING:
    from widget_server.store.database import Database

HOUR = 3_600_000
KEPT = Statement(select(identity.c.value, identity.c.secret).where(identity.c.value.startswith("taken ")))


class CountingPasswords(Passwords):
    """Counts what it has hashed."""

    hashed = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)


async def test_s2_11_an_account_is_unconfirmed_until_the_link_is_used(database: Database, passwords: Passwords) -> None:
    account = await register(database, passwords)
    assert account is not None
    assert not account.is_confirmed
    assert not (await begin(database, account)).is_complete
    confirmed, keeps_password = await confirm(database, await code_of_last(database, "confirm"))
    assert (confirmed.person_id, confirmed.is_confirmed, keeps_password) == (account.person_id, True, True)
    await check_sign_in(database, passwords, mail=account.mail, password=PASSWORD, now_ms=NOW)


async def test_s20_a_link_is_used_once_and_by_its_newest_code_alone(database: Database, passwords: Passwords) -> None:
    account = await register(database, passwords)
    assert account is not None
    first = await code_of_last(database, "confirm")
    await do_resend_confirmation(database, account, binding=HERE, now_ms=NOW)
    second = await code_of_last(database, "confirm")
    for code in (first, "", "x" * 32, second[:-1]):
        with pytest.raises(Refused, match="link_ended"):
            await confirm(database, code)
    await confirm(database, f" {second.upper()} ")
    with pytest.raises(Refused, match="link_ended"):
        await confirm(database, second)


async def test_s20_of_many_links_that_are_asked_for_at_once_the_newest_alone_works(
    database: Database, passwords: Passwords
) -> None:
    account = await register(database, passwords)
    assert account is not None
    await asyncio.gather(*(do_resend_confirmation(database, account, binding=HERE, now_ms=NOW) for _ in range(20)))
    live = Statement(select(func.count()).select_from(link).where(link.c.ended_at.is_(None)))
    assert await database.read(lambda tx: tx.one(live)) == (1,)


@pytest.mark.parametrize("mail", ["ada@example.com", "eve@example.com"])
async def test_s21_a_members_name_does_not_tell_whose_address_it_is(
    database: Database, passwords: Passwords, mail: str
) -> None:
    await member(database, passwords)
    with pytest.raises(Unacceptable, match="taken"):
        await register(database, passwords, mail=mail)


async def test_s21_a_taken_address_costs_as_much_as_a_free_one(database: Database) -> None:
    counting = CountingPasswords(memory_kib=8, passes=1)
    try:
        await member(database, counting)
        before = counting.hashed
        assert await register(database, counting, name="Eve") is None
        assert await register(database, counting, name="Eva", mail="eve@example.com") is not None
        assert counting.hashed == before + 2
    finally:
        counting.close()


async def test_s20_a_link_ends_by_itself(database: Database, passwords: Passwords) -> None:
    await register(database, passwords)
    code = await code_of_last(database, "confirm")
    with pytest.raises(Refused, match="link_ended"):
        await confirm(database, code, now=NOW + 48 * HOUR)
    await confirm(database, code, now=NOW + 48 * HOUR - 1)


async def test_s20_of_fifty_who_use_a_confirmation_link_at_once_one_succeeds(
    database: Database, passwords: Passwords
) -> None:
    await register(database, passwords)
    code = await code_of_last(database, "confirm")
    outcomes = await asyncio.gather(*(confirm(database, code) for _ in range(50)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(outcomes) - len(refused), {each.name for each in refused}) == (1, {"link_ended"})


async def test_s20_a_strangers_password_does_not_survive_the_owners_confirmation(
    database: Database, passwords: Passwords
) -> None:
    account = await register(database, passwords, binding="the browser of an attacker")
    assert account is not None
    attacker = await begin(database, account)
    confirmed, keeps_password = await confirm(database, await code_of_last(database, "confirm"), binding="the owner's")
    assert not keeps_password
    with pytest.raises(Refused, match="wrong_sign_in"):
        await check_sign_in(database, passwords, mail=account.mail, password=PASSWORD, now_ms=NOW)
    assert await list_sessions(database, confirmed.person_id, NOW) == []
    assert attacker.account.person_id == confirmed.person_id


async def test_a_link_that_is_opened_where_the_account_is_signed_in_keeps_the_password(
    database: Database, passwords: Passwords
) -> None:
    account = await register(database, passwords)
    assert account is not None
    code = await code_of_last(database, "confirm")
    assert (await confirm(database, code, binding="its session", signed_in=account.person_id)).keeps_password


async def test_whoever_registers_again_before_confirming_begins_anew(database: Database, passwords: Passwords) -> None:
    attacker = await register(database, passwords, name="Mallory", binding="the browser of an attacker")
    assert attacker is not None
    await begin(database, attacker)
    old_code = await code_of_last(database, "confirm")
    owner = await register(database, passwords, password="another fine river")
    assert owner is not None
    assert (owner.person_id, owner.name) == (attacker.person_id, "Ada")
    assert await list_sessions(database, owner.person_id, NOW) == []
    with pytest.raises(Refused, match="link_ended"):
        await confirm(database, old_code)
    assert (await confirm(database, await code_of_last(database, "confirm"))).keeps_password
    await check_sign_in(database, passwords, mail=owner.mail, password="another fine river", now_ms=NOW)


async def test_s21_a_taken_address_is_told_by_mail_alone(database: Database, passwords: Passwords) -> None:
    await member(database, passwords)
    assert await register(database, passwords, name="Eve", mail="ADA@example.com") is None
    last = (await mails(database))[-1]
    assert (last["mail"], last["to"], last["link"]) == ("address_taken", "ADA@example.com", None)
    await check_sign_in(database, passwords, mail="ada@example.com", password=PASSWORD, now_ms=NOW)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("ada", "taken"),
        ("A\u200bda", "taken"),
        ("\u0410da", "name_looks_alike"),
        ("\u0391D\u0391", "name_looks_alike"),
        ("A d.a", "name_looks_alike"),
        ("\u202eadA", "taken"),
        ("Support", "taken"),
        ("Adm\u0456n", "taken"),
    ],
)
async def test_s2_09_a_name_is_unique_by_its_look(
    database: Database, passwords: Passwords, name: str, refusal: str
) -> None:
    await member(database, passwords)
    with pytest.raises(Unacceptable, match=refusal):
        await register(database, passwords, name=name, mail="eve@example.com")


async def test_s2_09_of_twenty_who_want_a_name_at_once_one_gets_it(database: Database, passwords: Passwords) -> None:
    outcomes = await asyncio.gather(
        *(register(database, passwords, mail=f"ada{n}@example.com") for n in range(20)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Unacceptable)]
    assert (len(refused), {each.name for each in refused}) == (19, {"taken"})


async def test_s2_16_the_named_address_becomes_administrator_when_it_is_confirmed(
    database: Database, passwords: Passwords
) -> None:
    account = await register(database, passwords)
    assert account is not None
    assert account.grants == frozenset()
    code = await code_of_last(database, "confirm")
    confirmed = (await confirm(database, code, administrator="Ada@Example.com")).account
    assert confirmed.grants == {Grant(Role.ADMINISTRATOR, ALL_SITES)}


async def test_s2_16_nobody_else_does_and_nobody_whose_address_was_not_shown(
    database: Database, passwords: Passwords
) -> None:
    open_at_once = await register(database, passwords, has_mail=False)
    assert open_at_once is not None
    assert open_at_once.is_confirmed
    assert open_at_once.grants == frozenset()
    await register(database, passwords, name="Eve", mail="eve@example.com")
    eve = (await confirm(database, await code_of_last(database, "confirm"), administrator="ada@example.com")).account
    assert eve.grants == frozenset()


async def test_s0_15_the_store_holds_neither_a_password_nor_a_code(database: Database, passwords: Passwords) -> None:
    await register(database, passwords)
    code = await code_of_last(database, "confirm")
    everything = [
        await database.read(lambda tx, table=table: tx.all(Statement(select(table))))  # type: ignore[misc]  # a lambda with a default
        for table in (identity, link)
    ]
    assert "$argon2id$" in str(everything)
    assert PASSWORD not in str(everything)
    assert code not in str(everything)


async def test_s2_10_a_password_is_kept_as_a_salted_slow_hash(database: Database, passwords: Passwords) -> None:
    for name in ("Ada", "Grace"):
        await member(database, passwords, name, f"{name.lower()}@example.com")
    kept = [row[0] for row in await database.read(lambda tx: tx.all(Statement(select(identity.c.secret))))]
    assert len(set(kept)) == 2
    assert all(secret.startswith("$argon2id$v=19$m=8,t=1,p=1$") for secret in kept)


async def test_a_session_of_a_confirmed_account_is_complete(database: Database, passwords: Passwords) -> None:
    account = await member(database, passwords)
    signed_in = await begin(database, account)
    assert signed_in.is_complete
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, "x" * 43, NOW)


async def test_s20_who_has_an_address_that_only_reads_the_same_has_not_shown_that_the_other_is_theirs(
    database: Database, passwords: Passwords
) -> None:
    eve = await register(database, passwords, name="Eve", mail="root@stra\u00dfe.example")
    assert eve is not None
    confirmed, _ = await confirm(
        database, await code_of_last(database, "confirm"), administrator="root@strasse.example"
    )
    assert confirmed.is_confirmed
    assert confirmed.grants == set()
    owner = await register(database, passwords, name="Root", mail="root@strasse.example")
    assert owner is not None
    assert owner.person_id != eve.person_id
    confirmed, _ = await confirm(
        database, await code_of_last(database, "confirm"), administrator=" Root@Strasse.example"
    )
    assert confirmed.grants == {Grant(Role.ADMINISTRATOR, ALL_SITES)}


@pytest.mark.parametrize(
    "first", ["a\u200bda@example.com", "ADA@example.com", "ada@ex\u00adample.com", "ada@\u2060Example.com"]
)
async def test_s20_the_link_goes_to_the_address_of_who_registers_last(
    database: Database, passwords: Passwords, first: str
) -> None:
    assert await register(database, passwords, name="Eve", mail=first) is not None
    ada = await register(database, passwords, mail="ada@example.com")
    assert ada is not None
    assert ada.written == "ada@example.com"
    assert [mail["to"] for mail in await mails(database)] == [
        check_wish(name="Eve", mail=first, password=PASSWORD).written,
        "ada@example.com",
    ]


@pytest.mark.parametrize(
    "mail",
    [
        "eve<ada@example.com>",
        '"ada"@example.com',
        "ada@example.com,eve",
        "\uff41da@example.com",
        "ada@example\uff0ecom",
    ],
)
def test_s35_what_a_mail_server_would_read_as_another_address_is_none(mail: str) -> None:
    with pytest.raises(Unacceptable, match="bad_mail"):
        check_wish(name="Ada", mail=mail, password=PASSWORD)


async def test_s20_a_link_of_before_takes_nothing_from_the_owner_who_came_in_by_another_way(
    database: Database, passwords: Passwords
) -> None:
    await register(database, passwords, name="Eve", binding="of eve")
    old = await code_of_last(database, "confirm")
    wish = check_wish(name="Ada", mail="ada@example.com", password="the owner's own river")
    secret = await passwords.hash(wish.password)
    owner = await database.write(
        lambda tx: make_confirmed(tx, wish, secret, public_id="unused", language="", now_ms=NOW)
    )
    with pytest.raises(Refused, match="link_ended"):
        await confirm(database, old)
    signed_in = await check_sign_in(database, passwords, mail=owner.mail, password=wish.password, now_ms=NOW)
    assert signed_in.person_id == owner.person_id


async def test_s21_a_name_tells_nobody_whether_an_address_has_an_account(
    database: Database, passwords: Passwords
) -> None:
    await member(database, passwords)
    for mail in ("ada@example.com", "nobody@example.com"):
        for _ in range(2):
            await register(database, passwords, name=f"Probe {mail[:3]}", mail=mail)
        with pytest.raises(Unacceptable, match="taken"):
            await register(database, passwords, name=f"Probe {mail[:3]}", mail="eve@example.com")
        await register(database, passwords, name=f"Other {mail[:3]}", mail=mail)
        assert await register(database, passwords, name=f"Probe {mail[:3]}", mail="eve@example.com") is not None
    later = NOW + (UNCONFIRMED_DAYS + 3) * 24 * HOUR
    assert await do_release_unconfirmed(database, now_ms=later) == 3
    assert await register(database, passwords, name="Other ada", mail="eve@example.com", now=later) is not None


async def test_s21_where_no_mail_is_sent_a_taken_address_leaves_the_name_free(
    database: Database, passwords: Passwords
) -> None:
    await register(database, passwords, has_mail=False)
    assert await register(database, passwords, name="Eve", has_mail=False) is None
    assert await register(database, passwords, name="Eve", mail="eve@example.com", has_mail=False) is not None


async def test_s21_what_keeps_a_name_opens_nothing(database: Database, passwords: Passwords) -> None:
    await member(database, passwords)
    await register(database, passwords, name="Probe", password="a probe in the river")
    row = await database.read(lambda tx: tx.one(KEPT))
    assert row is not None
    address, secret = row
    assert secret is None
    assert "ada" not in address
    with pytest.raises(Unacceptable, match="bad_mail"):
        check_wish(name="Eve", mail=address, password=PASSWORD)
    with pytest.raises(Refused, match="wrong_sign_in"):
        await check_sign_in(database, passwords, mail=address, password="a probe in the river", now_ms=NOW)
    assert [mail["to"] for mail in await mails(database)] == ["ada@example.com"] * 2


async def test_s22_nobody_fills_a_mailbox_by_registering_with_its_address(
    database: Database, passwords: Passwords
) -> None:
    await member(database, passwords)
    for number in range(TOLD_MAX + 3):
        await register(database, passwords, name=f"Probe {number}")
    assert [mail["mail"] for mail in await mails(database)].count("address_taken") == TOLD_MAX
