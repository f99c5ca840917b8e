"""S10: all roles and deeds, at the own and at another site, over the real calls, pages and sockets.

And what is no text is refused (S13), as is a field that is nobody's to write (S11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.clients.state import fresh_id
from tests.routes.conftest import make_agent, make_site
from tests.serving import OTHER, SHOP, Served, begin, command, follow
from widget_server.actions.accounts import access_account
from widget_server.actions.appointments import do_end_role, do_give_role, give
from widget_server.actions.roles import do_change_role, do_create_role, do_set_default_role
from widget_server.actions.sites import access_public_site
from widget_server.core.permissions import BUILT_IN, Permission, Role
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.clients.socket import SocketClient
    from tests.clients.state import Frame
    from tests.routes.conftest import Browser
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine

everywhere = pytest.mark.everywhere

WHO: dict[str, tuple[Role, str | None]] = {
    "member": (Role.MEMBER, None),
    "moderator": (Role.MODERATOR, None),
    "agent of plum": (Role.AGENT, "plum"),
    "agent of pear": (Role.AGENT, "pear"),
    "agent of all": (Role.AGENT, None),
    "administrator of plum": (Role.ADMINISTRATOR, "plum"),
    "administrator": (Role.ADMINISTRATOR, None),
}
AGENTS = {"agent of plum", "agent of pear", "agent of all", "administrator of plum", "administrator"}
OF_PLUM = {"agent of plum", "agent of all", "administrator of plum", "administrator"}


class Deed(NamedTuple):
    """A request, who may, and with what it is answered to the others."""

    method: str
    path: str
    body: object
    allowed: set[str]
    otherwise: set[int]


CALLS = [
    Deed("GET", "/console/api/me", None, AGENTS, {403}),
    Deed("PUT", "/console/api/me", {"name": "Another name"}, AGENTS, {403}),
    Deed("GET", "/console/api/sites", None, AGENTS, {403}),
    Deed("POST", "/console/api/sites", {"name": "Fig"}, {"administrator"}, {403}),
    Deed("PUT", "/console/api/sites/plum", {"name": "P"}, {"administrator of plum", "administrator"}, {403, 404}),
    Deed("PUT", "/console/api/sites/pear", {"name": "P"}, {"administrator"}, {403, 404}),
    Deed("GET", "/console/api/canned", None, AGENTS, {403}),
    Deed("POST", "/console/api/canned", {"shortcut": "hi", "body": "Hi"}, AGENTS, {403}),
]
PAGES = [
    *(
        Deed("GET", path, None, {"administrator"}, {403})
        for path in ("/admin/roles", "/admin/roles/agent", "/admin/sites", "/admin/audit", "/admin/outbox")
    ),
    Deed("GET", "/admin/people", None, {"administrator"}, {403}),
    Deed("GET", "/admin", None, {"administrator", "moderator"}, {403}),
    Deed("GET", "/admin/bans", None, {"administrator", "moderator"}, {403}),
    Deed("GET", "/invitations", None, {"administrator", "administrator of plum"}, {403}),
    Deed("GET", "/console", None, AGENTS, {403}),
    Deed("GET", "/account", None, set(WHO), set()),
]
POSTS = [
    Deed("POST", "/admin/roles", {"name": "Mine", "may_administer": "on"}, {"administrator"}, {403}),
    Deed("POST", "/admin/roles/member", {"name": "Member", "may_write": "on"}, {"administrator"}, {403}),
    Deed("POST", "/admin/roles/member/default", {}, {"administrator"}, {403}),
    Deed("POST", "/admin/bans", {"who": "victim@example.com", "days": "1"}, {"administrator", "moderator"}, {403}),
    Deed("POST", "/admin/bans/network", {"network": "192.0.2.0/24", "days": "1"}, {"administrator"}, {403}),
    Deed("POST", "/admin/people/{victim}/roles", {"role": "agent", "site": "0"}, {"administrator"}, {403}),
    Deed("POST", "/admin/people/{victim}/roles/end", {"role": "agent", "site": "0"}, {"administrator"}, {403}),
    Deed("POST", "/admin/people/{victim}/confirm", {}, {"administrator"}, {403}),
    Deed("POST", "/admin/people/{victim}/sessions/end", {}, {"administrator"}, {403}),
    Deed("POST", "/admin/people/{victim}/profile", {"name": "New name"}, {"administrator"}, {403}),
    Deed(
        "POST",
        "/invitations",
        {"email": "new@example.com", "role": "agent", "site": "{plum}"},
        {"administrator", "administrator of plum"},
        {403},
    ),
    Deed("POST", "/invitations", {"email": "n@example.com", "role": "agent", "site": "0"}, {"administrator"}, {403}),
]


async def sign_in_as(browser: Browser, who: str) -> dict[str, str]:
    """Make the installation and sign in as one of `WHO`; the names that paths and forms may use."""
    await make_agent(browser, "root@example.com", "Root")
    plum, _ = await make_site(browser, key="plum"), await make_site(browser, key="pear")
    victim = await make_agent(browser, "victim@example.com", "Victim", role=Role.MEMBER)
    role, site = WHO[who]
    await make_agent(browser, "me@example.com", "Me", role=role, site=site)
    response = await browser.post_form(email="me@example.com", password="plum tree over river")
    assert response.status == 303
    return {"victim": victim.public_id, "plum": str(plum.id)}


@pytest.mark.parametrize("who", WHO)
async def test_s10_calls_and_pages_open_to_whom_they_are_for(browser: Browser, who: str) -> None:
    names = await sign_in_as(browser, who)
    for deed in PAGES:
        status = (await browser.open(deed.path)).status
        assert status in ({200} if who in deed.allowed else deed.otherwise), (who, deed.path, status)
    browser.csrf = await csrf_of_calls(browser) if who in AGENTS else await browser.field("csrf", "/account")
    for deed in CALLS:
        status = (await browser.fetch(deed.method, deed.path, deed.body)).status
        assert status in ({200, 201} if who in deed.allowed else deed.otherwise), (who, deed, status)
    for deed in POSTS:
        assert isinstance(deed.body, dict)
        fields = {name: value.format(**names) for name, value in deed.body.items()}
        csrf = await browser.field("csrf", "/account")
        status = (await browser.post_form(deed.path.format(**names), csrf=csrf, **fields)).status
        assert status in ({303} if who in deed.allowed else deed.otherwise), (who, deed, status)


async def csrf_of_calls(browser: Browser) -> str:
    return str((await browser.call("GET", "/console/api/me"))["csrf"])


NO_TEXTS: list[Any] = [[], {}, True, 7, 1.5, None, ["x"], {"x": "y"}]
SCALARS = [
    ("POST", "/console/api/sites", {"name": "Fig"}),
    ("PUT", "/console/api/sites/plum", {"name": "Fig"}),
    ("PUT", "/console/api/sites/plum", {"greeting": "Hello"}),
    ("POST", "/console/api/canned", {"shortcut": "hi", "body": "Hi"}),
    ("PUT", "/console/api/me", {"name": "Ada"}),
    ("POST", "/console/api/bans", {"channel": "x", "reason": "y"}),
]


@pytest.mark.parametrize(("method", "path", "body"), SCALARS)
async def test_s13_what_is_no_text_is_no_text(browser: Browser, method: str, path: str, body: dict[str, Any]) -> None:
    await make_agent(browser)
    await make_site(browser, key="plum")
    await browser.sign_in("ada@example.com")
    for field in body:
        for value in NO_TEXTS:
            response = await browser.fetch(method, path, body | {field: value})
            assert response.status in {400, 404, 422}, (field, value, response.status)
    wholes: list[Any] = [[], "text", 7, None, True]
    for whole in wholes:
        assert (await browser.fetch(method, path, whole)).status in {400, 422}


@pytest.mark.parametrize("extra", ["id", "role", "permissions", "person_id", "site_id", "is_admin", "made_by"])
@pytest.mark.parametrize(("method", "path", "body"), SCALARS)
async def test_s11_a_field_that_is_nobodys_to_write_is_refused(
    browser: Browser, method: str, path: str, body: dict[str, Any], extra: str
) -> None:
    await make_agent(browser)
    await make_site(browser, key="plum")
    await browser.sign_in("ada@example.com")
    assert (await browser.fetch(method, path, body | {extra: 1})).status in {400, 404, 422}


# --- conversations


async def frames_of(client: SocketClient, channel: str) -> dict[str, Callable[[], Awaitable[Frame]]]:
    """Every verb that a console has for a conversation."""
    return {
        "open": lambda: command(client, "open", channel=channel),
        "history": lambda: command(client, "history", channel=channel, before=100, limit=10),
        "send": lambda: command(client, "send", client_id=fresh_id(), channel=channel, body="Hi"),
        "assign": lambda: command(client, "assign", channel=channel, assignee=None),
        "status": lambda: command(client, "status", channel=channel, status="pending"),
        "edit": lambda: command(client, "edit", channel=channel, seq=1, revision=1, body="Other"),
        "remove": lambda: command(client, "remove", channel=channel, seq=1),
    }


@everywhere
async def test_s10_every_verb_of_a_conversation_stops_at_the_site(served: Served) -> None:
    async with served.visitor() as visitor, served.visitor(site=OTHER) as stranger:
        name = await begin(visitor, "A secret plum")
        await begin(stranger)
        own, other = await served.staff("Grace", SHOP), await served.staff("Eve", OTHER)
        async with served.console(own) as console, served.console(other) as foreign:
            _, staff = await follow(console, name)
            for channel in (name, staff):
                for verb, act in (await frames_of(foreign, channel)).items():
                    answer = await act()
                    assert answer["t"] in {"error", "gone"}, (verb, answer)
                    assert answer.get("name", "not_found") in {"not_found", "not_opened"}, (verb, answer)
                for verb, act in (await frames_of(stranger, channel)).items():
                    answer = await act()
                    assert answer["t"] in {"error", "gone"}, (verb, answer)
            found = await command(foreign, "search", text="secret")
            assert "A secret plum" not in str(found)
            assert name not in str(found)
            listed = await command(foreign, "inbox", view={"status": "open", "who": "all"})
            assert name not in str(listed)
            page = await command(console, "history", channel=name, before=100, limit=10)
            assert [message["body"] for message in page["messages"]] == ["A secret plum"]


# --- rights that change while a socket is open


async def root(served: Served) -> Account:
    """Somebody who may do everything."""
    engine = served.engine
    staff = await served.staff("Root")
    await engine.database.write(
        lambda tx: give(tx, staff.person_id, Role.ADMINISTRATOR, given_by=None, now_ms=engine.clock.now_ms())
    )
    return await access_account(engine.database, staff.person_id)


async def closed(client: SocketClient) -> int:
    """The code with which the line is closed."""
    await client.until(lambda: bool(client.closes))
    return client.closes[0][0]


@everywhere
async def test_s06_a_role_that_is_taken_closes_its_sockets_on_the_other_node(served: Served) -> None:
    administrator = (await root(served)).actor
    grace = await served.staff("Grace")
    async with served.console(grace) as console:
        await do_end_role(served.engine, administrator, grace.id, Role.AGENT)
        assert await closed(console) == CloseCode.SIGNED_OUT


@everywhere
async def test_s06_a_role_for_another_site_re_scopes_its_sockets(served: Served) -> None:
    administrator = (await root(served)).actor
    grace = await served.staff("Grace", SHOP)
    site_id = await other_site(served.engine)
    async with served.visitor(site=OTHER) as stranger:
        name = await begin(stranger)
        async with served.console(grace) as console:
            await do_give_role(served.engine, administrator, grace.id, Role.AGENT, site_id=site_id)
            assert await closed(console) == CloseCode.RIGHTS_CHANGED
        async with served.console(grace) as again:
            await again.show(name)


async def other_site(engine: Engine) -> int:
    return (await access_public_site(engine.database, OTHER)).id


@everywhere
async def test_s06_s2_15_what_a_role_may_do_changes_for_open_sockets(served: Served) -> None:
    administrator = (await root(served)).actor
    grace = await served.staff("Grace")
    async with served.console(grace) as console:
        lesser = BUILT_IN[Role.AGENT] & ~Permission.ANSWER
        await do_change_role(served.engine, administrator, Role.AGENT, "Agent", lesser)
        assert await closed(console) == CloseCode.SIGNED_OUT


@everywhere
async def test_s06_s2_15_another_default_role_is_felt_by_everybody(served: Served) -> None:
    administrator = (await root(served)).actor
    grace = await served.staff("Grace")
    reader = await do_create_role(served.engine, administrator, "Reader", Permission.FOLLOW)
    async with served.console(grace) as console:
        await do_set_default_role(served.engine, administrator, reader.key)
        assert await closed(console) == CloseCode.RIGHTS_CHANGED
