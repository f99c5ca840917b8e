"""People as administrators see them (S3.16): found, looked at, and looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import make_agent, make_site
from widget_server.actions.accounts import access_account
from widget_server.actions.appointments import do_give_role
from widget_server.actions.audit import list_entries
from widget_server.actions.roles import do_create_role
from widget_server.core.permissions import Permission, Role
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

everywhere = pytest.mark.everywhere


async def verbs(browser: Browser, public_id: str) -> list[str]:
    """What was done to somebody, the newest first."""
    entries = await list_entries(browser.app[OFFICE].engine.database, object_kind="person", object_id=public_id)
    return [entry.verb for entry in entries]


@everywhere
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Ada", "Grace_Hopper", "Mia"}),
        ("?q=hopper", {"Grace_Hopper"}),
        ("?q=grace_h%40", {"Grace_Hopper"}),
        ("?q=e_ample", set()),
        ("?q=%25", set()),
        ("?q=mia%40example", {"Mia"}),
        ("?role=moderator", {"Mia"}),
        ("?role=moderator&q=grace", set()),
        ("?kind=agent&role=agent", {"Grace_Hopper"}),
        ("?after=99999", set()),
    ],
)
async def test_s3_16_an_administrator_finds_people(browser: Browser, query: str, found: set[str]) -> None:
    await make_agent(browser)
    await make_agent(browser, "grace_h@example.com", "Grace_Hopper", role=Role.AGENT)
    await make_agent(browser, "mia@example.com", "Mia", role=Role.MODERATOR)
    await browser.sign_in("ada@example.com")
    text = await (await browser.open(f"/admin/people{query}")).text()
    table = text.partition("<tbody>")[2]
    assert {name for name in ("Ada", "Grace_Hopper", "Mia") if f">{name}</a>" in table} == found


async def test_s3_16_the_page_of_a_person_leads_to_what_they_did(browser: Browser) -> None:
    await make_agent(browser)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.AGENT)
    await browser.sign_in("ada@example.com")
    text = await (await browser.open(f"/admin/people/{grace.public_id}")).text()
    assert "grace@example.com" in text
    assert f"/admin/audit?actor={grace.public_id}" in text
    assert (await browser.open(f"/admin/audit?actor={grace.public_id}")).status == 200
    assert (await browser.open("/admin/people/00000000-0000-7000-8000-000000000000")).status == 404


@everywhere
async def test_a_role_is_given_for_one_site_and_taken_again(browser: Browser, second_browser: Browser) -> None:
    await make_agent(browser)
    plum = await make_site(browser, key="plum")
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.MODERATOR)
    await browser.sign_in("ada@example.com")
    path = f"/admin/people/{grace.public_id}"
    fields = {"role": "agent", "site": str(plum.id), "csrf": await browser.field("csrf", path)}
    assert (await browser.post_form(f"{path}/roles", **fields)).status == 303
    await second_browser.sign_in("grace@example.com")
    assert [site["key"] for site in (await second_browser.call("GET", "/console/api/me"))["sites"]] == ["plum"]
    assert (await browser.post_form(f"{path}/roles/end", **fields)).status == 303
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 403
    assert await verbs(browser, grace.public_id) == ["role.taken", "role.given", "person.created"]


@everywhere
async def test_s2_22_an_administrator_signs_somebody_out_everywhere(browser: Browser, second_browser: Browser) -> None:
    await make_agent(browser)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.AGENT)
    await second_browser.sign_in("grace@example.com")
    await browser.sign_in("ada@example.com")
    path = f"/admin/people/{grace.public_id}"
    csrf = await browser.field("csrf", path)
    assert (await browser.post_form(f"{path}/sessions/end", csrf=csrf)).status == 303
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 401
    assert (await verbs(browser, grace.public_id))[0] == "person.signed_out"


async def test_s2_22_who_manages_people_leaves_an_administrator_alone(browser: Browser) -> None:
    ada = await make_agent(browser)
    engine = browser.app[OFFICE].engine
    role = await do_create_role(engine, ada.actor, "Steward", Permission.MANAGE_PEOPLE | Permission.ANSWER)
    mia = await make_agent(browser, "mia@example.com", "Mia", role=Role.AGENT)
    await do_give_role(engine, ada.actor, mia.public_id, role.key)
    await browser.sign_in("mia@example.com")
    path = f"/admin/people/{ada.public_id}"
    csrf = await browser.field("csrf", path)
    for deed in ("confirm", "sessions/end"):
        assert (await browser.post_form(f"{path}/{deed}", csrf=csrf)).status == 403
    given = await browser.post_form(f"/admin/people/{mia.public_id}/roles", role=role.key, site="0", csrf=csrf)
    assert given.status == 403
    assert (await browser.open("/admin/roles")).status == 403
    assert await verbs(browser, ada.public_id) == ["person.created"]


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "99999999999999999999"])
async def test_s13_a_place_that_is_none_gives_nothing(browser: Browser, place: str) -> None:
    await make_agent(browser)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.AGENT)
    await browser.sign_in("ada@example.com")
    path = f"/admin/people/{grace.public_id}"
    refused = await browser.post_form(
        f"{path}/roles", role="administrator", site=place, csrf=await browser.field("csrf", path)
    )
    assert refused.status == 404
    held = await access_account(browser.app[OFFICE].engine.database, grace.person_id)
    assert held.grants == grace.grants


@everywhere
async def test_what_agents_do_is_in_the_log(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    await browser.call("POST", "/console/api/sites", {"name": "Plum"})
    made = await browser.call("POST", "/console/api/canned", {"shortcut": "hi", "body": "Hello"})
    await browser.call("PUT", f"/console/api/canned/{made['id']}", {"shortcut": "hi", "body": "Hello there"})
    await browser.call("DELETE", f"/console/api/canned/{made['id']}")
    text = await (await browser.open("/admin/audit")).text()
    told = [verb for verb in ("site.created", "canned.created", "canned.changed", "canned.removed") if verb in text]
    assert len(told) == 4
    canned = await (await browser.open("/admin/audit?kind=canned&actor=Ada")).text()
    assert "canned.created" in canned
    assert "<code>site.created" not in canned
    assert "canned.created" not in await (await browser.open("/admin/audit?until=2000-01-01")).text()
    assert "2026-01-31" in await (await browser.open("/admin/audit?since=yesterday")).text()
