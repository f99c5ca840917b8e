"""S2.29: the API for programs does what the console does, through the same actions, and no more than its token may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from tests.clients.state import fresh_id
from tests.routes.grants import grant_administrator, take_every_grant
from tests.routes.programs import V1, Program, program_of
from tests.serving import OTHER, SHOP, begin, follow, origin_of, serving
from widget_server.actions.accounts import access_account
from widget_server.actions.bans import do_ban_account
from widget_server.core.scopes import Scope
from widget_server.routes.api.document import OPERATIONS, document
from widget_server.routes.api.operations import Operation
from widget_server.routes.office import OFFICE
from widget_server.store.queries import tokens as token_queries

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.serving import Served

NOBODY = "0198a000-0000-7000-8000-000000000000"


def test_s2_29_the_document_is_one() -> None:
    validate(document())


def test_s2_29_every_operation_says_what_it_may_be_used_for() -> None:
    assert len(OPERATIONS) > 15
    assert [operation.name for operation in OPERATIONS if operation.scope is None or not operation.doc] == []


@pytest.mark.everywhere
async def test_s2_29_a_program_answers_a_visitor_as_an_agent_would(served: Served) -> None:
    visitor = served.visitor()
    visitor.connect()
    channel = await begin(visitor, "Where is my parcel?")
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    listed = (await program.call("GET", "/conversations?status=open"))["conversations"]
    assert [(row["id"], row["preview"], row["site"]) for row in listed] == [(channel, "Where is my parcel?", SHOP)]
    client_id = fresh_id()
    ack = await program.send(channel, "On its way", client_id)
    assert (ack["channel"], ack["client_id"], ack["seq"], ack["revision"]) == (channel, client_id, 2, 0)
    await visitor.until(lambda: 2 in visitor.state.channels[channel].messages)
    assert visitor.state.channels[channel].messages[2]["body"] == "On its way"
    assert await program.send(channel, "On its way", client_id) == ack
    other = {"client_id": client_id, "body": "Something else"}
    assert await program.refused("POST", f"/conversations/{channel}/messages", other) == (409, "conflict")
    edited = await program.call("PUT", f"/conversations/{channel}/messages/2", {"body": "It came", "revision": 1})
    assert edited["revision"] == 1
    stale = await program.refused("PUT", f"/conversations/{channel}/messages/2", {"body": "It fell", "revision": 1})
    assert stale == (409, "edit_conflict")
    await program.call("DELETE", f"/conversations/{channel}/messages/2")
    page = await program.call("GET", f"/conversations/{channel}/messages")
    assert [(each["seq"], each["body"]) for each in page["messages"]] == [(1, "Where is my parcel?"), (2, "")]
    assert page["more"] is False
    await visitor.leave()


async def test_s2_29_a_conversation_is_given_and_closed(served: Served) -> None:
    visitor = served.visitor()
    visitor.connect()
    channel = await begin(visitor)
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    given = await program.call("PUT", f"/conversations/{channel}/assignee", {"assignee": staff.id})
    assert given["assignee"]["id"] == staff.id
    assert len((await program.call("GET", "/conversations?assignee=me"))["conversations"]) == 1
    assert len((await program.call("GET", f"/conversations?assignee={staff.id}"))["conversations"]) == 1
    assert (await program.call("GET", "/conversations?assignee=nobody"))["conversations"] == []
    assert (await program.call("GET", f"/conversations?site={OTHER}"))["conversations"] == []
    closed = await program.call("PUT", f"/conversations/{channel}/status", {"status": "resolved"})
    assert closed["status"] == "resolved"
    assert (await program.call("GET", f"/conversations/{channel}")) == closed
    told = await program.call("GET", f"/conversations/{channel}/notes")
    assert [each["kind"] for each in told["messages"]] == ["system", "system"]
    refused = await program.refused("PUT", f"/conversations/{channel}/assignee", {"assignee": NOBODY})
    assert refused == (404, "not_found")
    snoozed = await program.refused("PUT", f"/conversations/{channel}/status", {"status": "snoozed"})
    assert snoozed == (422, "bad_value")
    await visitor.leave()


async def test_s46_a_note_is_written_beside_the_conversation_and_never_into_it(served: Served) -> None:
    visitor = served.visitor()
    visitor.connect()
    channel = await begin(visitor)
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    note = {"client_id": fresh_id(), "body": "A difficult one", "after_seq": 1}
    ack = await program.call("POST", f"/conversations/{channel}/notes", note)
    assert ack["channel"] != channel
    public = await program_of(served, staff, [Scope.CONVERSATIONS_READ, Scope.MESSAGES_READ])
    assert await public.refused("GET", f"/conversations/{channel}/notes") == (403, "scope_missing")
    assert await public.refused("GET", f"/conversations/{ack['channel']}/messages") == (404, "not_found")
    assert await public.refused("GET", f"/conversations/{ack['channel']}") == (404, "not_found")
    page = await public.call("GET", f"/conversations/{channel}/messages")
    assert [each["body"] for each in page["messages"]] == ["Hello"]
    await visitor.leave()


@pytest.mark.everywhere
async def test_s2_29_lists_come_in_pages_and_lose_nothing(served: Served) -> None:
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    names = []
    for number in range(5):
        visitor = served.visitor()
        visitor.connect()
        names.append(await begin(visitor, f"Message {number}"))
        await visitor.leave()
    await program.call("PUT", f"/conversations/{names[1]}/status", {"status": "pending"})
    found: list[str] = []
    path = "/conversations?limit=2"
    while path:
        page = await program.call("GET", path)
        assert len(page["conversations"]) <= 2
        found += [row["id"] for row in page["conversations"]]
        path = f"/conversations?limit=2&cursor={page['next']}" if page["next"] else ""
    assert sorted(found) == sorted(names)


async def test_s48_a_cursor_is_of_use_to_its_own_token_and_list_alone(served: Served) -> None:
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    for _ in range(2):
        visitor = served.visitor()
        visitor.connect()
        await begin(visitor)
        await visitor.leave()
    cursor = (await program.call("GET", "/conversations?limit=1"))["next"]
    other = await program_of(served, staff)
    assert (await program.fetch("GET", f"/conversations?limit=1&cursor={cursor}")).status == 200
    assert await other.refused("GET", f"/conversations?limit=1&cursor={cursor}") == (400, "bad_request")
    assert await program.refused("GET", f"/conversations?status=open&cursor={cursor}") == (400, "bad_request")
    assert await program.refused("GET", f"/conversations?cursor={cursor[:-4]}AAAA") == (400, "bad_request")
    assert await program.refused("GET", "/conversations?cursor=1.2") == (400, "bad_request")


@pytest.mark.everywhere
async def test_s48_a_call_under_one_key_is_carried_out_once(served: Served) -> None:
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    wanted = {"name": "Robot", "scopes": ["account:read"]}
    answers = await asyncio.gather(
        *(program.fetch("POST", "/tokens", wanted, Idempotency_Key="key-1") for _ in range(8))
    )
    good = [await answer.json() for answer in answers if answer.status == 201]
    assert {answer.status for answer in answers} <= {201, 503}
    assert good
    assert all(each == good[0] for each in good)
    again = await program.fetch("POST", "/tokens", wanted, Idempotency_Key="key-1")
    assert (await again.json(), again.headers["Idempotent-Replay"]) == (good[0], "true")
    tokens = (await program.call("GET", "/tokens"))["tokens"]
    assert [token["name"] for token in tokens] == ["Robot", "A program"]
    changed = wanted | {"name": "Other"}
    assert await program.refused("POST", "/tokens", changed, Idempotency_Key="key-1") == (409, "conflict")
    stranger = await program_of(served, staff)
    fresh = await stranger.call("POST", "/tokens", wanted, Idempotency_Key="key-1")
    assert fresh["id"] != good[0]["id"]
    served.clock.ahead_ms += 25 * 3_600_000
    later = await program.call("POST", "/tokens", changed, Idempotency_Key="key-1")
    assert later["name"] == "Other"


async def test_s48_a_refused_call_leaves_its_key_free(served: Served) -> None:
    program = await program_of(served, await served.staff("Ada"), [Scope.TOKENS_WRITE, Scope.ACCOUNT_READ])
    beyond = {"name": "Robot", "scopes": ["sites:write"]}
    assert await program.refused("POST", "/tokens", beyond, Idempotency_Key="key") == (422, "bad_choice")
    good = {"name": "Robot", "scopes": ["account:read"]}
    assert (await program.call("POST", "/tokens", good, Idempotency_Key="key"))["name"] == "Robot"
    assert await program.refused("POST", "/tokens", good, Idempotency_Key="a b") == (400, "bad_request")


# --- who may


def path_of(operation: Operation, channel: str, site: str) -> str:
    path = operation.path.replace("{conversation}", channel).replace("{key}", site).replace("{seq}", "1")
    return (
        path.replace("{delivery}", "1")
        .replace("{id}", NOBODY)
        .replace("{number}", "1")
        .replace("{board}", "plants")
        .replace("{room}", NOBODY)
        .replace("{kind}", "board")
        .replace("{name}", "plants")
    )


BODIES: dict[str, Any] = {
    "make_token": {"name": "Robot", "scopes": ["account:read"]},
    "create_site": {"name": "New"},
    "change_site": {"name": "Renamed"},
    "set_status": {"status": "open"},
    "set_assignee": {"assignee": None},
    "send_message": {"client_id": fresh_id(), "body": "Hi"},
    "begin_room": {"client_id": fresh_id(), "name": "Kitchen"},
    "write_in_room": {"client_id": fresh_id(), "body": "Hi"},
    "edit_message": {"body": "Hi", "revision": 1},
    "write_note": {"client_id": fresh_id(), "body": "Hi"},
    "edit_note": {"body": "Hi", "revision": 1},
    "create_webhook": {"url": "https://example.com/hook", "topics": ["message.created"]},
    "change_webhook": {"is_active": False},
    "open_board": {"name": "Plants"},
    "begin_thread": {"client_id": fresh_id(), "title": "Roses", "body": "Red"},
    "change_board": {"description": "Green"},
    "change_thread": {"title": "Tulips"},
    "accept_answer": {"seq": None},
    "edit_post": {"body": "Hi", "revision": 1},
    "vote_on_post": {"vote": "up"},
    "lock_thread": {"locked": True},
    "pin_thread": {"where": None},
    "edit_room_message": {"body": "Hi", "revision": 1},
    "see_notices": {"until": 1},
    "set_level": {"level": "watch"},
    "write_post": {"client_id": fresh_id(), "body": "Hi"},
}


async def test_s10_no_operation_is_open_beyond_its_scope(served: Served) -> None:
    visitor = served.visitor()
    visitor.connect()
    channel = await begin(visitor)
    await visitor.leave()
    staff = await served.staff("Ada")
    for scope in Scope:
        program = await program_of(served, staff, [scope])
        for operation in OPERATIONS:
            if operation.name == "end_token":
                continue
            response = await program.fetch(
                operation.method, path_of(operation, channel, SHOP), BODIES.get(operation.name)
            )
            is_missing = response.status == 403 and (await response.json())["error"]["name"] == "scope_missing"
            assert is_missing == (operation.scope is not scope), (operation.name, scope)


async def test_s10_nothing_of_another_site_is_there_for_a_token(served: Served) -> None:
    visitor = served.visitor(site=OTHER)
    visitor.connect()
    channel = await begin(visitor)
    await visitor.leave()
    everywhere = await served.staff("Ada")
    own = await served.staff("Grace", SHOP)
    programs = [await program_of(served, own)]
    programs.append(await program_of_site(served, everywhere, SHOP))
    for program in programs:
        assert (await program.call("GET", "/conversations"))["conversations"] == []
        assert [site["key"] for site in (await program.call("GET", "/sites"))["sites"]] == [SHOP]
        for operation in OPERATIONS:
            if "{conversation}" not in operation.path and "{key}" not in operation.path:
                continue
            wanted = (operation.method, path_of(operation, channel, OTHER), BODIES.get(operation.name))
            missing = path_of(operation, NOBODY, "nowhere")
            assert await program.refused(*wanted) == (404, "not_found"), operation.name
            assert await program.refused(operation.method, missing, BODIES.get(operation.name)) == (404, "not_found")


async def program_of_site(served: Served, staff: Any, site: str) -> Program:
    """A site's own token; its maker is made to manage the site."""
    await grant_administrator(served, staff)
    return await program_of(served, staff, tuple(Scope), site=site)


