"""Bans: writing is taken away everywhere at once, reading never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, update

from tests.clients.state import fresh_id
from tests.patience import until_read
from tests.routes.conftest import PASSWORD, make_agent, make_site
from tests.serving import OTHER, OWN_ORIGIN, SHOP, Served, begin, command, follow, serving
from widget_server.actions.accounts import access_account
from widget_server.actions.appointments import give
from widget_server.actions.audit import list_entries
from widget_server.actions.bans import do_ban_account, do_ban_network, do_ban_visitor, do_end_ban, load_bans
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Actor, Role
from widget_server.routes.office import OFFICE
from widget_server.store.queries import bans as queries
from widget_server.store.statement import Statement
from widget_server.store.tables import person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.socket import SocketClient
    from tests.engines.backends import Backend
    from tests.routes.conftest import Browser
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction

everywhere = pytest.mark.everywhere


async def account_of(served: Served, person_id: int) -> Account:
    return await access_account(served.engine.database, person_id)


async def administrator(served: Served) -> Actor:
    """Somebody who may do everything."""
    staff = await served.staff("Ada")
    found = await account_of(served, staff.person_id)
    await give_everything(served.engine, found)
    return (await account_of(served, staff.person_id)).actor


async def give_everything(engine: Engine, account: Account) -> None:
    await engine.database.write(
        lambda tx: give(tx, account.person_id, Role.ADMINISTRATOR, given_by=None, now_ms=engine.clock.now_ms())
    )


async def refusal(client: SocketClient, channel: str, body: str = "Hello again") -> str | None:
    """The name of what a message is refused with; None where it is taken."""
    answer = await command(client, "send", client_id=fresh_id(), channel=channel, body=body)
    return answer.get("name") if answer["t"] == "error" else None


async def until_refused(client: SocketClient, channel: str) -> None:
    """Return once a write is refused on this line; the node's pulse has a second for it."""
    await until_read(lambda: refusal(client, channel), lambda found: found == "banned")


@everywhere
async def test_s47_a_banned_visitor_reads_and_writes_nothing_on_open_sockets(served: Served) -> None:
    grace = await served.staff("Grace", SHOP)
    async with served.visitor() as visitor, served.console(grace) as console:
        name = await begin(visitor)
        await follow(console, name)
        actor = (await account_of(served, grace.person_id)).actor
        # Made on the other node, where there are two.
        engine = served.agents_app[OFFICE].engine
        key = await do_ban_visitor(engine, actor, name, reason="Spam.")
        await until_refused(visitor, name)
        page = await command(visitor, "history", channel=name, before=100, limit=10)
        assert page["messages"][0]["body"] == "Hello"
        assert await refusal(console, name, "Are you there?") is None
        await do_end_ban(engine, actor, key)
        assert await until_read(lambda: refusal(visitor, name), lambda found: found != "banned") is None


async def test_s47_a_banned_visitor_changes_removes_and_begins_nothing(served: Served) -> None:
    grace = await served.staff("Grace", SHOP)
    async with served.visitor() as visitor:
        name = await begin(visitor)
        actor = (await account_of(served, grace.person_id)).actor
        await do_ban_visitor(served.engine, actor, name)
        tried: list[tuple[str, dict[str, Any]]] = [
            ("edit", {"channel": name, "seq": 1, "revision": 1, "body": "Other"}),
            ("remove", {"channel": name, "seq": 1}),
            ("send", {"client_id": fresh_id(), "start": fresh_id(), "body": "New"}),
            ("contact", {"name": "Mallory"}),
        ]
        for kind, fields in tried:
            answer = await command(visitor, kind, **fields)
            assert (answer["t"], answer.get("name")) == ("error", "banned"), kind
        token = visitor.state.token
    async with served.visitor(token) as again:
        assert name in {each["channel"] for each in (again.state.welcome or {})["conversations"]}
        assert await refusal(again, name) == "banned"


async def test_an_agent_bans_visitors_of_their_own_site_alone(served: Served) -> None:
    other = await served.staff("Eve", OTHER)
    async with served.visitor() as visitor:
        name = await begin(visitor)
        actor = (await account_of(served, other.person_id)).actor
        with pytest.raises(Refused, match="not_found"):
            await do_ban_visitor(served.engine, actor, name)
        assert await refusal(visitor, name) is None


@everywhere
async def test_a_range_of_addresses_is_refused_and_nothing_of_them_is_stored(served: Served) -> None:
    actor = await administrator(served)
    async with served.visitor() as visitor:
        name = await begin(visitor)
        engine = served.agents_app[OFFICE].engine
        with pytest.raises(Unacceptable, match="own_address"):
            await do_ban_network(engine, actor, "127.0.0.0/8", own_address="::ffff:127.0.0.1")
        key = await do_ban_network(engine, actor, "127.0.0.0/8", own_address="192.0.2.1", reason="Flood.")
        await until_refused(visitor, name)
    async with served.visitor() as fresh:
        answer = await command(fresh, "send", client_id=fresh_id(), start=fresh_id(), body="Hi")
        assert answer.get("name") == "banned"
    entries = await list_entries(served.engine.database, object_kind="ban", object_id=str(key))
    assert [(entry.verb, "127" in str(entry.details)) for entry in entries] == [("ban.made", False)]


