"""Creating sites and changing them, each by who may."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from widget_server.actions.opening import is_zone, opening_at, zone_offset
from widget_server.actions.sites import (
    Site,
    access_public_site,
    access_site,
    check_create_site,
    do_create_site,
    do_update_site,
    list_answered_sites,
    list_managed_sites,
    list_sites,
)
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.hours import check_hours
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role

if TYPE_CHECKING:
    from widget_server.store.database import Database

NOW = 1_795_000_000_000


def actor(role: Role, site_id: int = ALL_SITES) -> Actor:
    return Actor(0, "01926b3a-8a70-7cc2-8f00-0123456789ab", frozenset({Grant(role, site_id)}))


ADMINISTRATOR = actor(Role.ADMINISTRATOR)


async def create(db: Database, name: str = "Plum & Sons", **more: object) -> Site:
    arguments = {"allowed_origins": ["https://Plum.example/"], "now_ms": NOW, "random": secrets.token_bytes} | more
    return await do_create_site(db, name=name, **arguments)  # type: ignore[arg-type]  # spread on purpose


async def test_a_new_site_has_a_key_of_its_own_and_the_origin_as_browsers_write_it(database: Database) -> None:
    first, second = await create(database), await create(database)
    assert first.key != second.key
    assert first.allowed_origins == ("https://plum.example",)
    assert await access_public_site(database, first.key) == first
    assert await list_sites(database) == [first, second]


async def test_a_wished_key_is_taken_once(database: Database) -> None:
    assert (await create(database, key="plum")).key == "plum"
    with pytest.raises(Unacceptable, match="taken"):
        await create(database, key="plum")
    with pytest.raises(Unacceptable, match="bad_value"):
        await create(database, key="Plum Shop")


@pytest.mark.parametrize("key", ["unknown", "", "../etc", "x" * 500, "plum'--"])
async def test_an_unknown_key_is_refused_whatever_it_looks_like(database: Database, key: str) -> None:
    with pytest.raises(Refused, match="unknown_site"):
        await access_public_site(database, key)


async def test_a_wrong_origin_creates_nothing(database: Database) -> None:
    with pytest.raises(Unacceptable, match="bad_origin"):
        await create(database, allowed_origins=["https://ok.example", "https://*.example"])
    assert await list_sites(database) == []


async def test_any_part_of_a_site_can_be_changed_and_the_rest_stays(database: Database) -> None:
    site = await create(database)
    changes = {"color": "#112233", "hours": {"zone": "Europe/Berlin", "days": {"1": [["09:00", "17:00"]]}}}
    changed = await do_update_site(database, ADMINISTRATOR, site.key, changes, now_ms=NOW)
    again = await do_update_site(database, ADMINISTRATOR, site.key, {"name": "Plum", "allowed_origins": []}, now_ms=NOW)
    assert again.appearance == changed.appearance
    assert again.appearance.color == "#112233"
    assert (again.name, again.allowed_origins) == ("Plum", ())
    assert await access_site(database, ADMINISTRATOR, site.key) == again


@pytest.mark.parametrize(
    "changes",
    [{"name": 7}, {"allowed_origins": "https://a.example"}, {"allowed_origins": [7]}, {"key": "other"}, {"color": ""}],
)
async def test_a_wrong_change_changes_nothing(database: Database, changes: dict[str, object]) -> None:
    site = await create(database)
    with pytest.raises(ProductError):
        await do_update_site(database, ADMINISTRATOR, site.key, {"greeting": "Hi"} | changes, now_ms=NOW)
    assert await access_public_site(database, site.key) == site


async def test_s10_every_list_shows_what_its_door_opens(database: Database) -> None:
    sites = [await create(database, name) for name in ("One", "Two", "Three")]
    for role in (Role.AGENT, Role.ADMINISTRATOR):
        for granted in (ALL_SITES, sites[1].id):
            someone = actor(role, granted)
            answered = await list_answered_sites(database, someone)
            managed = await list_managed_sites(database, someone)
            assert answered == (sites if granted == ALL_SITES else [sites[1]])
            assert managed == (answered if role is Role.ADMINISTRATOR else [])
            for site in sites:
                if site in answered:
                    assert await access_site(database, someone, site.key) == site
                else:
                    with pytest.raises(Refused, match="not_found"):
                        await access_site(database, someone, site.key)


async def test_who_may_not_change_a_site_is_told_so_and_who_may_not_see_it_finds_nothing(database: Database) -> None:
    site = await create(database)
    with pytest.raises(Refused, match="not_allowed"):
        await do_update_site(database, actor(Role.AGENT), site.key, {"name": "Mine"}, now_ms=NOW)
    for nobody in (actor(Role.ADMINISTRATOR, site.id + 1), actor(Role.AGENT, site.id + 1)):
        with pytest.raises(Refused, match="not_found"):
            await do_update_site(database, nobody, site.key, {"name": "Mine"}, now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await do_update_site(database, ADMINISTRATOR, "missing", {"name": "Mine"}, now_ms=NOW)
    assert await access_public_site(database, site.key) == site


def test_only_an_administrator_of_all_adds_sites() -> None:
    check_create_site(ADMINISTRATOR)
    for someone in (actor(Role.AGENT), actor(Role.ADMINISTRATOR, 7)):
        with pytest.raises(Refused, match="not_allowed"):
            check_create_site(someone)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "x" * 65, "UTC\x00"])
def test_what_is_no_time_zone_is_not_taken_for_one(name: str) -> None:
    assert not is_zone(name)
    assert zone_offset(name)(NOW) == 0


def test_opening_follows_the_zone_of_the_team() -> None:
    hours = check_hours({"zone": "Asia/Tokyo", "days": {d: [["09:00", "18:00"]] for d in "1234567"}}, is_zone)
    nine_in_tokyo = NOW - NOW % 86_400_000
    assert opening_at(hours, nine_in_tokyo - 1) == (False, nine_in_tokyo)
    assert opening_at(hours, nine_in_tokyo) == (True, nine_in_tokyo + 9 * 3_600_000)