@pytest.mark.everywhere
async def test_s10_a_right_that_is_lost_is_lost_to_the_token_too(served: Served) -> None:
    visitor = served.visitor()
    visitor.connect()
    channel = await begin(visitor)
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    await program.call("GET", f"/conversations/{channel}")
    await take_every_grant(served, staff)
    assert await program.refused("GET", f"/conversations/{channel}") == (404, "not_found")
    sent = {"client_id": fresh_id(), "body": "Hi"}
    assert await program.refused("POST", f"/conversations/{channel}/messages", sent) == (404, "not_found")
    assert (await program.call("GET", "/conversations"))["conversations"] == []
    await visitor.leave()


async def test_s16_a_token_is_kept_as_a_hash_and_ends(served: Served) -> None:
    staff = await served.staff("Ada")
    program = await program_of(served, staff, days=1)
    database = served.engine.database
    rows = await database.read(lambda tx: tx.all(token_queries.OF_PERSON, person_id=staff.person_id))
    assert program.token not in str(rows)
    (listed,) = (await program.call("GET", "/tokens"))["tokens"]
    assert listed["used_at"] is not None
    served.clock.ahead_ms += 25 * 3_600_000
    assert await program.refused("GET", "/me") == (401, "bad_token")
    other = await program_of(served, staff)
    (mine,) = [each for each in (await other.call("GET", "/tokens"))["tokens"] if each["expires_at"] is None]
    await other.call("DELETE", f"/tokens/{mine['id']}")
    assert await other.refused("GET", "/me") == (401, "bad_token")


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer x", "Basic d3N0Xzo=", "Bearer wst_" + "a" * 43, "wst_a"])
async def test_s16_only_a_token_in_the_header_opens_anything(served: Served, shown: str) -> None:
    staff = await served.staff("Ada")
    program = await program_of(served, staff)
    response = await program.fetch("GET", "/me", Authorization=shown, Cookie=staff.cookie)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    in_address = await served.http.get(f"{served.base}{V1}/me?access_token={program.token}")
    assert in_address.status == 401
    assert (await program.fetch("GET", f"/me?access_token={program.token}")).status == 400


