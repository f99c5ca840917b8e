"""Files for programs: sent with a token, carried by what the token writes, read as far as it reads (S12, S2.29)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from tests.routes.grants import grant_administrator
from tests.routes.programs import Program, program_of
from tests.routes.test_community_api import begin as begin_thread
from tests.routes.test_files import picture, visitors
from tests.routes.test_rooms_api import begin as begin_room
from tests.routes.threads import set_board
from tests.serving import OTHER, SHOP, begin, origin_of, serving
from widget_server.actions.accounts import access_account
from widget_server.actions.bans import do_ban_account
from widget_server.core.scopes import OF_SITES, Scope
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.serving import Served

TEXT = b"Plums are ripe.\n"


async def sent_file(program: Program, name: str = "plums.txt", data: bytes = TEXT, **told: str) -> str:
    """Send a file that is ready then; its id."""
    sent = await program.uploads.send(name, data, **told)
    assert sent["state"] == "ready", sent
    return str(sent["id"])


async def status_of(program: Program, file: str) -> int:
    return (await program.uploads.read(f"/files/{file}"))[0]


def carrying(*files: str, body: str = "") -> dict[str, Any]:
    return {"client_id": fresh_id(), "body": body, "files": list(files)}


async def conversation(served: Served, site: str = SHOP) -> str:
    async with served.visitor(site=site) as visitor:
        return await begin(visitor)


@pytest.mark.everywhere
async def test_s2_29_a_program_sends_files_with_a_message_and_is_told_where_those_of_others_are(served: Served) -> None:
    async with served.visitor() as visitor:
        channel = await begin(visitor, "Have you a list?")
        token = visitor.state.token
        program = await program_of(served, await served.staff("Ada"))
        key = fresh_id()
        file = await sent_file(program, "Plum tree.png", picture(), client_id=key, channel=channel)
        assert await sent_file(program, "Plum tree.png", picture(), client_id=key, channel=channel) == file
        message = carrying(file)
        ack = await program.call("POST", f"/conversations/{channel}/messages", message)
        assert await program.call("POST", f"/conversations/{channel}/messages", message) == ack
        await visitor.until(lambda: 2 in visitor.state.channels[channel].messages)
        held = visitor.state.channels[channel].messages[2]
        assert (held["kind"], [each["id"] for each in held["files"]]) == ("file", [file])
        again = carrying(file, body="The same once more")
        refused = await program.refused("POST", f"/conversations/{channel}/messages", again)
        assert refused == (422, "no_such_file")
        theirs = await visitors(served, token).send("notes.txt", TEXT)
        await visitor.ask(
            {"t": "send", "ref": visitor.state.ref(), "channel": channel, **carrying(theirs["id"], body="Mine")}
        )
        messages = (await program.call("GET", f"/conversations/{channel}/messages"))["messages"]
        base = served.agents_app[OFFICE].addresses.base
        assert [
            [(each["name"], each["kind"], each["url"]) for each in one.get("files", ())] for one in messages
        ] == [
            [],
            [("Plum tree.webp", "picture", f"{base}/files/{file}")],
            [("notes.txt", "other", f"{base}/files/{theirs['id']}")],
        ]  # fmt: skip
        assert messages[2]["files"][0]["size"] == len(TEXT)
    status, headers, data = await program.uploads.read(f"/files/{theirs['id']}")
    assert (status, data) == (200, TEXT)
    assert headers["RateLimit"]
    assert (await program.uploads.read(f"/files/{file}/small"))[0] == 200
    # A note carries them as well, and its readers are others.
    noted = await sent_file(program)
    await program.call("POST", f"/conversations/{channel}/notes", carrying(noted, body="For us"))
    assert await status_of(program, noted) == 200
    assert (await visitors(served, token).read(f"/files/{noted}"))[0] == 404


@pytest.mark.everywhere
async def test_s12_a_token_reads_the_files_of_what_its_scopes_read_and_nothing_else(served: Served) -> None:
    channel = await conversation(served)
    ada = await served.staff("Ada")
    program = await program_of(served, ada)
    loose, file, noted = [await sent_file(program, channel=channel) for _ in range(3)]
    await program.call("POST", f"/conversations/{channel}/messages", carrying(file))
    await program.call("POST", f"/conversations/{channel}/notes", carrying(noted))
    opened = {
        Scope.FILES_WRITE: [200, 404, 404],
        Scope.MESSAGES_READ: [404, 200, 404],
        Scope.NOTES_READ: [404, 404, 200],
        Scope.CONVERSATIONS_READ: [404, 404, 404],
        Scope.MESSAGES_WRITE: [404, 404, 404],
    }
    for scope, wanted in opened.items():
        few = await program_of(served, ada, [scope])
        assert [await status_of(few, each) for each in (loose, file, noted)] == wanted, scope
    reading = await program_of(served, ada, [Scope.MESSAGES_READ, Scope.MESSAGES_WRITE])
    status, _, error = await reading.uploads.announce("plums.txt", len(TEXT))
    assert (status, error["error"]["name"]) == (403, "scope_missing")
    assert (await reading.uploads.state(f"/files/{loose}"))["error"]["name"] == "scope_missing"
    assert await reading.uploads.cancel(f"/files/{loose}") == 403
    stranger = await program_of(served, await served.staff("Grace"))
    assert await status_of(stranger, loose) == 404
    assert await stranger.uploads.cancel(f"/files/{loose}") == 404
    assert await stranger.uploads.offset(f"/files/{loose}") is None
    stolen = await stranger.refused("POST", f"/conversations/{channel}/messages", carrying(loose))
    assert stolen == (422, "no_such_file")
    await program.call("DELETE", f"/conversations/{channel}/messages/2")
    assert await status_of(program, file) == 404
    assert await program.uploads.cancel(f"/files/{loose}") == 204
    assert await status_of(program, loose) == 404


@pytest.mark.everywhere
async def test_s10_a_sites_token_has_nothing_to_do_with_files_of_another_site(served: Served) -> None:
    channels = {site: await conversation(served, site) for site in (SHOP, OTHER)}
    ada = await served.staff("Ada")
    await grant_administrator(served, ada)
    person = await program_of(served, ada)
    shop, other = [await program_of(served, ada, OF_SITES, site=site) for site in (SHOP, OTHER)]
    file, key = await sent_file(shop), fresh_id()
    await shop.uploads.announce("plums.txt", len(TEXT), key)
    # They are all of one maker, and yet neither has what came with the other.
    assert (await other.uploads.announce("plums.txt", len(TEXT), key))[0] == 409
    assert await status_of(other, file) == 404
    assert await other.uploads.cancel(f"/files/{file}") == 404
    theirs = f"/conversations/{channels[OTHER]}/messages"
    assert await other.refused("POST", theirs, carrying(file)) == (422, "no_such_file")
    own = await sent_file(person)
    assert await other.refused("POST", theirs, carrying(own)) == (422, "no_such_file")
    message = carrying(file)
    await shop.call("POST", f"/conversations/{channels[SHOP]}/messages", message)
    assert [await status_of(each, file) for each in (shop, other, person)] == [200, 404, 200]
    carried = await sent_file(other)
    await other.call("POST", theirs, carrying(carried))
    assert [await status_of(each, carried) for each in (shop, other, person)] == [404, 200, 200]
    answerer = await program_of(served, await served.staff("Grace", SHOP))
    assert [await status_of(answerer, each) for each in (file, carried)] == [200, 404]


@pytest.mark.everywhere
async def test_s12_posts_and_rooms_carry_files_for_those_who_read_them(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        root = await program_of(served, ada)
        member = await program_of(served, await served.staff("Grace", SHOP))
        await root.call("POST", "/boards", {"name": "Plants"})
        opening, answer, said = [await sent_file(root) for _ in range(3)]
        client_id = fresh_id()
        thread = await begin_thread(root, "plants", files=[opening], client_id=client_id)
        assert (await begin_thread(root, "plants", files=[opening], client_id=client_id))["id"] == thread["id"]
        await root.call("POST", "/threads/1/posts", carrying(answer, body="Look"))
        posts = (await member.call("GET", "/threads/1/posts?after=0"))["messages"]
        assert [each["files"][0]["id"] for each in posts] == [opening, answer]
        assert (await member.call("GET", "/threads/1/posts/2"))["files"][0]["url"].endswith(f"/files/{answer}")
        alone = await sent_file(root)
        await root.call("POST", "/threads/1/posts", carrying(alone))
        last = await member.call("GET", "/threads/1/posts/3")
        assert (last["body"], [each["id"] for each in last["files"]]) == ("", [alone])
        assert await root.refused("POST", "/threads/1/posts", carrying()) == (422, "empty_message")
        late = carrying(answer, body="Look again")
        assert await root.refused("POST", "/threads/1/posts", late) == (422, "no_such_file")
        room = await begin_room(root)
        await root.call("POST", f"/rooms/{room}/messages", carrying(said))
        assert (await root.call("GET", f"/rooms/{room}/messages"))["messages"][-1]["files"][0]["id"] == said
        assert [await status_of(member, each) for each in (opening, answer, said)] == [200, 200, 404]
        await member.call("PUT", f"/rooms/{room}/membership")
        assert await status_of(member, said) == 200
        boards = await program_of(served, ada, [Scope.BOARDS_READ, Scope.THREADS_READ])
        assert [await status_of(boards, each) for each in (opening, said)] == [404, 404]
        await set_board(served, "plants", readers="moderators")
        assert [await status_of(each, opening) for each in (root, member)] == [200, 404]


async def test_s08_no_page_and_nobody_who_is_banned_sends_a_file_with_a_token(served: Served) -> None:
    ada, grace = await served.staff("Ada"), await served.staff("Grace")
    await grant_administrator(served, ada)
    program = await program_of(served, grace)
    of_page = program.uploads
    of_page.headers["Origin"] = origin_of(SHOP)
    assert (await of_page.announce("plums.txt", len(TEXT)))[2]["error"]["name"] == "foreign_origin"
    wrong = program.uploads
    wrong.headers["Authorization"] = "Bearer wst_" + "a" * 43
    assert (await wrong.announce("plums.txt", len(TEXT)))[2]["error"]["name"] == "bad_token"
    engine = served.agents_app[OFFICE].engine
    await do_ban_account(engine, (await access_account(engine.database, ada.person_id)).actor, grace.id, reason="Rude")
    assert (await program.uploads.announce("plums.txt", len(TEXT)))[2]["error"]["name"] == "banned"


@pytest.mark.only("sqlite")
async def test_s38_files_count_as_what_a_token_calls_and_sends(backend: Backend, tmp_path: Path) -> None:
    async with serving(
        tmp_path / "served", backend, limit_api="6/minute", limit_messages_connection="2/minute"
    ) as served:
        program = await program_of(served, await served.staff("Ada"))
        _, address, _ = await program.uploads.announce("plums.txt", len(TEXT))
        await program.uploads.announce("plums.txt", len(TEXT))
        status, _, error = await program.uploads.announce("plums.txt", len(TEXT))
        assert (status, error["error"]["name"]) == (429, "rate_limited")
        answers = [await program.uploads.offset(address) for _ in range(4)]
        assert answers == [0, 0, 0, None]
