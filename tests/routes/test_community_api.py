"""The community for programs: what a token reads and writes there, and what its webhooks hear of (S2.29)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.clients.state import fresh_id
from tests.routes.grants import grant_administrator
from tests.routes.programs import Program, program_of
from tests.routes.sinks import LOCAL, Sink, sink
from tests.routes.threads import set_board
from tests.serving import OTHER, SHOP, serving
from widget_server.app import NODE
from widget_server.core.scopes import OF_SITES, Scope
from widget_server.store.statement import Statement
from widget_server.store.tables import board, site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend

READING = (Scope.BOARDS_READ, Scope.THREADS_READ, Scope.POSTS_READ)
WRITING = (*READING, Scope.THREADS_WRITE, Scope.POSTS_WRITE, Scope.VOTES_WRITE)
TOPICS = ["thread.created", "thread.changed", "post.created", "post.edited", "post.removed"]


async def begin(program: Program, slug: str, title: str = "Roses", **more: Any) -> dict[str, Any]:
    """Begin a thread; as it is told."""
    sent = {"client_id": fresh_id(), "title": title, "body": f"About {title}."} | more
    told: dict[str, Any] = (await program.call("POST", f"/boards/{slug}/threads", sent))["thread"]
    return told


async def reply(program: Program, number: int, body: str = "An answer", **more: Any) -> int:
    """Answer in a thread; the answer's place."""
    sent = {"client_id": fresh_id(), "body": body} | more
    return int((await program.call("POST", f"/threads/{number}/posts", sent))["seq"])


async def titles(program: Program, query: str = "") -> list[str]:
    return [each["title"] for each in (await program.call("GET", f"/threads{query}"))["threads"]]