async def test_s08_no_other_origin_is_let_in_and_no_cookie_is_set(served: Served) -> None:
    program = await program_of(served, await served.staff("Ada"))
    response = await program.fetch("GET", "/me", Origin=origin_of(SHOP))
    assert response.status == 200
    assert not [name for name in response.headers if name.startswith("Access-Control")]
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    preflight = await served.http.options(f"{served.base}{V1}/me", headers={"Origin": origin_of(SHOP)})
    assert preflight.status == 405


async def test_s16_nobody_makes_a_token_that_ends_later(served: Served) -> None:
    staff = await served.staff("Ada")
    program = await program_of(served, staff, days=1)
    own = (await program.call("GET", "/tokens"))["tokens"][0]["expires_at"]
    wanted = {"name": "Robot", "scopes": ["tokens:write"]}
    made = await program.call("POST", "/tokens", wanted | {"days": 30})
    assert made["expires_at"] == own
    made = await program.call("POST", "/tokens", wanted)
    assert made["expires_at"] == own
    served.clock.ahead_ms += 25 * 3_600_000
    program.token = made["token"]
    assert await program.refused("GET", "/me") == (401, "bad_token")


async def test_s11_nobody_makes_a_token_that_is_for_more(served: Served) -> None:
    program = await program_of(served, await served.staff("Ada"), [Scope.TOKENS_WRITE])
    for scopes in (["messages:write"], ["tokens:write", "people:read"]):
        wanted = {"name": "Robot", "scopes": scopes}
        assert await program.refused("POST", "/tokens", wanted) == (422, "bad_choice")
    assert await program.refused("POST", "/tokens", {"name": "Robot", "scopes": ["all"]}) == (400, "bad_request")
    assert await program.refused("POST", "/tokens", {"name": "Robot", "scopes": []}) == (400, "bad_request")


