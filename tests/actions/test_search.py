"""Who finds what: everybody all that they may read, and nobody learns that there is more."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.clients.state import fresh_id
from tests.serving import OTHER, SHOP, Served, begin, follow
from widget_server.actions.agents import do_create_agent
from widget_server.actions.boards import BoardText, do_open_board
from widget_server.actions.moderation import do_move, do_remove_thread, do_restore_thread
from widget_server.actions.posts import Reply, do_reply
from widget_server.actions.relocation import do_merge
from widget_server.actions.removals import do_remove_post
from widget_server.actions.rendering import source_of
from widget_server.actions.search import search
from widget_server.actions.threads import Opening, Thread, do_begin_thread
from widget_server.app import NODE
from widget_server.core.permissions import GUEST, Actor, Grant, Role
from widget_server.core.seeking import seek
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine


class Writer(NamedTuple):
    """An administrator who fills boards."""

    engine: Engine
    account: Account

    async def open_board(self, name: str, readers: str = "everyone") -> None:
        text = BoardText(name, "", "", readers, "members", "members", "nested")  # type: ignore[arg-type]  # parametrised
        await do_open_board(self.engine, self.account.actor, text)

    async def begin(self, board: str, title: str, body: str) -> int:
        opening = Opening(title, "discussion", await source_of(self.engine, body, 1000))
        thread = await do_begin_thread(self.engine, self.account, board, opening, fresh_id())
        assert isinstance(thread, Thread)
        return thread.number

    async def reply(self, number: int, body: str) -> int:
        source = await source_of(self.engine, body, 1000)
        replied = await do_reply(self.engine, self.account, number, Reply(1, source), fresh_id())
        assert not isinstance(replied.seq, str)  # type: ignore[union-attr]  # nothing is held here
        return replied.seq  # type: ignore[union-attr]  # as above


@pytest.fixture
async def writer(served: Served) -> Writer:
    made = await do_create_agent(
        served.engine.database,
        served.app[OFFICE].passwords,
        mail="ada@chat.test",
        name="Ada",
        role=Role.ADMINISTRATOR,
        now_ms=served.clock.now_ms(),
        random=secrets.token_bytes,
    )
    return Writer(served.engine, made.agent)


async def found(served: Served, actor: Actor, query: str) -> list[str]:
    """Where an actor is led, each hit counted and shown."""
    await served.app[NODE].indexer.catch_up()
    result = await search(served.engine, actor, seek(query))
    assert result.total == len(result.results)
    return sorted(f"{each.kind} {each.path}" if each.board else each.kind for each in result.results)


@pytest.mark.everywhere
async def test_s10_everybody_finds_what_they_may_read_and_learns_of_nothing_else(
    served: Served, writer: Writer
) -> None:
    for number, readers in enumerate(("everyone", "members", "moderators"), 1):
        await writer.open_board(f"{readers} plum", readers)
        thread = await writer.begin(f"{readers}-plum", "A plum", "opens")
        await writer.reply(thread, "another plum")
        gone = await writer.reply(thread, "a plum that is taken away")
        await do_remove_post(served.engine, writer.account.actor, thread, gone)
        away = await writer.begin(f"{readers}-plum", "A removed plum", "opens")
        await do_remove_thread(served.engine, writer.account.actor, away)
        assert thread == number * 2 - 1
    for site in (SHOP, OTHER):
        async with served.visitor(site=site) as visitor, served.console(await served.staff(f"Grace-{site}")) as console:
            _, staff = await follow(console, await begin(visitor, "Where is my plum?"))
            await console.deliver("A whispered plum", staff)

    def of(thread: int, board: str) -> Iterable[str]:
        return (f"board /boards/{board}-plum", f"post /threads/{thread}/2", f"thread /threads/{thread}")

    everyone, members, moderators = of(1, "everyone"), of(3, "members"), of(5, "moderators")
    one, all_sites = frozenset({Grant(Role.AGENT, 1)}), frozenset({Grant(Role.AGENT, 0)})
    moderates = frozenset({Grant(Role.MEMBER, 0), Grant(Role.MODERATOR, 0, 3)})
    elsewhere = frozenset({Grant(Role.MODERATOR, 0, 1)})
    matrix = {
        GUEST: ([*everyone], []),
        Actor(77, "member", frozenset()): ([*everyone, *members], []),
        Actor(77, "moderator of another board", elsewhere): ([*everyone, *members], []),
        Actor(77, "moderator of it", moderates): ([*everyone, *members, *moderators], []),
        Actor(77, "agent of one site", one): ([*everyone, *members], ["message", "note"]),
        Actor(77, "agent", all_sites): ([*everyone, *members], ["message", "message", "note", "note"]),
        writer.account.actor: ([*everyone, *members, *moderators], ["message", "message", "note", "note"]),
    }
    for actor, (community, chats) in matrix.items():
        assert await found(served, actor, "plum") == sorted(community), actor.public_id
        assert await found(served, actor, "plum in:chats") == chats, actor.public_id
        assert await found(served, actor, "removed") == await found(served, actor, "taken") == []


@pytest.mark.everywhere
async def test_s4_12_a_thread_is_found_where_it_is_now(served: Served, writer: Writer) -> None:
    await writer.open_board("Garden")
    await writer.open_board("Cellar", "moderators")
    number = await writer.begin("garden", "A plum", "opens")
    seq = await writer.reply(number, "another plum")
    both = [f"post /threads/{number}/{seq}", f"thread /threads/{number}"]
    engine, ada = served.engine, writer.account.actor
    assert await found(served, GUEST, "plum") == both
    await do_move(engine, ada, number, "cellar")
    # Also while the index still has it where it was.
    at_once = await search(engine, GUEST, seek("plum"))
    assert (at_once.results, at_once.total) == ([], 0)
    assert await found(served, GUEST, "plum") == []
    assert await found(served, ada, "plum board:cellar") == both
    await do_move(engine, ada, number, "garden")
    assert await found(served, GUEST, "plum board:garden") == both
    await do_remove_thread(engine, ada, number)
    assert await found(served, GUEST, "plum") == await found(served, ada, "plum") == []
    await do_restore_thread(engine, ada, number)
    assert await found(served, GUEST, "plum") == both
    other = await writer.begin("garden", "A pear", "opens")
    await do_merge(engine, ada, number, other)
    assert await found(served, GUEST, "plum") == [f"post /threads/{other}/3"]
    assert await found(served, GUEST, "opens") == [f"post /threads/{other}/2", f"thread /threads/{other}"]
