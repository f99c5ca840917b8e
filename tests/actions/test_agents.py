"""Making agents, signing them in, and what a new password ends."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, update

from widget_server.actions.accounts import Account, check_sign_in, check_staff
from widget_server.actions.agents import (
    access_agent,
    do_create_agent,
    do_rename,
    list_agents,
)
from widget_server.actions.credentials import do_set_password
from widget_server.actions.passwords import Passwords
from widget_server.actions.sessions import access_session, do_begin_session, do_end_session
from widget_server.actions.sites import do_create_site
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.ids import token
from widget_server.core.permissions import ALL_SITES, Grant, Role
from widget_server.store.queries import accounts as queries
from widget_server.store.statement import Statement
from widget_server.store.tables import role_grant

if TYPE_CHECKING:
    from widget_server.store.database import Database

NOW = 1_795_000_000_000
PASSWORD = "plum tree over river"
END_GRANTS = Statement(
    update(role_grant).where(role_grant.c.person_id == bindparam("owner")).values(ended_at=bindparam("now"))
)


async def create(db: Database, passwords: Passwords, mail: str = "ada@example.com", **more: object) -> Account:
    arguments = {"name": "Ada", "password": PASSWORD, "now_ms": NOW, "random": secrets.token_bytes} | more
    made = await do_create_agent(db, passwords, mail=mail, **arguments)  # type: ignore[arg-type]  # spread on purpose
    return made.agent


async def begin(db: Database, agent: Account, *, replaced: str | None = None, now: int = NOW) -> str:
    fresh = token(secrets.token_bytes(32))
    await do_begin_session(db, agent, fresh, replaced=replaced, browser="Firefox", now_ms=now, days=14)
    return fresh


async def test_the_first_agent_administers_everything_and_the_second_answers(
    database: Database, passwords: Passwords
) -> None:
    first = await create(database, passwords)
    second = await create(database, passwords, "grace@example.com", name="Grace")
    assert first.grants == {Grant(Role.ADMINISTRATOR, ALL_SITES)}
    assert second.grants == {Grant(Role.AGENT, ALL_SITES)}
    assert [agent.name for agent in await list_agents(database)] == ["Ada", "Grace"]


async def test_an_agent_can_be_made_for_one_site(database: Database, passwords: Passwords) -> None:
    site = await do_create_site(database, name="Shop", allowed_origins=[], now_ms=NOW, random=secrets.token_bytes)
    agent = await create(database, passwords, role=Role.ADMINISTRATOR, site_key=site.key)
    assert (await access_agent(database, agent.person_id)).grants == {Grant(Role.ADMINISTRATOR, site.id)}
    with pytest.raises(Refused, match="unknown_site"):
        await create(database, passwords, "grace@example.com", site_key="no-such-site")


async def test_a_generated_password_is_told_once_and_signs_in(database: Database, passwords: Passwords) -> None:
    made = await do_create_agent(
        database, passwords, mail="ada@example.com", name="Ada", now_ms=NOW, random=secrets.token_bytes
    )
    assert made.password
    agent = await check_sign_in(database, passwords, mail=" ADA@Example.com ", password=made.password, now_ms=NOW)
    assert agent == made.agent


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"mail": "ada"}, "bad_mail"),
        ({"mail": "a b@example.com"}, "bad_mail"),
        ({"mail": "ada@grace@example.com"}, "bad_mail"),
        ({"mail": ""}, "line_empty"),
        ({"name": " "}, "line_empty"),
        ({"password": "password123"}, "weak_password"),
    ],
)
async def test_what_is_wrong_with_an_agent_is_said_and_nothing_is_stored(
    database: Database, passwords: Passwords, wrong: dict[str, str], refusal: str
) -> None:
    with pytest.raises(Unacceptable, match=refusal):
        await create(database, passwords, **wrong)
    assert await list_agents(database) == []


async def test_an_address_is_taken_in_any_spelling(database: Database, passwords: Passwords) -> None:
    await create(database, passwords)
    with pytest.raises(Unacceptable, match="taken"):
        await create(database, passwords, "\u200bADA@EXAMPLE.COM")


@pytest.mark.parametrize(("mail", "password"), [("ada@example.com", "wrong password"), ("eve@example.com", PASSWORD)])
async def test_s21_a_wrong_password_and_an_unknown_address_look_the_same(
    database: Database, passwords: Passwords, mail: str, password: str
) -> None:
    await create(database, passwords)
    with pytest.raises(Refused) as refused:
        await check_sign_in(database, passwords, mail=mail, password=password, now_ms=NOW)
    assert (refused.value.name, refused.value.facts) == ("wrong_sign_in", {})


async def test_s21_an_unknown_address_is_verified_as_well(database: Database) -> None:
    class Counting(Passwords):
        verified = 0

        async def verify(self, stored: str | None, password: str) -> bool:
            self.verified += 1
            return await super().verify(stored, password)

    counting = Counting(memory_kib=8, passes=1)
    try:
        with pytest.raises(Refused):
            await check_sign_in(database, counting, mail="eve@example.com", password="x", now_ms=NOW)
    finally:
        counting.close()
    assert counting.verified == 1


async def test_a_hash_of_older_parameters_is_renewed_at_sign_in(database: Database, passwords: Passwords) -> None:
    agent = await create(database, passwords)
    stronger = Passwords(memory_kib=16, passes=2)
    try:
        await check_sign_in(database, stronger, mail=agent.mail, password=PASSWORD, now_ms=NOW)
        row = await database.read(lambda tx: tx.one(queries.BY_MAIL, mail=agent.mail))
        assert row is not None
        assert not stronger.is_outdated(row[-1])
        await check_sign_in(database, stronger, mail=agent.mail, password=PASSWORD, now_ms=NOW)
    finally:
        stronger.close()


async def test_no_password_is_stored_in_clear(database: Database, passwords: Passwords) -> None:
    await create(database, passwords)
    row = await database.read(lambda tx: tx.one(queries.BY_MAIL, mail="ada@example.com"))
    assert row is not None
    assert PASSWORD not in str(row)
    assert row[-1].startswith("$argon2id$")


async def test_s19_too_many_at_once_are_told_to_come_later_and_the_others_are_served(passwords: Passwords) -> None:
    outcomes = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(60)), return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 50
    assert {outcome.name for outcome in outcomes if isinstance(outcome, TryLater)} == {"busy"}


async def test_s17_a_new_password_ends_the_other_sessions(database: Database, passwords: Passwords) -> None:
    agent = await create(database, passwords)
    here, elsewhere = await begin(database, agent), await begin(database, agent)
    kept = (await access_session(database, here, NOW)).session_id
    said = await do_set_password(
        database,
        passwords,
        mail=agent.mail,
        password="another fine river",
        kept_session=kept,
        now_ms=NOW,
        random=secrets.token_bytes,
    )
    assert said is None
    assert (await access_session(database, here, NOW)).account.person_id == agent.person_id
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, elsewhere, NOW)
    with pytest.raises(Refused):
        await check_sign_in(database, passwords, mail=agent.mail, password=PASSWORD, now_ms=NOW)
    await check_sign_in(database, passwords, mail=agent.mail, password="another fine river", now_ms=NOW)


async def test_a_password_can_be_generated_anew_for_a_known_address_only(
    database: Database, passwords: Passwords
) -> None:
    agent = await create(database, passwords)
    told = await do_set_password(database, passwords, mail=agent.mail, now_ms=NOW, random=secrets.token_bytes)
    assert told
    await check_sign_in(database, passwords, mail=agent.mail, password=told, now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await do_set_password(database, passwords, mail="eve@example.com", now_ms=NOW, random=secrets.token_bytes)


async def test_s16_signing_in_again_replaces_the_session_of_the_same_browser(
    database: Database, passwords: Passwords
) -> None:
    agent = await create(database, passwords)
    before = await begin(database, agent)
    after = await begin(database, agent, replaced=before)
    assert (await access_session(database, after, NOW)).account.person_id == agent.person_id
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, before, NOW)


async def test_who_loses_the_last_right_keeps_the_account_and_answers_nobody(
    database: Database, passwords: Passwords
) -> None:
    agent = await create(database, passwords)
    here = await begin(database, agent)
    assert (await access_session(database, here, NOW)).account.person_id == agent.person_id
    await database.write(lambda tx: tx.run(END_GRANTS, owner=agent.person_id, now=NOW))
    account = (await access_session(database, here, NOW)).account
    with pytest.raises(Refused, match="not_allowed"):
        check_staff(account)
    with pytest.raises(Refused, match="not_found"):
        await access_agent(database, agent.person_id)
    assert await list_agents(database) == []


async def test_a_session_ends_by_itself_and_by_signing_out(database: Database, passwords: Passwords) -> None:
    agent = await create(database, passwords)
    first, second = await begin(database, agent), await begin(database, agent)
    assert (await access_session(database, first, NOW + 13 * 86_400_000)).account.person_id == agent.person_id
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, first, NOW + 15 * 86_400_000)
    await do_end_session(database, second, NOW)
    await do_end_session(database, second, NOW)
    for wrong in (second, "", "x" * 43, "' OR 1=1 --"):
        with pytest.raises(Refused, match="signed_out"):
            await access_session(database, wrong, NOW)


async def test_a_name_can_be_changed_but_not_to_nothing(database: Database, passwords: Passwords) -> None:
    agent = await create(database, passwords)
    await do_rename(database, agent.person_id, " Ada  Lovelace ")
    assert (await access_agent(database, agent.person_id)).name == "Ada Lovelace"
    for wrong in ("", 7, None):
        with pytest.raises(Unacceptable):
            await do_rename(database, agent.person_id, wrong)


async def test_nobody_is_an_agent_by_number_alone(database: Database) -> None:
    with pytest.raises(Refused, match="not_found"):
        await access_agent(database, 12345)
