"""Who is here, who follows whom, and whose profile one may change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from tests.actions.crowd import NOW, PASSWORD, make_administrator, make_member
from widget_server.actions.accounts import access_account, check_sign_in
from widget_server.actions.members import (
    PAGE,
    do_follow,
    do_unfollow,
    list_followers,
    list_following,
    list_members,
    page_number,
)
from widget_server.actions.profiles import ProfileText, access_profile, do_edit_profile
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Permission
from widget_server.store.statement import Statement
from widget_server.store.tables import audit, follow, identity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database, Transaction

    T = TypeVar("T")

FOLLOWS = Statement(select(func.count()).select_from(follow))
AUDITED = Statement(
    select(audit.c.actor_id, audit.c.verb, audit.c.object_id, audit.c.details).where(audit.c.verb == "person.edited")
)
UNCONFIRM = Statement(update(identity).values(confirmed_at=None))
TEXT = ProfileText("Ada Byron", "London", "Looms.", "", "")


async def test_s2_19_both_counts_change_with_following_and_unfollowing(
    database: Database, passwords: Passwords
) -> None:
    ada, bob = await make_member(database, passwords), await make_member(database, passwords, "Bob")
    for _ in range(2):
        await do_follow(database, ada.actor, bob.public_id, now_ms=NOW)
        followed = await access_profile(database, bob.public_id, viewer_id=ada.person_id)
        assert (followed.followers, followed.following, followed.is_followed) == (1, 0, True)
        follower = await access_profile(database, ada.public_id, viewer_id=bob.person_id)
        assert (follower.followers, follower.following, follower.is_followed) == (0, 1, False)
    for _ in range(2):
        await do_unfollow(database, ada.actor, bob.public_id)
        assert (await access_profile(database, bob.public_id)).followers == 0
        assert (await access_profile(database, ada.public_id)).following == 0


async def test_s15_following_at_once_leaves_one_row(database: Database, passwords: Passwords) -> None:
    ada, bob = await make_member(database, passwords), await make_member(database, passwords, "Bob")
    await asyncio.gather(*(do_follow(database, ada.actor, bob.public_id, now_ms=NOW) for _ in range(50)))
    assert await database.read(lambda tx: tx.one(FOLLOWS)) == (1,)


async def test_nobody_follows_themselves_somebody_unknown_or_without_the_permission(
    database: Database, passwords: Passwords
) -> None:
    ada, bob = await make_member(database, passwords), await make_member(database, passwords, "Bob")
    with pytest.raises(Refused, match="not_allowed"):
        await do_follow(database, ada.actor, ada.public_id, now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await do_follow(database, ada.actor, "nobody", now_ms=NOW)
    silenced = Actor(ada.person_id, ada.public_id, frozenset({Grant("member", ALL_SITES, 0, Permission.REPLY)}))
    with pytest.raises(Refused, match="not_allowed"):
        await do_follow(database, silenced, bob.public_id, now_ms=NOW)


async def test_s2_19_followers_and_followed_come_in_pages_of_fifty(database: Database, passwords: Passwords) -> None:
    star = await make_member(database, passwords, "Star")
    fans = [await make_member(database, passwords, f"Fan{number} Jones") for number in range(PAGE + 2)]
    for number, fan in enumerate(fans):
        await do_follow(database, fan.actor, star.public_id, now_ms=NOW + number)
        await do_follow(database, star.actor, fan.public_id, now_ms=NOW + number)
    for listed in (list_followers, list_following):
        first, second = await listed(database, star.person_id), await listed(database, star.person_id, page=2)
        beyond = await listed(database, star.person_id, page=999_999)
        assert (len(first.members), first.has_more) == (PAGE, True)
        assert (len(second.members), second.has_more) == (2, False)
        assert (beyond.members, beyond.has_more) == ([], False)
        shown = [member.public_id for member in (*first.members, *second.members)]
        assert shown == [fan.public_id for fan in reversed(fans)]


async def test_the_list_of_members_is_by_name_and_can_be_searched(database: Database, passwords: Passwords) -> None:
    for name in ("Zoë Quinn", "ada byron", "Bob 100%", "Bob_Under", "Bob\\Back", "Carne"):
        await make_member(database, passwords, name, f"{name[0]}{len(name)}{ord(name[-1])}@example.com")

    async def names(search: str) -> list[str]:
        return [member.name for member in (await list_members(database, search)).members]

    assert (await names(""))[0] == "ada byron"
    assert (await names(""))[-1] == "Zoë Quinn"
    assert await names("ZOE\u0308") == ["Zoë Quinn"]
    assert await names("0%") == ["Bob 100%"]
    assert await names("b_u") == ["Bob_Under"]
    assert await names("b\\b") == ["Bob\\Back"]
    assert await names("car") == ["Carne"]
    for nothing in ("' OR 1=1 --", "%%%", "\x00", "\ud800", "x" * 10_000):
        assert await names(nothing) in ([], await names(""))


async def test_whoever_has_not_confirmed_their_address_is_no_member_yet(
    database: Database, passwords: Passwords
) -> None:
    await make_member(database, passwords)
    await database.write(lambda tx: tx.run(UNCONFIRM))
    assert (await list_members(database)).members == []


async def test_a_list_takes_the_same_number_of_statements_however_long_it_is(
    database: Database, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    read = database.read

    async def counting(fn: Callable[[Transaction], Awaitable[T]]) -> T:
        async def watched(tx: Transaction) -> T:
            class Watching:
                dialect = tx.dialect

                async def all(self, statement: Statement, /, **params: object) -> object:
                    counted.append(1)
                    return await tx.all(statement, **params)

            return await fn(Watching())  # type: ignore[arg-type]  # what the list uses of it

        return await read(watched)

    await make_member(database, passwords)
    with monkeypatch.context() as patched:
        patched.setattr(database, "read", counting)
        await list_members(database)
    few = len(counted)
    for number in range(20):
        await make_member(database, passwords, f"Fan{number} Jones")
    with monkeypatch.context() as patched:
        patched.setattr(database, "read", counting)
        assert len((await list_members(database)).members) == 21
    assert len(counted) == 2 * few == 2


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("7", 7),
        ("0", 1),
        ("-3", 1),
        ("x", 1),
        ("", 1),
        ("²", 1),
        ("9" * 30, 1_000_000),
        ("99999999", 1_000_000),
    ],
)
def test_any_address_names_a_page(text: str, number: int) -> None:
    assert page_number(text) == number


async def test_s2_22_one_edits_ones_own_profile_and_nobody_elses(database: Database, passwords: Passwords) -> None:
    ada, eve = await make_member(database, passwords), await make_member(database, passwords, "Eve")
    await do_edit_profile(database, ada.actor, ada.public_id, TEXT._replace(zone="Europe/Berlin"), now_ms=NOW)
    account = await access_account(database, ada.person_id)
    assert (account.place, account.about, account.zone) == ("London", "Looms.", "Europe/Berlin")
    with pytest.raises(Refused, match="not_allowed"):
        await do_edit_profile(database, eve.actor, ada.public_id, TEXT, now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await do_edit_profile(database, ada.actor, "nobody", TEXT, now_ms=NOW)
    assert await database.read(lambda tx: tx.all(AUDITED)) == []


async def test_s2_22_who_looks_after_people_edits_any_profile_and_it_is_written_down(
    database: Database, passwords: Passwords
) -> None:
    ada, bob = await make_member(database, passwords), await make_administrator(database, passwords)
    await do_edit_profile(database, bob.actor, ada.public_id, TEXT, now_ms=NOW)
    assert (await access_profile(database, ada.public_id)).place == "London"
    ((actor, verb, whom, details),) = await database.read(lambda tx: tx.all(AUDITED))
    assert (actor, verb, whom) == (bob.person_id, "person.edited", ada.public_id)
    assert details == '{"changed":["place","about"]}'


async def test_a_name_is_free_again_for_its_owner_and_for_nobody_else(database: Database, passwords: Passwords) -> None:
    ada, bob = await make_member(database, passwords), await make_member(database, passwords, "Bob")
    for name in ("ADA BYRON", "Ada Byron", "Ada"):
        await do_edit_profile(database, ada.actor, ada.public_id, TEXT._replace(name=name), now_ms=NOW)
    with pytest.raises(Unacceptable, match="taken"):
        await do_edit_profile(database, bob.actor, bob.public_id, TEXT._replace(name="aDA"), now_ms=NOW)
    await do_edit_profile(database, bob.actor, bob.public_id, TEXT._replace(name="Ada Byron"), now_ms=NOW)
    assert (await check_sign_in(database, passwords, mail=bob.mail, password=PASSWORD, now_ms=NOW)).name