async def test_s0_18_a_ban_of_an_account_meets_whoever_became_one_with_it(served: Served) -> None:
    actor = await administrator(served)
    grace = await served.staff("Grace", SHOP)
    async with served.visitor() as visitor:
        name = await begin(visitor)
        engine = served.engine
        await do_ban_account(engine, actor, grace.id)
        assert await refusal(visitor, name) is None
        await merge(engine, visitor.state.channels[name].messages[1]["author"]["id"], grace.person_id)
        engine.bans = await load_bans(engine.database, engine.clock.now_ms())
        assert await refusal(visitor, name) == "banned"


async def merge(engine: Engine, public_id: str, into: int) -> None:
    """Make a visitor one person with an account."""
    statement = Statement(
        update(person)
        .where(person.c.public_id == bindparam("who"))
        .values(merged_into=bindparam("target"), stamp=bindparam("new_stamp"))
    )

    async def write(tx: Transaction) -> None:
        await tx.run(statement, who=public_id, target=into, new_stamp=await tx.stamp())

    await engine.database.write(write)


async def test_s0_18_an_administrator_bans_a_member_who_then_changes_nothing(
    browser: Browser, second_browser: Browser
) -> None:
    await make_agent(browser)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.AGENT)
    await browser.sign_in("ada@example.com")
    await second_browser.sign_in("grace@example.com")
    assert (await second_browser.fetch("PUT", "/console/api/me", {"name": "Grace H."})).status == 200
    done = await browser.post_form("/admin/bans", who="GRACE@example.com", reason="Rude.", days="7")
    assert done.status == 303, await done.text()
    refused = await second_browser.fetch("PUT", "/console/api/me", {"name": "Mallory"})
    assert (refused.status, (await refused.json())["error"]["name"]) == (403, "banned")
    assert "Rude." in (await refused.json())["error"]["message"]
    assert (await second_browser.fetch("GET", "/console/api/me")).status == 200
    page = await (await browser.open(f"/admin/people/{grace.public_id}")).text()
    assert "Rude." in page
    key = page.split("/admin/bans/")[1].split("/")[0]
    csrf = await browser.field("csrf", f"/admin/people/{grace.public_id}")
    assert (await browser.post_form(f"/admin/bans/{key}/lift", csrf=csrf)).status == 303
    assert (await second_browser.fetch("PUT", "/console/api/me", {"name": "Grace"})).status == 200


async def test_a_banned_member_may_still_sign_in_and_out_and_keep_their_account_safe(browser: Browser) -> None:
    await make_agent(browser)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.AGENT)
    engine = browser.app[OFFICE].engine
    ada = (await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)).actor
    await do_ban_account(engine, ada, grace.public_id)
    await browser.sign_in("grace@example.com")
    changed = await browser.post_form(
        "/account/password",
        password=PASSWORD,
        new_password="another river over plums",
        new_password_again="another river over plums",
    )
    assert changed.status != 403
    csrf = await browser.field("csrf", "/account/sessions")
    assert (await browser.post_form("/sign-out", csrf=csrf)).status == 303


async def test_nobody_bans_themselves_or_an_administrator_above_them(browser: Browser) -> None:
    ada = await make_agent(browser)
    engine = browser.app[OFFICE].engine
    with pytest.raises(Refused, match="beyond_you"):
        await do_ban_account(engine, ada.actor, ada.public_id)
    grace = await make_agent(browser, "grace@example.com", "Grace", role=Role.MODERATOR)
    with pytest.raises(Refused, match="beyond_you"):
        await do_ban_account(engine, grace.actor, ada.public_id)


@pytest.mark.parametrize("value", [[], {}, True, 1.5, "7", 0, -1, 10**9])
async def test_s13_days_of_a_ban_are_a_number_of_days(browser: Browser, value: Any) -> None:
    await make_agent(browser)
    await make_site(browser, key="plum")
    await browser.sign_in("ada@example.com")
    answer = await browser.fetch("POST", "/console/api/bans", {"channel": "x", "days": value})
    assert answer.status == 422


@pytest.mark.parametrize("field", ["channel", "reason"])
@pytest.mark.parametrize("value", [[], {}, True, 1, None])
async def test_s13_texts_of_a_ban_are_texts(browser: Browser, field: str, value: Any) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    answer = await browser.fetch("POST", "/console/api/bans", {"channel": "x", "reason": "y"} | {field: value})
    assert answer.status == 422


async def test_a_ban_of_somebody_who_is_nobody_is_no_ban(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    refused = await browser.post_form("/admin/bans", who="nobody@example.com", reason="x", days="7")
    assert refused.status == 422
    found = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(queries.HOLDING, now=0))
    assert found == []


@pytest.mark.parametrize(("proxies", "told", "status"), [(0, "192.0.2.7", 200), (1, "192.0.2.7", 403), (1, "", 200)])
async def test_s23_only_an_address_that_our_proxies_vouch_for_is_met(
    backend: Backend, tmp_path: Path, proxies: int, told: str, status: int
) -> None:
    async with serving(tmp_path / "served", backend, trusted_proxies=proxies) as served:
        actor = await administrator(served)
        await do_ban_network(served.engine, actor, "192.0.2.0/24", own_address="127.0.0.1")
        grace = await served.staff("Grace")
        csrf = (await (await grace.http.get(f"{served.base}/console/api/me")).json())["csrf"]
        headers = {"X-CSRF": csrf, "Origin": OWN_ORIGIN, "Sec-Fetch-Site": "same-origin"}
        if told:
            headers["X-Forwarded-For"] = told
        answer = await grace.http.put(f"{served.base}/console/api/me", json={"name": "Grace H."}, headers=headers)
        assert answer.status == status