# --- what comes in


@pytest.mark.parametrize("wrong", [7, 1.5, True, None, [], {}, ["a"], {"a": "b"}])
async def test_s13_no_type_is_turned_into_another(served: Served, wrong: Any) -> None:
    program = await program_of(served, await served.staff("Ada"))
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        f"/conversations/{NOBODY}/messages": ("POST", {"client_id": fresh_id(), "body": "Hi"}),
        f"/conversations/{NOBODY}/status": ("PUT", {"status": "open"}),
        "/tokens": ("POST", {"name": "Robot"}),
        "/sites": ("POST", {"name": "Shop"}),
    }
    for path, (method, body) in bodies.items():
        for field in body:
            assert await program.refused(method, path, body | {field: wrong}) == (400, "bad_request"), (path, field)
        assert (await program.refused(method, path, body | {"other": wrong}))[0] == 400
        if wrong is not None:
            assert (await program.refused(method, path, wrong))[0] == 400


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=1.0", "limit=%201", "limit=1&limit=2", "limit=", "other=1",
              "status=Open", "status=", "assignee=x", "limit=1e1", "limit=%D9%A1"],
)  # fmt: skip
async def test_s13_a_query_is_written_one_way(served: Served, query: str) -> None:
    program = await program_of(served, await served.staff("Ada"))
    assert await program.refused("GET", f"/conversations?{query}") == (400, "bad_request")