@pytest.mark.everywhere
async def test_s2_29_a_program_reads_and_writes_the_community_in_the_name_of_its_person(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        root = await program_of(served, ada)
        member = await program_of(served, await served.staff("Grace", SHOP), WRITING)
        made = await root.call("POST", "/boards", {"name": "Plants", "description": "Green things"})
        assert (made["slug"], made["readers"], made["archived"]) == ("plants", "everyone", False)
        assert [each["name"] for each in (await member.call("GET", "/boards"))["boards"]] == ["Plants"]
        client_id = fresh_id()
        thread = await begin(member, "plants", tags=["Red", "garden"], kind="question", client_id=client_id)
        assert (thread["number"], thread["tags"], thread["author"]["name"]) == (1, ["garden", "red"], "Grace")
        again = await begin(member, "plants", tags=["Red", "garden"], kind="question", client_id=client_id)
        assert again["id"] == thread["id"]
        assert await reply(member, 1) == 2
        assert await reply(root, 1, "Deeper", parent=2) == 3
        posts = await root.call("GET", "/threads/1/posts?after=0&limit=2")
        assert ([each["seq"] for each in posts["messages"]], posts["more"]) == ([1, 2], True)
        assert (await member.call("GET", "/threads/1/posts/3"))["parent"] == 2
        for title in ("Lilies", "Tulips"):
            await begin(root, "plants", title)
        assert await titles(member, "?tag=RED") == ["Roses"]
        assert await titles(member, f"?author={thread['author']['id']}") == ["Roses"]
        first = await member.call("GET", "/threads?sort=new&limit=2")
        assert [each["title"] for each in first["threads"]] == ["Tulips", "Lilies"]
        rest = await member.call("GET", f"/threads?sort=new&limit=2&cursor={first['next']}")
        assert ([each["title"] for each in rest["threads"]], rest["next"]) == (["Roses"], None)
        await member.call("DELETE", "/threads/1/posts/2")
        gone = await root.call("GET", "/threads/1/posts/2")
        assert (gone["body"], gone["removed"]) == ("", True)
        assert (await member.call("POST", "/threads/1/posts/2/restore"))["body"] == "An answer"
        edited = await member.call("PUT", "/threads/1/posts/2", {"body": "Better", "revision": 3})
        assert (edited["body"], edited["revision"]) == ("Better", 3)
        again = {"body": "Late", "revision": 2}
        assert await member.refused("PUT", "/threads/1/posts/2", again) == (409, "edit_conflict")
        changed = await member.call("PATCH", "/threads/1", {"title": "Red roses", "tags": ["red"]})
        assert (changed["title"], changed["tags"], changed["kind"]) == ("Red roses", ["red"], "question")
        assert (await member.call("PUT", "/threads/1/accepted", {"seq": 3}))["accepted"] == 3
        assert (await member.call("PUT", "/threads/1/posts/3/vote", {"vote": "up"}))["tally"]["up"] == 1
        # Moderators of everything with a token that is not for moderating are members.
        few = await program_of(served, ada, WRITING)
        for method, path, wanted in (
            ("PUT", "/threads/1/posts/2", {"body": "Mine", "revision": 4}),
            ("PATCH", "/threads/1", {"title": "Mine"}),
            ("PUT", "/threads/1/accepted", {"seq": 2}),
            ("DELETE", "/threads/1/posts/2", None),
        ):
            assert await few.refused(method, path, wanted) == (403, "not_allowed"), path
        assert await few.refused("PATCH", "/boards/plants", {"name": "Mine"}) == (403, "scope_missing")
        assert (await root.call("PATCH", "/boards/plants", {"layout": "linear"}))["layout"] == "linear"
        queue = await root.call("GET", "/moderation/queue")
        assert queue == {"reported": [], "held": [], "more": False}
        # Somebody else's, and the deeds of a moderator, are not for this token.
        assert await member.refused("DELETE", "/threads/1/posts/3") == (403, "not_allowed")
        assert await member.refused("PUT", "/threads/1/lock", {"locked": True}) == (403, "scope_missing")
        assert (await root.call("PUT", "/threads/1/lock", {"locked": True}))["state"] == "locked"
        assert (await root.call("PUT", "/threads/1/pin", {"where": "everywhere"}))["pinned"] == "everywhere"
        late = {"client_id": fresh_id(), "body": "Too late"}
        assert await member.refused("POST", "/threads/1/posts", late) == (409, "thread_locked")


@pytest.mark.everywhere
async def test_s10_a_token_reads_no_board_that_its_person_or_its_scopes_do_not_open(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        root = await program_of(served, ada)
        member = await program_of(served, await served.staff("Grace", SHOP), WRITING)
        # The same administrator, but not for what moderators do.
        narrow = await program_of(served, ada, WRITING)
        of_site = await program_of(served, ada, OF_SITES, site=SHOP)
        for name, readers in (("Plants", "everyone"), ("Inside", "members"), ("Secrets", "moderators")):
            slug = (await root.call("POST", "/boards", {"name": name}))["slug"]
            await begin(root, slug, name)
            await set_board(served, slug, readers=readers)
        assert sorted(await titles(root)) == ["Inside", "Plants", "Secrets"]
        for program in (member, narrow):
            assert sorted(await titles(program)) == ["Inside", "Plants"]
            assert [each["slug"] for each in (await program.call("GET", "/boards"))["boards"]] == ["inside", "plants"]
            wanted = {"client_id": fresh_id(), "title": "Let me in", "body": "Please"}
            post = {"client_id": fresh_id(), "body": "Please"}
            for method, path, body in (
                ("GET", "/boards/secrets", None),
                ("GET", "/threads?board=secrets", None),
                ("GET", "/threads/3", None),
                ("GET", "/threads/3/posts", None),
                ("GET", "/threads/3/posts/1", None),
                ("POST", "/boards/secrets/threads", wanted),
                ("POST", "/threads/3/posts", post),
                ("DELETE", "/threads/3/posts/1", None),
            ):
                assert await program.refused(method, path, body) == (404, "not_found"), path
        # A site's token is for the site's conversations: a board is read and written by people.
        assert await of_site.refused("GET", "/boards") == (403, "scope_missing")


@pytest.mark.everywhere
async def test_s10_a_board_above_is_told_by_its_public_id_to_who_reads_it(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        root = await program_of(served, ada)
        member = await program_of(served, await served.staff("Grace"), WRITING)
        above = await root.call("POST", "/boards", {"name": "Plants"})
        await root.call("POST", "/boards", {"name": "Roses"})
        which = Statement(select(board.c.id).where(board.c.slug == "plants"))
        ((key,),) = await served.engine.database.read(lambda tx: tx.all(which))
        await set_board(served, "roses", parent_id=key)
        for program in (root, member):
            assert (await program.call("GET", "/boards/roses"))["parent"] == above["id"]
            listed = {each["slug"]: each["parent"] for each in (await program.call("GET", "/boards"))["boards"]}
            assert listed == {"plants": None, "roses": above["id"]}
        assert (await root.call("PATCH", "/boards/roses", {"description": "Red"}))["parent"] == above["id"]
        await set_board(served, "plants", readers="moderators")
        assert (await member.call("GET", "/boards/roses"))["parent"] is None


async def hook(program: Program, target: Sink, site_key: str | None) -> None:
    made = await program.call("POST", "/webhooks", {"url": target.url, "topics": TOPICS, "site": site_key})
    target.secret = made["secret"]


@pytest.mark.everywhere
async def test_s46_webhooks_hear_of_the_boards_that_are_theirs_and_of_no_removed_text(
    backend: Backend, tmp_path: Path
) -> None:
    async with (
        serving(tmp_path / "served", backend, outgoing_allowed=LOCAL) as served,
        sink() as everything,
        sink() as of_shop,
        sink() as of_other,
    ):
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        root = await program_of(served, ada)
        rows = await served.engine.database.read(lambda tx: tx.all(Statement(select(site.c.key, site.c.id))))
        keys: dict[str, int] = dict(rows)
        for name in ("Plants", "Shop talk", "Secrets"):
            await root.call("POST", "/boards", {"name": name})
        await set_board(served, "shop-talk", site_id=keys[SHOP])
        await set_board(served, "secrets", site_id=keys[SHOP], readers="moderators")
        for target, key in ((everything, None), (of_shop, SHOP), (of_other, OTHER)):
            await hook(root, target, key)
        # Until it is answered nothing more of this channel leaves: the text goes before it is told.
        everything.answer = lambda event: 500 if event["topic"] == "thread.created" else 200
        await begin(root, "plants", "Roses")
        await reply(root, 1, "Soon gone")
        await root.call("DELETE", "/threads/1/posts/2")
        await begin(root, "secrets", "Hush")
        await begin(root, "shop-talk", "Prices")
        await root.call("PUT", "/threads/3/lock", {"locked": True})
        await of_shop.until(lambda: len(of_shop.taken) >= 3)
        everything.answer = lambda _: 200
        served.clock.ahead_ms += 60_000
        await everything.until(lambda: len({event["id"] for event in everything.taken}) >= 10)
        told = [event["topic"] for event in everything.taken if event["number"] == 1]
        assert told == ["thread.created", "post.created", "post.created", "post.removed", "thread.changed"]
        assert "Soon gone" not in str(everything.tried)
        assert "Hush" in str(everything.taken)
        assert [event["topic"] for event in of_shop.taken] == ["thread.created", "post.created", "thread.changed"]
        assert {event["board"] for event in of_shop.taken} == {"shop-talk"}
        assert of_shop.taken[0]["data"]["title"] == "Prices"
        assert of_shop.taken[2]["data"]["state"] == "locked"
        assert of_other.tried == []


async def test_s46_who_does_not_moderate_everything_hears_of_no_board_but_their_sites(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend, outgoing_allowed=LOCAL) as served, sink() as target:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        fewer = [scope for scope in Scope if scope not in {Scope.MODERATION_READ, Scope.MODERATION_WRITE}]
        narrow = await program_of(served, ada, fewer)
        wanted = {"url": target.url, "topics": ["post.created"], "site": None}
        assert await narrow.refused("POST", "/webhooks", wanted) == (422, "bad_choice")
        made = await narrow.call("POST", "/webhooks", wanted | {"site": SHOP})
        assert made["topics"] == ["post.created"]
        quiet = await narrow.call("POST", "/webhooks", wanted | {"topics": ["message.created"]})
        more = {"topics": ["message.created", "thread.created"]}
        assert await narrow.refused("PATCH", f"/webhooks/{quiet['id']}", more) == (422, "bad_choice")


@pytest.mark.everywhere
async def test_s2_29_a_program_finds_what_its_person_and_its_scopes_open(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        root = await program_of(served, ada)
        few = await program_of(served, ada, (Scope.SEARCH_READ, Scope.CONVERSATIONS_READ))
        for name, readers in (("Plants", "everyone"), ("Secrets", "moderators")):
            slug = (await root.call("POST", "/boards", {"name": name}))["slug"]
            await begin(root, slug, f"Quokkas in {name}")
            await set_board(served, slug, readers=readers)
        async with served.visitor() as visitor:
            await visitor.deliver("A quokka asks")

        async def found(program: Program, query: str) -> set[str]:
            told = await program.call("GET", f"/search?q={query}")
            return {each["title"] for each in told["results"]}

        await served.agents_app[NODE].indexer.catch_up()
        assert await found(root, "quokkas") == {"Quokkas in Plants", "Quokkas in Secrets"}
        assert len(await found(root, "quokka%20in:chats")) == 1
        assert await found(few, "quokkas") == {"Quokkas in Plants"}
        assert await found(few, "quokka%20in:chats") == set()
