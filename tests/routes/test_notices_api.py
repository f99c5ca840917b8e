"""Being told, for programs: reading notices, marking them as seen, and choosing what one is told of (S2.29)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from tests.routes.grants import grant_administrator
from tests.routes.programs import Program, program_of
from tests.routes.test_community_api import begin as begin_thread
from tests.routes.test_community_api import reply
from tests.routes.test_rooms_api import begin as begin_room
from tests.routes.threads import set_board
from tests.serving import serving
from widget_server.core.scopes import Scope

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.serving import Served, Staff

READING = (Scope.NOTICES_READ, Scope.WATCHING_READ)
TELLING = (*READING, Scope.NOTICES_WRITE, Scope.WATCHING_WRITE)


async def ada_with_board(served: Served) -> tuple[Staff, Program]:
    """An administrator with the board "Plants", and a program of theirs that may do everything."""
    ada = await served.staff("Ada")
    await grant_administrator(served, ada)
    program = await program_of(served, ada)
    await program.call("POST", "/boards", {"name": "Plants"})
    return ada, program


async def notices_of(program: Program, query: str = "") -> list[dict[str, Any]]:
    notices: list[dict[str, Any]] = (await program.call("GET", f"/notices{query}"))["notices"]
    return notices


@pytest.mark.everywhere
async def test_s2_29_a_program_reads_what_its_person_was_told_and_says_what_was_seen(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        _, root = await ada_with_board(served)
        grace = await served.staff("Grace")
        writing, telling = await program_of(served, grace), await program_of(served, grace, TELLING)
        await begin_thread(writing, "plants")
        for number in range(5):
            await reply(root, 1, f"Answer {number}")
        found: list[dict[str, Any]] = []
        path = "/notices?limit=2"
        while path:
            page = await telling.call("GET", path)
            assert (page["unseen"], len(page["notices"]) <= 2) == (5, True)
            found += page["notices"]
            path = f"/notices?limit=2&cursor={page['next']}" if page["next"] else ""
        assert [(each["kind"], each["thread"], each["seq"]) for each in found] == [
            ("reply", 1, seq) for seq in (6, 5, 4, 3, 2)
        ]
        assert (found[0]["actor"]["name"], found[0]["title"], found[0]["seen_at"]) == ("Ada", "Roses", None)
        assert found[0]["url"].endswith("/threads/1/6")
        until = {"until": found[2]["id"]}
        for _ in range(2):
            assert await telling.call("PUT", "/notices/seen", until) == {"unseen": 2}
        assert [each["seq"] for each in await notices_of(telling, "?show=unseen")] == [6, 5]
        assert [each["seen_at"] is None for each in await notices_of(telling)] == [True, True, False, False, False]
        # Nothing of them is there for anybody else, whatever number they name.
        await reply(writing, 1, "Thanks", parent=2)
        assert [each["seq"] for each in await notices_of(root)] == [7]
        assert await telling.call("PUT", "/notices/seen", {"until": 2**53 - 1}) == {"unseen": 0}
        assert (await root.call("GET", "/notices"))["unseen"] == 1


@pytest.mark.everywhere
async def test_s10_notices_of_what_a_person_or_a_token_does_not_read_are_not_told(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada, root = await ada_with_board(served)
        grace = await program_of(served, await served.staff("Grace"))
        await begin_thread(grace, "plants")
        await begin_thread(root, "plants", "Tulips")
        await reply(root, 1)
        await reply(grace, 2)
        few = await program_of(served, ada, READING)
        assert [len(await notices_of(each)) for each in (grace, root, few)] == [1, 1, 1]
        await set_board(served, "plants", readers="moderators")
        assert [len(await notices_of(each)) for each in (grace, root, few)] == [0, 1, 0]
        assert await few.refused("PUT", "/notices/seen", {"until": 1}) == (403, "scope_missing")
        assert await few.refused("GET", "/watching/board/plants") == (404, "not_found")


@pytest.mark.everywhere
async def test_s2_29_a_program_chooses_what_its_person_is_told_of(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada, root = await ada_with_board(served)
        thread = await begin_thread(root, "plants", tags=["red"])
        room = await begin_room(root)
        grace = await served.staff("Grace")
        telling = await program_of(served, grace, TELLING)
        member = await program_of(served, grace)
        await member.call("PUT", f"/rooms/{room}/membership")
        things = {"board": "plants", "thread": "1", "tag": "red", "person": ada.id}
        for kind, name in things.items():
            address = f"/watching/{kind}/{name}"
            assert await telling.call("GET", address) == {"kind": kind, "name": name, "level": "none"}
            for level in ("watch", "mute", "follow", "none", "watch"):
                told = {"kind": kind, "name": name, "level": level}
                assert await telling.call("PUT", address, {"level": level}) == told
                assert await telling.call("GET", address) == told, level
        listed = await telling.call("GET", "/watching")
        assert {(each["kind"], each["name"], each["title"]) for each in listed["watching"]} == {
            ("board", "plants", "Plants"), ("thread", "1", "Roses"), ("tag", "red", "red"), ("person", ada.id, "Ada"),
        }  # fmt: skip
        assert listed["more"] is False
        assert (await telling.call("GET", f"/watching/thread/{thread['id']}"))["level"] == "watch"
        assert (await telling.call("GET", "/watching/tag/RED"))["level"] == "watch"
        of_room = f"/watching/room/{room}"
        for level in ("mute", "watch"):
            assert (await telling.call("PUT", of_room, {"level": level}))["level"] == level
            assert (await telling.call("GET", of_room))["level"] == level
        assert await telling.refused("PUT", of_room, {"level": "none"}) == (422, "bad_choice")


@pytest.mark.everywhere
async def test_s10_what_is_not_there_for_a_token_cannot_be_watched(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        _, root = await ada_with_board(served)
        await begin_thread(root, "plants")
        room = await begin_room(root)
        grace = await served.staff("Grace")
        telling = await program_of(served, grace, TELLING)
        await set_board(served, "plants", readers="moderators")
        away = (("board", "plants"), ("thread", "1"), ("tag", "none"), ("person", fresh_id()), ("room", room))
        for kind, name in away:
            address = f"/watching/{kind}/{name}"
            assert await telling.refused("GET", address) == (404, "not_found"), kind
            assert await telling.refused("PUT", address, {"level": "mute"}) == (404, "not_found"), kind
        own = f"/watching/person/{grace.id}"
        assert await telling.refused("PUT", own, {"level": "follow"}) == (403, "not_allowed")
        assert await telling.refused("PUT", "/watching/site/shop", {"level": "mute"}) == (422, "bad_choice")
        reading = await program_of(served, grace, READING)
        assert await reading.refused("PUT", own, {"level": "mute"}) == (403, "scope_missing")
