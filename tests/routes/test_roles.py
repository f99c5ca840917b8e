"""Roles on the pages: shaped by administrators, felt by everybody at their next request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import make_agent, make_site
from widget_server.actions.appointments import do_end_role, do_give_role
from widget_server.actions.audit import list_entries
from widget_server.actions.roles import do_create_role, list_roles
from widget_server.core.errors import Refused
from widget_server.core.permissions import BUILT_IN, EVERYTHING, Permission, Role
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.actions.roles import KnownRole

everywhere = pytest.mark.everywhere


async def roles_of(browser: Browser) -> dict[str, KnownRole]:
    return {role.key: role for role in await list_roles(browser.app[OFFICE].engine.database)}


async def as_administrator(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")


@everywhere
async def test_s2_15_an_administrator_shapes_roles_and_chooses_what_everybody_has(browser: Browser) -> None:
    await as_administrator(browser)
    made = await browser.post_form("/admin/roles", name="Reader", may_follow="on")
    assert (made.status, made.headers["Location"]) == (303, "/admin/roles")
    (reader,) = [role for role in (await roles_of(browser)).values() if role.name == "Reader"]
    assert reader.permissions == Permission.FOLLOW
    path = f"/admin/roles/{reader.key}"
    assert (await browser.post_form(path, name="Readers", may_follow="on", may_reply="on")).status == 303
    csrf = await browser.field("csrf", path)
    assert (await browser.post_form(f"{path}/default", csrf=csrf)).status == 303
    known = await roles_of(browser)
    assert known[reader.key]._replace(holders=0) == reader._replace(
        name="Readers", permissions=Permission.FOLLOW | Permission.REPLY, is_default=True
    )
    assert not known[Role.MEMBER].is_default
    verbs = [entry.verb for entry in await list_entries(browser.app[OFFICE].engine.database, object_kind="role")]
    assert verbs == ["role.made_default", "role.changed", "role.created"]


async def test_what_administrators_may_do_is_fixed_and_they_can_be_called_otherwise(browser: Browser) -> None:
    await as_administrator(browser)
    assert (await browser.post_form("/admin/roles/administrator", name="Keeper")).status == 303
    keeper = (await roles_of(browser))[Role.ADMINISTRATOR]
    assert (keeper.name, keeper.permissions) == ("Keeper", EVERYTHING)


@pytest.mark.parametrize("role", ["moderator", "agent", "administrator"])
async def test_everybody_cannot_be_given_power_over_others(browser: Browser, role: str) -> None:
    await as_administrator(browser)
    csrf = await browser.field("csrf", f"/admin/roles/{role}")
    assert (await browser.post_form(f"/admin/roles/{role}/default", csrf=csrf)).status == 422
    refused = await browser.post_form("/admin/roles/member", name="Member", may_answer="on", may_administer="on")
    assert refused.status == 422
    assert (await roles_of(browser))[Role.MEMBER].permissions == BUILT_IN[Role.MEMBER]


@pytest.mark.parametrize("role", ["member", "moderator", "agent", "administrator"])
async def test_built_in_roles_stay(browser: Browser, role: str) -> None:
    await as_administrator(browser)
    csrf = await browser.field("csrf", f"/admin/roles/{role}")
    assert (await browser.post_form(f"/admin/roles/{role}/remove", csrf=csrf)).status == 403
    assert role in await roles_of(browser)


async def test_a_name_is_taken_once(browser: Browser) -> None:
    await as_administrator(browser)
    refused = await browser.post_form("/admin/roles", name="MODERATOR", may_follow="on")
    text = await refused.text()
    assert refused.status == 422
    assert "taken" in text
    assert 'value="MODERATOR"' in text
    assert re.search(r'name="may_follow" value="on" checked', text)


async def test_s10_a_role_that_is_removed_gives_nothing_any_more(browser: Browser, second_browser: Browser) -> None:
    await as_administrator(browser)
    engine = browser.app[OFFICE].engine
    grace = await make_agent(browser, "grace@example.com", "Grace")
    administrator = (await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)).actor
    role = await do_create_role(engine, administrator, "Steward", Permission.MANAGE_PEOPLE)
    await do_give_role(engine, administrator, grace.public_id, role.key)
    await second_browser.sign_in("grace@example.com")
    assert (await second_browser.open("/admin")).status == 200
    csrf = await browser.field("csrf", f"/admin/roles/{role.key}")
    assert (await browser.post_form(f"/admin/roles/{role.key}/remove", csrf=csrf)).status == 303
    assert (await second_browser.open("/admin")).status == 403


@everywhere
async def test_the_last_administrator_remains(browser: Browser) -> None:
    ada = await make_agent(browser)
    engine = browser.app[OFFICE].engine
    with pytest.raises(Refused, match="last_administrator"):
        await do_end_role(engine, ada.actor, ada.public_id, Role.ADMINISTRATOR)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.ADMINISTRATOR)
    await do_end_role(engine, grace.actor, ada.public_id, Role.ADMINISTRATOR)
    with pytest.raises(Refused, match="beyond_you"):
        await do_end_role(engine, ada.actor, grace.public_id, Role.ADMINISTRATOR)
    with pytest.raises(Refused, match="last_administrator"):
        await do_end_role(engine, grace.actor, grace.public_id, Role.ADMINISTRATOR)


@everywhere
async def test_who_manages_one_site_appoints_for_it_alone(browser: Browser) -> None:
    ada = await make_agent(browser)
    engine = browser.app[OFFICE].engine
    plum, pear = await make_site(browser, key="plum"), await make_site(browser, key="pear")
    manager = await make_agent(browser, "mia@example.com", "Mia", role=Role.ADMINISTRATOR, site="plum")
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.AGENT, site="pear")
    given = await do_give_role(engine, manager.actor, grace.public_id, Role.AGENT, site_id=plum.id)
    assert {g.site_id for g in given.grants} == {plum.id, pear.id}
    for site_id in (pear.id, 0):
        with pytest.raises(Refused, match="beyond_you"):
            await do_give_role(engine, manager.actor, grace.public_id, Role.AGENT, site_id=site_id)
    with pytest.raises(Refused, match="beyond_you"):
        await do_end_role(engine, manager.actor, ada.public_id, Role.ADMINISTRATOR)
    taken = await do_end_role(engine, manager.actor, grace.public_id, Role.AGENT, site_id=plum.id)
    assert {g.site_id for g in taken.grants} == {pear.id}
    last = await do_end_role(engine, ada.actor, grace.public_id, Role.AGENT, site_id=pear.id)
    assert (last.kind, last.grants) == ("member", frozenset())