async def test_the_refusals_of_http_have_the_one_shape(served: Served) -> None:
    program = await program_of(served, await served.staff("Ada"))
    wrong_method = await program.fetch("DELETE", "/me", Accept="text/html")
    assert (wrong_method.status, wrong_method.headers["Allow"]) == (405, "GET,HEAD")
    assert (await wrong_method.json())["error"]["name"] == "wrong_method"
    unknown = await program.fetch("GET", "/nothing", Accept="text/html")
    assert (unknown.status, (await unknown.json())["error"]["name"]) == (404, "not_found")
    own = {"Authorization": f"Bearer {program.token}"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
        response = await served.http.post(
            f"{served.agents_base}{V1}/tokens", data=b"{}", headers=own | {"Content-Type": kind}
        )
        assert (response.status, (await response.json())["error"]["name"]) == (415, "wrong_type")
    large = await served.http.post(
        f"{served.agents_base}{V1}/tokens", data=b" " * 300_000, headers=own | {"Content-Type": "application/json"}
    )
    assert (large.status, (await large.json())["error"]["name"]) == (413, "too_large")


@pytest.mark.only("sqlite")
async def test_s38_a_token_that_calls_too_often_is_told_when_to_come_back(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend, limit_api="3/minute") as served:
        staff = await served.staff("Ada")
        program, other = await program_of(served, staff), await program_of(served, staff)
        for left in (2, 1, 0):
            response = await program.fetch("GET", "/me")
            assert response.status == 200
            assert response.headers["RateLimit-Policy"] == '"calls";q=3;w=60'
            assert response.headers["RateLimit"].startswith(f'"calls";r={left};t=')
        refused = await program.fetch("GET", "/me")
        assert (refused.status, (await refused.json())["error"]["name"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (await other.fetch("GET", "/me")).status == 200
        served.clock.ahead_ms += 61_000
        assert (await program.fetch("GET", "/me")).status == 200


@pytest.mark.only("sqlite")
async def test_s38_messages_are_limited_as_those_of_a_connection(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend, limit_messages_connection="2/minute") as served:
        visitor = served.visitor()
        visitor.connect()
        channel = await begin(visitor)
        program = await program_of(served, await served.staff("Ada"))
        for _ in range(2):
            await program.send(channel)
        sent = {"client_id": fresh_id(), "body": "Hi"}
        assert await program.refused("POST", f"/conversations/{channel}/messages", sent) == (429, "rate_limited")
        await visitor.leave()


async def test_an_edit_of_a_site_that_was_changed_meanwhile_is_refused(served: Served) -> None:
    staff = await served.staff("Ada")
    await grant_administrator(served, staff)
    program = await program_of(served, staff)
    read = await program.fetch("GET", f"/sites/{SHOP}")
    seen = read.headers["ETag"]
    changed = await program.fetch("PATCH", f"/sites/{SHOP}", {"greeting": "Hello"}, If_Match=seen)
    assert (changed.status, (await changed.json())["greeting"]) == (200, "Hello")
    late = await program.refused("PATCH", f"/sites/{SHOP}", {"greeting": "Hi"}, If_Match=seen)
    assert late == (412, "changed_meanwhile")
    hours = {"zone": "Europe/Berlin", "days": {"1": [["09:00", "17:00"]]}}
    site = await program.call("PATCH", f"/sites/{SHOP}", {"hours": hours}, If_Match=changed.headers["ETag"])
    assert site["hours"]["days"]["1"] == [["09:00", "17:00"]]
    assert (site["greeting"], site["name"]) == ("Hello", "Shop")
    assert (await program.call("PATCH", f"/sites/{SHOP}", {"hours": None}))["hours"] is None
    made = await program.call("POST", "/sites", {"name": "New", "allowed_origins": ["https://new.test"]})
    assert made["snippet"].endswith(f'/widget/{made["key"]}.js"></script>')


async def test_s2_29_the_document_and_its_page_are_served(served: Served) -> None:
    told = await served.http.get(f"{served.base}{V1}/openapi.json")
    here = served.app[OFFICE].addresses.base + V1
    assert await told.json() == document() | {"servers": [{"url": here}]}
    page = await served.http.get(f"{served.base}{V1}/docs", headers={"Accept": "text/html"})
    text = await page.text()
    assert page.status == 200
    for operation in OPERATIONS:
        assert f"<code>{operation.path}</code>" in text
    assert "<script src=" not in text


async def test_the_console_follows_what_a_program_does(served: Served) -> None:
    visitor = served.visitor()
    visitor.connect()
    channel = await begin(visitor)
    staff = await served.staff("Ada")
    console = served.console(staff)
    console.connect()
    _, beside = await follow(console, channel)
    program = await program_of(served, staff)
    note = {"client_id": fresh_id(), "body": "Seen"}
    await program.call("POST", f"/conversations/{channel}/notes", note)
    await program.call("PUT", f"/conversations/{channel}/status", {"status": "pending"})
    await console.until(lambda: 2 in console.state.channels[beside].messages)
    assert console.state.channels[beside].messages[1]["body"] == "Seen"
    await visitor.leave()
    await console.leave()


@pytest.mark.everywhere
async def test_s2_29_who_manages_people_finds_them_in_pages(served: Served) -> None:
    ada = await served.staff("Ada")
    for name in ("Grace", "Linus", "Margaret"):
        await served.staff(name, SHOP)
    program = await program_of(served, ada)
    for path in ("/people", f"/people/{ada.id}", "/roles"):
        assert await program.refused("GET", path) == (403, "not_allowed")
    await grant_administrator(served, ada)
    found: list[str] = []
    path = "/people?limit=2"
    while path:
        page = await program.call("GET", path)
        found += [person["name"] for person in page["people"]]
        path = f"/people?limit=2&cursor={page['next']}" if page["next"] else ""
    assert found == ["Ada", "Grace", "Linus", "Margaret"]
    (margaret,) = (await program.call("GET", "/people?text=garet"))["people"]
    read = await program.call("GET", f"/people/{margaret['id']}")
    assert read == margaret | {"grants": [{"role": "agent", "site": SHOP}]}
    assert await program.refused("GET", f"/people/{NOBODY}") == (404, "not_found")
    roles = {role["key"]: role for role in (await program.call("GET", "/roles"))["roles"]}
    assert "answer" in roles["agent"]["permissions"]
    assert roles["member"]["is_default"]


async def test_who_is_banned_writes_nothing_through_a_program_either(served: Served) -> None:
    async with served.visitor() as visitor:
        channel = await begin(visitor)
    ada, grace = await served.staff("Ada"), await served.staff("Grace")
    await grant_administrator(served, ada)
    engine = served.agents_app[OFFICE].engine
    program = await program_of(served, grace)
    await program.send(channel)
    actor = (await access_account(engine.database, ada.person_id)).actor
    await do_ban_account(engine, actor, grace.id, reason="Rude")
    sent = {"client_id": fresh_id(), "body": "Hi"}
    assert await program.refused("POST", f"/conversations/{channel}/messages", sent) == (403, "banned")
    assert await program.refused("PUT", f"/conversations/{channel}/status", {"status": "spam"}) == (403, "banned")
    assert (await program.fetch("GET", f"/conversations/{channel}")).status == 200
