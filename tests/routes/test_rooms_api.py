"""Rooms for programs: a token reads and writes where its person is in, and finds nothing of the others (S3.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.crowd import make_administrator
from tests.clients.state import fresh_id
from tests.routes.grants import grant_administrator
from tests.routes.programs import Program, program_of
from tests.serving import serving
from widget_server.actions.posting_rules import do_change_posting
from widget_server.app import NODE
from widget_server.core.post_rules import Posting, Rules
from widget_server.core.scopes import Scope
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend

BOTH = (Scope.ROOMS_READ, Scope.ROOMS_WRITE, Scope.SEARCH_READ)


async def begin(program: Program, name: str = "Kitchen", **more: Any) -> str:
    """Begin a room, and return its id."""
    told = await program.call("POST", "/rooms", {"client_id": fresh_id(), "name": name, "capacity": 5} | more)
    return str(told["id"])


@pytest.mark.everywhere
async def test_s3_11_a_token_reads_and_writes_in_its_persons_rooms_and_finds_nothing_of_others(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await program_of(served, await served.staff("Ada"), BOTH)
        bob = await program_of(served, await served.staff("Bob"), BOTH)
        room = await begin(ada)
        sent = {"client_id": fresh_id(), "body": "Marmalade at noon"}
        first = await ada.call("POST", f"/rooms/{room}/messages", sent)
        assert await ada.call("POST", f"/rooms/{room}/messages", sent) == first
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/members", None),
            ("GET", "/messages", None),
            ("POST", "/messages", {"client_id": fresh_id(), "body": "Let me in"}),
            ("DELETE", "/membership", None),
        ):
            assert await bob.refused(method, f"/rooms/{room}{path}", body) == (404, "not_found"), path
        for unlike in ("conversations", "boards"):
            assert (await bob.refused("GET", f"/{unlike}/{room}"))[0] in {403, 404}
        await served.app[NODE].indexer.catch_up()
        assert (await bob.call("GET", "/search?q=marmalade"))["total"] == 0
        (hit,) = (await ada.call("GET", "/search?q=marmalade"))["results"]
        assert (hit["kind"], hit["channel"], hit["seq"]) == ("said", room, 2)
        assert hit["url"].endswith(f"/rooms/{room}?at=2")
        open_rooms = await bob.call("GET", "/open-rooms?q=kitch")
        assert [(each["id"], each["members"]) for each in open_rooms["open"]] == [(room, 1)]
        joined = await bob.call("PUT", f"/rooms/{room}/membership")
        assert (joined["name"], joined["role"], joined["members"]) == ("Kitchen", "member", 2)
        written = await bob.call("GET", f"/rooms/{room}/messages")
        assert [(each["kind"], each["body"]) for each in written["messages"]] == [
            ("system", "created"), ("text", "Marmalade at noon"), ("system", "joined"),
        ]  # fmt: skip
        await served.app[NODE].indexer.catch_up()
        assert (await bob.call("GET", "/search?q=marmalade"))["total"] == 1
        members = (await bob.call("GET", f"/rooms/{room}/members"))["members"]
        assert [(each["person"]["name"], each["role"]) for each in members] == [("Ada", "owner"), ("Bob", "member")]
        await bob.call("DELETE", f"/rooms/{room}/membership")
        assert (await bob.call("GET", "/search?q=marmalade"))["total"] == 0, "at once, whatever the index says"
        assert await bob.refused("GET", f"/rooms/{room}/messages") == (404, "not_found")


async def test_the_rules_of_the_installation_hold_for_what_a_program_writes_in_a_room(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await program_of(served, await served.staff("Ada"), BOTH)
        room = await begin(ada)
        root = await make_administrator(served.engine.database, served.app[OFFICE].passwords)
        await do_change_posting(served.engine, root.actor, Posting(Rules(refuse=("casino",))))
        refused = await ada.refused("POST", f"/rooms/{room}/messages", {"client_id": fresh_id(), "body": "Casino"})
        assert refused == (422, "post_refused")


@pytest.mark.everywhere
async def test_s3_19_a_program_changes_its_own_messages_asks_people_in_and_sends_them_out(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        guest = await served.staff("Bob")
        ada = await program_of(served, await served.staff("Ada"), BOTH)
        bob = await program_of(served, guest, BOTH)
        room = await begin(ada, access="invited")
        assert await bob.refused("PUT", f"/rooms/{room}/membership") == (404, "not_found")
        for _ in range(2):
            await ada.call("PUT", f"/rooms/{room}/invitations/{guest.id}")
        assert [each["id"] for each in (await bob.call("GET", "/open-rooms"))["invited"]] == [room]
        await bob.call("PUT", f"/rooms/{room}/membership")
        messages = f"/rooms/{room}/messages"
        mine = await ada.call("POST", messages, {"client_id": fresh_id(), "body": "Marmalade"})
        theirs = await bob.call("POST", messages, {"client_id": fresh_id(), "body": "Honey"})
        own, other = f"{messages}/{mine['seq']}", f"{messages}/{theirs['seq']}"
        assert (await ada.call("PUT", own, {"body": "Jam", "revision": 1}))["revision"] == 1
        assert await ada.refused("PUT", own, {"body": "Tea", "revision": 1}) == (409, "edit_conflict")
        assert (await bob.refused("PUT", own, {"body": "Tea", "revision": 2}))[0] in {403, 404}
        assert (await bob.refused("DELETE", own))[0] in {403, 404}
        assert (await bob.refused("DELETE", f"/rooms/{room}/members/{guest.id}")) == (403, "not_allowed")
        await ada.call("DELETE", other)
        told = (await ada.call("GET", messages))["messages"]
        assert [each["body"] for each in told if each["kind"] == "text"] == ["Jam", ""]
        await ada.call("DELETE", f"/rooms/{room}/members/{guest.id}")
        assert await bob.refused("GET", messages) == (404, "not_found")
        assert await bob.refused("PUT", f"/rooms/{room}/invitations/{guest.id}") == (404, "not_found")


@pytest.mark.everywhere
async def test_s48_what_was_begun_under_an_id_is_not_begun_again_as_something_else(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        program = await program_of(served, ada)
        await program.call("POST", "/boards", {"name": "Plants"})
        one, other = fresh_id(), fresh_id()
        await begin(program, client_id=one)
        thread = {"client_id": one, "title": "Roses", "body": "Red"}
        assert await program.refused("POST", "/boards/plants/threads", thread) == (409, "conflict")
        await program.call("POST", "/boards/plants/threads", thread | {"client_id": other})
        room = {"client_id": other, "name": "Garden"}
        assert await program.refused("POST", "/rooms", room) == (409, "conflict")


async def test_a_token_without_the_scope_finds_nothing_in_rooms_and_one_that_only_reads_writes_nothing(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        person = await served.staff("Ada")
        ada = await program_of(served, person, BOTH)
        seeker = await program_of(served, person, [Scope.SEARCH_READ])
        reading = await program_of(served, person, [Scope.ROOMS_READ])
        room = await begin(ada)
        message = {"client_id": fresh_id(), "body": "Marmalade"}
        await ada.call("POST", f"/rooms/{room}/messages", message)
        await served.app[NODE].indexer.catch_up()
        assert (await ada.call("GET", "/search?q=marmalade"))["total"] == 1
        assert (await seeker.call("GET", "/search?q=marmalade"))["total"] == 0
        assert await reading.refused("POST", f"/rooms/{room}/messages", message) == (403, "scope_missing")
        assert [each["id"] for each in (await reading.call("GET", "/rooms"))["rooms"]] == [room]
